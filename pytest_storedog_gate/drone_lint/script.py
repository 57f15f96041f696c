"""A step's script: its plain commands, and the gates among them.

Plain are words, quotes and variables that every shell reads the same way, of programs that leave
pytest and the shell as they are. No shell is interpreted: all else is `NotPlain`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint.recognised import pattern, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.drone_lint.drone_file import Step

# `${NAME}` is Drone's, and nobody knows what it holds; `$NAME` and `$${NAME}` are the shell's.
_DRONES = rf"\$\{{{text_of('drones')}\}}"
_VARIABLE = rf"\$\$?[A-Za-z_]\w*|\$\$\{{[A-Za-z_][\w:#%/,^.*-]*\}}|{_DRONES}"
_JOINED = r"\\\n(?=\s*\S)"  # the line goes on in the next
_DOLLAR = rf"\$\$|\$(?!\{{)|{_DRONES}"
# Nowhere plain: a backquote, which Drone's own `echo` of each command would run, and a backslash,
# which the shell that hands the script on may read: `\c` cuts off the rest of it.
_TOKEN = re.compile(
    rf"""(?P<blank>[ \t]+|(?<!\S)\#(?:[^`\\\n$]|{_DOLLAR})*) | (?P<joined>{_JOINED})
    | (?P<end>;(?!;)|\n) | (?P<operator>&&|\|\|?)
    | (?P<output>2>&1|1?>&2|[12]?>{{1,2}}[ ]?(?:/dev/null|[\w./-]+\.log)(?![^\s;|&]))
    | (?P<input><[ ]?/dev/null)
    | '(?P<single>(?:[^'`\\\n$]|{_DOLLAR})*)' | "(?P<double>(?:[^"`\\\n$]|{_VARIABLE})*)"
    | (?P<open>{_VARIABLE})
    | (?P<bare>[\w./:=@%+,^\[\]*?-][\w./:=@%+,^\[\]*?!\#-]*) | (?P<odd>.{{1,20}})""",
    re.VERBOSE,
)
_BLANK, _INPUT = "\0", "\1"  # in a command: a blank within a word, and an input of its own
# A list goes on with `&&` alone, and what follows it is read neither by Drone nor by its `echo`.
_LAST = re.compile(rf"(?:[^;|&\n`\\$]++|{_DOLLAR}|{_JOINED}|&&)*+;?(?:\s|(?<!\S)\#[^\n`\\$]*)*")

_MENTION = re.compile(r"--storedog-env\b|\bsynthetics\s+run-tests\b")
_ASSIGNED = re.compile(r"(?:export(?: |$)(?=(?:\w+=\S*(?: |$))*$))?(?:\w+=\S*(?: |$))*")
_GATE = re.compile(
    rf"(?P<before>(?:\w+=\S* |{text_of('wrappers')})*)(?:{text_of('pytest.program')}"
    rf"|(?P<other>{text_of('datadog-ci.program')}) synthetics run-tests)(?P<arguments>(?: \S*)*)"
)
# Where an image has its programs, and those of its user.
_OF_ROOT = str(PurePosixPath("/root", ".local", "bin", "pytest"))
_PROGRAMS = ("/bin/sh", "/usr/bin/env", "/usr/local/bin/pytest", _OF_ROOT)


class NotPlain(Exception):
    """What is not plain, as it is written."""


@dataclass(frozen=True)
class Gate:
    """A command that is a gate, or the `fault` that is not plain before one.

    `environment` is None for datadog-ci, which has none. `variables` are those of its process, as
    far as the file tells; None is one taken away. `folder` is where it runs, below the file's.
    """

    line: int
    arguments: str = ""
    variables: Mapping[str, str | None] = field(default_factory=dict)
    folder: PurePosixPath = field(default_factory=PurePosixPath)
    environment: str | None = None
    fault: str = ""

    def option(self, name: str) -> str | None:
        """The value of the last `--name=value` or `--name value`."""
        found = re.findall(rf"(?<!\S){name}[= ](\S*)", self.arguments)
        return shown(found[-1]) if found else None


def arguments(words: list[str]) -> str:
    """Words as a gate's arguments."""
    return "".join(" " + re.sub(r"\s", _BLANK, word) for word in words)


def shown(text: str) -> str:
    """The text of a command for people."""
    return text.replace(_BLANK, " ")


def gates(step: Step) -> list[Gate]:
    """The gates that the step runs, in their order, up to a fault."""
    script = _Script(step)
    mentions = [n for n, (_, text) in enumerate(step.commands) if _MENTION.search(text)]
    try:
        if mentions:
            script.check_place()
        for n in range(max(mentions, default=-1) + 1):
            script.read(n, is_last=n == mentions[-1])
    except NotPlain as reason:
        script.found.append(Gate(script.line, fault=shown(str(reason))))
    return script.found


class _Script:
    """What a step's script has changed up to its `line`, and the gates that it has `found`."""

    def __init__(self, step: Step) -> None:
        self.found: list[Gate] = []
        self.line, self._step = step.line, step
        self._variables: dict[str, str | None] = {**step.variables}
        self._folder = PurePosixPath(step.source.get("working_dir").text or "")
        self._made: set[PurePosixPath] = set()  # the programs of virtual environments
        workspace = step.pipeline.get("workspace")
        paths = [workspace.get("base").text or workspace.get("path").text or ""]
        paths += [volume.get("path").text or "" for volume in step.source.get("volumes").items]
        # What stands there is the repository's, or another step's.
        self._shared = tuple(f"{PurePosixPath('/drone', path)}/" for path in paths)

    def check_place(self) -> None:
        """Raises NotPlain where no shell reads the script, or other files are the programs."""
        if self._step.pipeline.get("platform").get("os").text == "windows":
            raise NotPlain("PowerShell")
        if self._folder.parts[:2] in (("/", "dev"), ("/", "proc")):
            raise NotPlain(str(self._folder))
        for program in _PROGRAMS:
            self._in_image(program)

    def read(self, n: int, *, is_last: bool) -> None:
        """Reads an item of the script, the last one up to its last gate. Raises NotPlain."""
        first, text = self._step.commands[n]
        left = len(_MENTION.findall(text)) if is_last else -1
        self.line, here, command, before = first, 0, "", ""
        for token in _TOKEN.finditer(f"{text}\n"):
            if token.lastgroup not in ("operator", "end"):
                command += self._piece(token)
                continue
            words, after = " ".join(command.split()), token["operator"] or ""
            rest = text[token.start() :]
            left -= len(_MENTION.findall(text, here, token.start()))
            if words:
                is_last_item = n + 1 == len(self._step.commands)
                self._command(words, before, after, ends=is_last_item and _LAST.fullmatch(rest))
            elif before or token[0] != "\n":
                raise NotPlain(token[0])
            if not left:
                # This runs only once the last gate has passed, but Drone's `echo` reads it before.
                if odd := re.search(rf"`|(?!{_JOINED})\\", rest):
                    self.line = first + text.count("\n", 0, token.start() + odd.start())
                    raise NotPlain(odd[0])
                return
            here, command, before = token.end(), "", after
            if token["end"]:
                self.line = first + text.count("\n", 0, here)

    def _piece(self, token: re.Match[str]) -> str:
        """A token's part of a command: words, with a blank between two."""
        kind, text = str(token.lastgroup), token[token.lastgroup or 0]
        if kind == "odd" or not text.replace("\t", "").replace("\n", "").isprintable():
            raise NotPlain(text)
        if kind == "single":
            text = text.replace("$$", "$")
        elif kind in ("double", "open"):
            text = re.sub(_VARIABLE, lambda v: self._value(v[0], is_open=kind == "open"), text)
        elif kind != "bare":
            return {"joined": "", "input": f" {_INPUT} "}.get(kind, " ")
        return re.sub(r"\s", _BLANK, text) or _BLANK

    def _value(self, variable: str, *, is_open: bool) -> str:
        """Its value; one that is not known stays `${NAME}`, or `$NAME` if it may be more words."""
        name = variable.strip("${}")
        found = self._variables.get(name)
        if found is None:
            is_word = not is_open or pattern("drones").fullmatch(name)
            return f"${{{name}}}" if is_word else f"${name}"
        if is_open and re.search(r"\s|^$", found):
            raise NotPlain(variable)
        return found

    def _command(self, words: str, before: str, after: str, *, ends: object) -> None:
        fed = before == "|" or _INPUT in words
        words = " ".join(self._in_image(word) for word in words.split(" ") if word != _INPUT)
        if gate := self._gate(words):
            # Among `&&` it ends the step only where nothing else follows.
            if (before or after) and not (ends and {before, after} <= {"", "&&"}):
                raise NotPlain(before or after)
            self.found.append(gate)
            return
        run = _ASSIGNED.sub("", words, count=1)
        sets = _sets(words[: len(words) - len(run)])
        program, *options = run.split(" ")
        reads = any(map(pattern("reading").fullmatch, [*options, run]))
        # In a pipe, and after `&&` or `||`, nobody knows whether it is so for what follows.
        is_sure = not before and after in ("", "&&")
        lasts = program in ("", "cd", "unset")
        is_plain = not run or pattern("commands").fullmatch(run)
        if not is_plain or (reads and not fed) or (lasts and not is_sure):
            raise NotPlain(words)
        if not run:
            self._variables |= sets
        elif program == "unset":
            self._variables[options[0]] = None
        elif program == "cd":
            self._folder /= options[0]
        elif is_sure and pattern("venvs").fullmatch(run):
            self._made.add(self._folder / options[-1] / "bin")

    def _in_image(self, word: str) -> str:
        """The word; an environment that the script has made is taken for one of the image.

        Raises NotPlain for a program that is the repository's, or another step's.
        """
        path = self._folder / word
        if path.parent in self._made:
            return f"/venv/bin/{path.name}"
        if "/bin/" in word and word.startswith(self._shared):
            raise NotPlain(word)
        return word

    def _gate(self, words: str) -> Gate | None:
        """The gate that it is, though `env` or `timeout` may stand before it."""
        if not (found := _GATE.fullmatch(words)):
            return None
        unset = re.findall(r"(?:-u ?|--unset[ =])(\w+)", found["before"])
        variables = {**self._variables, **dict.fromkeys(unset), **_sets(found["before"])}
        gate = Gate(self.line, found["arguments"], variables, self._folder)
        environment = None if found["other"] else gate.option("--storedog-env")
        return replace(gate, environment=environment) if found["other"] or environment else None


def _sets(words: str) -> dict[str, str | None]:
    """The variables among the words. Raises NotPlain for one that steers."""
    found = re.findall(r"(?<!\S)(\w+)=(\S*)", words)
    for name, value in found:
        if pattern("steering").fullmatch(name):
            raise NotPlain(f"{name}={value}")
    return {name: shown(value) for name, value in found}
