"""The gates of a step: pytest with this plugin, or datadog-ci's run-tests, among plain commands.

What is recognised passes; the first thing that is not, up to the last gate, is the step's `fault`.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace
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
_VENVS, _ECHOED = re.compile(r"(\./)?\.?venv/bin/"), re.compile(r"[`\\]")
_RUN_TESTS = ["synthetics", "run-tests"]
_PYTEST, _DATADOG_CI = pattern("pytest", "program"), pattern("datadog-ci", "program")
_HARMLESS, _WRAPPER, _STEERING, _READING, _VENV = map(
    pattern, ("commands", "wrappers", "steering", "reading", "venvs")
)
# They read the script where a variable is empty, or another name for it.
_READERS, _OPEN = (["cat"], ["head"], ["tail"]), re.compile(r"\$(?!\{?DRONE_)")
# Where an image has its programs, and those of its user.
_PROGRAMS = [
    *map(PurePosixPath, ("/bin", "/usr/bin", "/usr/local/bin")),
    PurePosixPath("/root", ".local", "bin"),
]
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


def steers(name: str) -> bool:
    """Whether a variable of that name could change what pytest is, or what it loads."""
    return _STEERING.fullmatch(name) is not None


class Gates:
    """A step's gates in their order, and what its script has changed up to a line of it.

    `found`: the gates. `fault`: the line and the words that are not recognised, if any.
    """

    def __init__(self, step: Step) -> None:
        self.found: list[Gate] = []
        self.fault: tuple[int, str] | None = None
        self._lines, self._pipeline = step.script, step.pipeline.source
        mentions = [at for at, line in enumerate(self._lines) if _MENTION.search(line.text)]
        self._last = max(mentions, default=-1)
        self._line = self._lines[self._last].number
        self._variables: dict[str, str | None] = {**step.variables}
        self._folder = PurePosixPath(step.source.get("working_dir").text or "")
        self._made: set[PurePosixPath] = set()  # the programs of virtual environments
        workspace = self._pipeline.get("workspace")
        paths = [workspace.get("base").text or workspace.get("path").text or ""]
        paths += [volume.get("path").text or "" for volume in step.source.get("volumes").items()]
        # What stands there is the repository's, or another step's.
        self._shared = [PurePosixPath("/drone", path) for path in paths]
        if mentions:
            try:
                self._read()
            except NotPlain as reason:
                self.fault = (self._line, str(reason))

    def _read(self) -> None:
        self._check_place()
        for at, line in enumerate(self._lines[: self._last + 1]):
            self._line = line.number
            commands = plain_commands.read(line.text)
            mentions = [n for n, each in enumerate(commands) if _MENTION.search(each.written)]
            # What follows the last gate runs only once that has passed.
            end = len(commands) if at < self._last else max(mentions, default=-1) + 1
            for place, command in enumerate(commands[:end]):
                words = command.fill(self._variables)
                self._check_programs(words)
                if gate := self._gate(command):
                    _check_list(commands, place, is_last=at == len(self._lines) - 1)
                    self.found.append(gate)
                elif not self._activates(words):
                    self._run(command)
        # Drone's `echo` of a command reads all of it before any of it runs.
        for line in self._lines[self._last + 1 :]:
            odd = _ECHOED.search(line.text)
            if odd and line.command == self._lines[self._last].command:
                self._line = line.number
                raise NotPlain(odd[0])

    def _check_place(self) -> None:
        if self._pipeline.get("platform").get("os").text == "windows":
            raise NotPlain("PowerShell")
        for path in self._shared:
            if any(each.is_relative_to(path) for each in _PROGRAMS):
                raise NotPlain(str(path))
        if self._folder.parts[:2] in (("/", "dev"), ("/", "proc")):
            raise NotPlain(str(self._folder))

    def _check_programs(self, words: Sequence[str]) -> None:
        """No program is the repository's, or another step's, though its path looks otherwise."""
        for word in (word for word in words if "/bin/" in word):
            path = self._folder / word
            theirs = any(path.is_relative_to(each) for each in self._shared)
            if path.parent not in self._made and (theirs if word[0] == "/" else _VENVS.match(word)):
                raise NotPlain(" ".join(words))

    def _activates(self, words: Sequence[str]) -> bool:
        path = self._folder / words[-1]
        is_made = path.parent in self._made and path.name == "activate"
        return words[:-1] in (["."], ["source"]) and is_made

    def _run(self, command: Command) -> None:
        """What the command changes. Raises NotPlain where that may be more."""
        words = [*itertools.dropwhile(_ASSIGNMENT.fullmatch, command.words)]
        assigned = command.words[: len(command.words) - len(words)]
        if words[:1] == ["export"] and all(map(_ASSIGNMENT.fullmatch, words[1:])):
            words, assigned = [], words[1:]
        joined = " ".join(words)
        reads = any(map(_READING.fullmatch, words)) or (
            words[:1] in _READERS and any(map(_OPEN.match, words))
        )
        lasting = not words or words[0] in ("cd", "unset")
        # In a pipe, and after `&&` or `||`, nobody knows whether it is set for what follows.
        unsure = command.before not in ("", ";") or command.after in ("|", "||")
        if (
            (words and not _HARMLESS.fullmatch(joined))
            or (reads and not command.fed)
            or (lasting and unsure)
            or any(steers(each.split("=")[0]) for each in assigned)
        ):
            raise NotPlain(" ".join(command.words))
        if not words:
            self._variables |= dict(each.split("=", 1) for each in assigned)
        elif words[0] == "unset":
            self._variables[words[1]] = None
        elif words[0] == "cd":
            self._folder /= words[1]
        elif _VENV.fullmatch(joined) and (command.before, command.after) in _SURE:
            self._made.add(self._folder / words[-1] / "bin")

    def _gate(self, command: Command) -> Gate | None:
        """The gate that it is, once what stands before it (`env`, `timeout`) is taken off."""
        words, variables = command.words, {**self._variables}
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
        gate = Gate(self._line, tuple(words[1:]), None, variables, self._folder, command.loose)
        if words and _PYTEST.fullmatch(words[0]):
            environment = gate.option("--storedog-env")
            return None if environment is None else replace(gate, environment=environment)
        run_tests = words and _DATADOG_CI.fullmatch(words[0]) and words[1:3] == _RUN_TESTS
        return replace(gate, arguments=gate.arguments[2:]) if run_tests else None


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
