"""A step's script: its plain commands, and the gates among them.

Plain are words, quotes and variables that every shell reads the same way, of programs that leave
pytest and the shell as they are. No shell is interpreted: all else is `NotPlain`.
"""

from __future__ import annotations

import copy
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint.recognised import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.drone_lint.drone_file import Step

_BLANK, _INPUT = "\0", "\1"  # in a command: a blank within a word, and an input of its own


class NotPlain(Exception):
    """What is not plain, as it is written."""


def arguments(words: list[str]) -> str:
    """Words as a gate's arguments."""
    return "".join(" " + re.sub(r"\s", _BLANK, word) for word in words)


def shown(text: str) -> str:
    """The text of a command for people."""
    return text.replace(_BLANK, " ")


class Script:
    """A step's script: what it has changed up to a line, and the `rest` of the item from there."""

    def __init__(self, step: Step) -> None:
        self._step, self._line, self._rest, self._folder = step, step.line, "", step.folder
        self._variables = {**step.variables}
        self._made: set[PurePosixPath] = set()  # the programs of virtual environments
        workspace = step.pipeline.get("workspace")
        paths = [workspace.get("base").text or workspace.get("path").text or ""]
        paths += [volume.get("path").text or "" for volume in step.source.get("volumes").items]
        # What stands there is the repository's, or another step's.
        self._shared = tuple(f"{PurePosixPath('/drone', path)}/" for path in paths)

    def gates(self) -> Iterator[Step]:
        """The step up to each gate that it runs, in their order, or up to a fault."""
        n, commands = -1, self._step.commands
        try:
            self._check_place()
            for n in range(len(commands)):
                yield from self._read(*commands[n], is_last=n + 1 == len(commands))
        except NotPlain as reason:
            step, line, fault = self._step, self._line, str(reason)
            mentions, later = pattern("mention").search, (text for _, text in commands[n + 1 :])
            # What follows the last gate runs only once that has passed, but `echo` reads it before.
            if not any(map(mentions, [self._rest, *later])):
                odd = pattern("echoed").search(self._rest)
                if not odd or not mentions(commands[n][1]):
                    return
                line, fault = line + self._rest.count("\n", 0, odd.start()), odd[0]
            step.program, step.at, step.fault = "unknown", line, shown(fault)
            yield step

    def _check_place(self) -> None:
        """Where no shell reads the script, or other files are the programs, nothing is plain."""
        if self._step.pipeline.get("platform").get("os").text == "windows":
            raise NotPlain("PowerShell")
        if self._folder.parts[:2] in (("/", "dev"), ("/", "proc")):
            raise NotPlain(str(self._folder))
        for place in filter(pattern("programs").fullmatch, self._shared):
            raise NotPlain(place)

    def _read(self, first: int, text: str, *, is_last: bool) -> Iterator[Step]:
        """The gates in an item of the script."""
        self._line, self._rest, command, before = first, text, "", ""
        for token in pattern("token").finditer(f"{text}\n"):
            if token.lastgroup not in ("operator", "end"):
                command += self._piece(token)
                continue
            words, after = " ".join(command.split()), token["operator"] or ""
            ends = is_last and pattern("last").fullmatch(text, token.start())
            if words:
                yield from self._command(words, before, after, ends=ends)
            elif before or token[0] != "\n":
                raise NotPlain(token[0])
            command, before, self._rest = "", after, text[token.end() :]
            if token["end"]:
                self._line = first + text.count("\n", 0, token.end())

    def _piece(self, token: re.Match[str]) -> str:
        """A token's part of a command: words, with a blank between two."""
        kind, text = str(token.lastgroup), token[0]
        if kind == "odd" or not text.replace("\t", "").replace("\n", "").isprintable():
            raise NotPlain(text)
        if kind == "single":
            text = text[1:-1].replace("$$", "$")
        elif kind == "double":
            text = pattern("variable").sub(lambda v: self._value(v[0], is_open=False), text[1:-1])
        elif kind == "open":
            text = self._value(text, is_open=True)
            if re.search(r"\s|^$", text):
                raise NotPlain(token[0])
        elif kind != "bare":
            return {"joined": "", "input": f" {_INPUT} "}.get(kind, " ")
        return re.sub(r"\s", _BLANK, text) or _BLANK

    def _value(self, variable: str, *, is_open: bool) -> str:
        """Its value; one that is not known stays `${NAME}`, or `$NAME` if it may be more words."""
        name = variable.strip("${}")
        is_word = not is_open or pattern("drones").fullmatch(name)
        found = self._variables.get(name)
        return found if found is not None else f"${{{name}}}" if is_word else f"${name}"

    def _command(self, words: str, before: str, after: str, *, ends: object) -> Iterator[Step]:
        """The gate that it is, though `env` or `timeout` may stand before it."""
        fed = before == "|" or _INPUT in words
        words = " ".join(self._in_image(word) for word in words.split(" ") if word != _INPUT)
        found, run = pattern("gate").fullmatch(words), pattern("assigned").sub("", words, count=1)
        ahead = found["before"] if found else words.removesuffix(run)
        sets = {name: shown(value) for name, value in pattern("sets").findall(ahead)}
        for name in filter(pattern("steering").fullmatch, sets):
            raise NotPlain(f"{name}={sets[name]}")
        if found:
            gate, unset = copy.copy(self._step), pattern("unsets").findall(ahead)
            gate.program = "pytest" if found["pytest"] else "datadog-ci"
            gate.at, gate.arguments, gate.folder = self._line, found["arguments"], self._folder
            gate.environment = gate.option("--storedog-env") if found["pytest"] else None
            gate.variables = {**self._variables, **dict.fromkeys(unset), **sets}
            # Among `&&` it ends the step only where nothing else follows.
            if (before or after) and not (ends and {before, after} <= {"", "&&"}):
                raise NotPlain(before or after)
            yield gate
            return
        program, *options = run.split(" ")
        reads = any(map(pattern("reading").fullmatch, [*options, run]))
        # In a pipe, and after `&&` or `||`, nobody knows whether it is so for what follows.
        is_sure = not before and after in ("", "&&")
        lasts = program in ("", "cd", "unset")
        is_plain = not run or pattern("commands").fullmatch(run)
        if not is_plain or (reads and not fed) or (lasts and not is_sure):
            raise NotPlain(words or after or before)
        if program in ("", "unset"):
            self._variables |= sets or dict.fromkeys(options)
        elif program == "cd":
            self._folder /= options[0]
        elif is_sure and (made := pattern("venvs").fullmatch(run)):
            self._made.add(self._folder / (made["at"] or ".venv") / "bin")

    def _in_image(self, word: str) -> str:
        """The word; an environment that the script has made is taken for one of the image."""
        path = self._folder / word
        if path.parent in self._made:
            return f"/venv/bin/{path.name}"
        if "/bin/" in word and word.startswith(self._shared):
            raise NotPlain(word)
        return word
