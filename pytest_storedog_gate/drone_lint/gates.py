"""The gates of a step: pytest with this plugin, or datadog-ci's run-tests, among plain commands.

What is recognised passes; the first thing that is not, up to the last gate, is the step's `fault`.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint import plain_commands
from pytest_storedog_gate.drone_lint.plain_commands import Command, NotPlain
from pytest_storedog_gate.drone_lint.recognised import pattern

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_storedog_gate.drone_lint.drone_file import Step

_MENTION = re.compile(r"--storedog-env\b|\bsynthetics\s+run-tests\b")
_ASSIGNMENT = re.compile(r"(\w+)=(.*)", re.DOTALL)
_PYTEST, _DATADOG_CI = pattern("pytest", "program"), pattern("datadog-ci", "program")
_HARMLESS, _WRAPPER, _STEERING, _READING, _VENV = map(
    pattern, ("commands", "wrappers", "steering", "reading", "venvs")
)
_READERS = (["cat"], ["head"], ["tail"])
# Operators around a command that runs for sure, or nothing that follows it in its list does.
_SURE = set(itertools.product(("", ";"), ("", ";", "&&")))


@dataclass(frozen=True)
class Gate:
    """A command that is a gate. `environment` is None for datadog-ci, which has none.

    `variables` are those of its process, as far as the file tells; None is one taken away.
    `folder` is where it runs, below the file's. `loose`: a blank in a variable adds an option.
    """

    line: int
    arguments: tuple[str, ...]
    environment: str | None
    variables: Mapping[str, str | None]
    folder: PurePosixPath
    loose: bool

    def option(self, name: str) -> str | None:
        """The value of the last `--name=value` or `--name value`."""
        found = None
        for word, following in itertools.zip_longest(self.arguments, self.arguments[1:]):
            if word == name or word.startswith(name + "="):
                found = following if word == name else word.partition("=")[2]
        return found


@dataclass
class Gates:
    """A step's gates in their order. `fault`: the line and the words that are not recognised."""

    found: list[Gate] = field(default_factory=list)
    fault: tuple[int, str] | None = None


def steers(name: str) -> bool:
    """Whether a variable of that name could change what pytest is, or what it loads."""
    return _STEERING.fullmatch(name) is not None


def read(step: Step) -> Gates:
    """The gates of the step."""
    lines = step.script
    last = max((n for n, (_, line) in enumerate(lines) if _MENTION.search(line)), default=-1)
    found = Gates()
    if last >= 0 and step.pipeline.source.get("platform").get("os").text == "windows":
        found.fault = (lines[last][0], "PowerShell")
        return found
    variables: dict[str, str | None] = {**step.variables}
    folder = PurePosixPath(step.source.get("working_dir").text or "")
    workspace = step.pipeline.source.get("workspace")
    shared = PurePosixPath("/drone", workspace.get("base").text or workspace.get("path").text or "")
    made: set[PurePosixPath] = set()  # virtual environments, each by its `activate`
    for at, (number, line) in enumerate(lines[: last + 1]):
        try:
            commands = plain_commands.read(line, variables)
            mentions = [n for n, c in enumerate(commands) if _MENTION.search(" ".join(c.words))]
            # What follows the last gate runs only once that has passed.
            end = len(commands) if at < last else max(mentions, default=-1) + 1
            for place, command in enumerate(commands[:end]):
                words = command.words
                _check_programs(words, shared)
                if gate := _gate(number, command, {**variables}, folder):
                    _check_list(commands, place, is_last=at == len(lines) - 1)
                    found.found.append(gate)
                elif words[:-1] not in (["."], ["source"]) or folder / words[-1] not in made:
                    _check_harmless(command, variables)
                if _VENV.fullmatch(" ".join(words)) and (command.before, command.after) in _SURE:
                    made.add(folder / words[-1] / "bin/activate")
                folder /= words[1] if words[0] == "cd" else ""
        except NotPlain as reason:
            found.fault = (number, str(reason))
            break
    return found


def _check_programs(words: Sequence[str], shared: PurePosixPath) -> None:
    """No program is one of the repository's, though its path looks like one of the image's."""
    if any("/bin/" in word and PurePosixPath(word).is_relative_to(shared) for word in words):
        raise NotPlain(" ".join(words))


def _check_list(commands: Sequence[Command], place: int, *, is_last: bool) -> None:
    """A gate among `&&` ends the step only as the very last; no other operator is sound."""
    start = end = place
    while commands[start].before not in ("", ";"):
        start -= 1
    while commands[end].after not in ("", ";"):
        end += 1
    for command in commands[start:end]:
        if command.after != "&&" or not is_last or end + 1 < len(commands):
            raise NotPlain(command.after)


def _check_harmless(command: Command, variables: dict[str, str | None]) -> None:
    words = [*itertools.dropwhile(_ASSIGNMENT.fullmatch, command.words)]
    assigned = command.words[: len(command.words) - len(words)]
    if words[:1] == ["export"] and all(map(_ASSIGNMENT.fullmatch, words[1:])):
        words, assigned = [], words[1:]
    # A variable that is empty outside of quotes is no word, and then there is no file to read.
    unread = any(map(_READING.fullmatch, words)) or (command.loose and words[:1] in _READERS)
    lasting = not words or words[0] in ("cd", "unset")
    # In a pipe, and after `&&` or `||`, nobody knows whether it is set for what follows.
    unsure = lasting and (command.before not in ("", ";") or command.after in ("|", "||"))
    known = not words or _HARMLESS.fullmatch(" ".join(words))
    if (
        not known
        or (unread and not command.fed)
        or unsure
        or any(steers(each.split("=")[0]) for each in assigned)
    ):
        raise NotPlain(" ".join(command.words))
    if not words:
        variables |= dict(each.split("=", 1) for each in assigned)
    elif words[0] == "unset":
        variables[words[1]] = None


def _gate(
    line: int, command: Command, variables: dict[str, str | None], folder: PurePosixPath
) -> Gate | None:
    """The gate that the command is, once what stands before it (`env`, `timeout`) is taken off."""
    words = command.words
    while words:
        assigned = _ASSIGNMENT.fullmatch(words[0])
        before = _WRAPPER.match(" ".join(words))
        if assigned and not steers(assigned[1]):
            variables[assigned[1]] = assigned[2]
            words = words[1:]
        elif before:
            for name in re.findall(r"-u ?(\w+)|--unset[ =](\w+)", before[0]):
                variables["".join(name)] = None
            words = words[before[0].count(" ") :]
        else:
            break
    gate = Gate(line, tuple(words[1:]), None, variables, folder, command.loose)
    if words and _PYTEST.fullmatch(words[0]):
        environment = gate.option("--storedog-env")
        return None if environment is None else replace(gate, environment=environment)
    is_datadog_ci = (
        words and _DATADOG_CI.fullmatch(words[0]) and words[1:3] == ["synthetics", "run-tests"]
    )
    return replace(gate, arguments=gate.arguments[2:]) if is_datadog_ci else None
