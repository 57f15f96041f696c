"""Which commands of a step are a gate: pytest with this plugin, or datadog-ci's run-tests."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .script import Command

# What pytest and the plugin end with when the gate is not open.
_PYTEST_STATUSES = (1, 2, 3, 4, 5, 8, 9, 10)
_DATADOG_CI_STATUSES = (1,)
_ASSIGNMENT = re.compile(r"(\w+)=(.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)[^}]*\}")
_RUNNERS = ("uv", "poetry", "pdm", "pipenv", "hatch", "rye")
_NODE = ("npx", "npm", "yarn", "pnpm", "bunx", "exec", "dlx", "run")
# These only name a command: what they print or look for is not run.
_READERS = ("echo", "printf", "grep", "cat", "which", "test", "type", "pip", "pip3")


@dataclass(frozen=True)
class Gate:
    """A command that is a gate. `environment` is None for datadog-ci, which has none."""

    command: Command
    arguments: tuple[str, ...]
    environment: str | None
    statuses: tuple[int, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    unset: frozenset[str] = frozenset()

    def option(self, name: str) -> str | None:
        """The value of the last `--name=value` or `--name value`."""
        found = None
        for word, following in zip(self.arguments, [*self.arguments[1:], ""], strict=True):
            if word == name:
                found = following
            elif word.startswith(name + "="):
                found = word.partition("=")[2]
        return found

    @property
    def unclear(self) -> str | None:
        """An argument that only a run would tell, where it could be any option."""
        if self.environment is not None and "$" in self.environment:
            return self.environment
        before = ""
        for word in self.arguments:
            if word.startswith("$") and not (before.startswith("-") and "=" not in before):
                return word
            before = word
        return None


def gate_in(command: Command, environment: Mapping[str, str]) -> Gate | None:
    """The gate that the command is, once what stands before it (`env`, `timeout`) is taken off."""
    variables: dict[str, str] = {}
    unset: set[str] = set()
    words = list(_stripped(command.words, variables, unset))
    if not words:
        return None
    known = {**environment, **variables}
    arguments = tuple(_expanded(words[1:], known))
    if _name(words[0]) in ("pytest", "py.test"):
        found = Gate(command, arguments, None, _PYTEST_STATUSES, variables, frozenset(unset))
        name = found.option("--storedog-env")
        return replace(found, environment=name) if name is not None else None
    if "datadog-ci" in words[0] and arguments[:2] == ("synthetics", "run-tests"):
        return Gate(command, arguments, None, _DATADOG_CI_STATUSES, variables, frozenset(unset))
    return None


def mentions_gate(text: str) -> bool:
    """Whether a gate is named there, run or not."""
    return bool(re.search(r"--storedog-env\b|synthetics\s+run-tests", text))


def is_only_named(command: Command) -> bool:
    """Whether the command does no more than print or look for what it names."""
    return bool(command.words) and _name(command.words[0]) in _READERS


def reads_input(command: Command) -> bool:
    """Whether the command is known to read standard input, as it is called here."""
    words = _stripped(command.words, {}, set())
    if not words:
        return False
    name, arguments = _name(words[0]), words[1:]
    options = [word for word in arguments if word.startswith("-")]
    if name == "ssh":
        return not {"-n", "-f"} & set(options)
    if name in ("docker", "podman", "kubectl", "oc"):
        asked = any(re.fullmatch(r"-[a-z]*i[a-z]*|--interactive|--stdin", o) for o in options)
        return asked and bool({"run", "exec"} & set(arguments))
    return name == "read" or (name in ("cat", "sh", "bash") and len(options) == len(arguments))


def resolved(text: str, environment: Mapping[str, str]) -> str:
    """The text with the step's own variables in it; what Drone or a run would add stays."""
    for _ in range(5):  # a variable may name another
        after = _VARIABLE.sub(lambda m: environment.get(m[1] or m[2], m[0]), text)
        if after == text:
            break
        text = after
    return text


def _stripped(words: Sequence[str], variables: dict[str, str], unset: set[str]) -> Sequence[str]:
    """The words from the program on that is run in the end."""
    while words:
        first, rest = _name(words[0]), words[1:]
        if assignment := _ASSIGNMENT.fullmatch(words[0]):
            variables[assignment[1]] = assignment[2]
            words = rest
        elif first == "env":
            words = _after_env(rest, unset)
        elif first in ("time", "exec", "command", "nohup", "sudo", "stdbuf", "nice", "xvfb-run"):
            words = _after_options(rest, with_value=("-n", "-u", "-i", "-o", "-e"))
        elif first == "timeout":
            words = _after_options(rest, with_value=("-k", "-s", "--kill-after", "--signal"))[1:]
        elif (re.fullmatch(r"python[\d.]*", first) and "-m" in rest) or (
            first == "coverage" and rest[:1] == ("run",) and "-m" in rest
        ):
            words = rest[rest.index("-m") + 1 :]
        elif first in _RUNNERS and rest[:1] == ("run",):
            words = _after_options(rest[1:], with_value=("--with", "-p", "--python", "--extra"))
        elif first in _NODE:
            words = _after_options(rest, with_value=("-p", "--package"))
        else:
            return words
    return words


def _after_env(words: Sequence[str], unset: set[str]) -> Sequence[str]:
    while words and words[0].startswith("-"):
        option, words = words[0], words[1:]
        if option in ("-u", "--unset") and words:
            unset.add(words[0])
            words = words[1:]
        elif option.startswith(("-u", "--unset=")):
            unset.add(option.removeprefix("--unset=").removeprefix("-u"))
        elif option in ("-i", "-", "--ignore-environment"):
            unset.add("PYTEST_ADDOPTS")
    return words


def _after_options(words: Sequence[str], *, with_value: tuple[str, ...]) -> Sequence[str]:
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in with_value else words[1:]
    return words


def _expanded(words: Sequence[str], environment: Mapping[str, str]) -> Iterator[str]:
    for word in words:
        if re.fullmatch(r"\$\w+|\$\{\w+\}", word):
            text = resolved(word, environment)
            yield from [word] if text == word else text.split()
        else:
            yield resolved(word, environment)


def _name(word: str) -> str:
    return word.rpartition("/")[2]
