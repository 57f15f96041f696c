"""The plain commands of a line: words, quotes and variables that every shell reads the same way.

No shell is interpreted: what is not recognised here is `NotPlain`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint.recognised import pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE = r"\$(?:[A-Za-z_]\w*|\{[A-Za-z_][\w:#%/,^.*-]*\})"
# Nowhere plain: a backquote, which Drone's own `echo` of each command would run, and a backslash,
# which the shell that hands the script on may read: `\c` cuts off the rest of it.
_TOKEN = re.compile(
    rf"""(?P<blank>[ \t]+|(?<![^ \t])\#[^`\\]*) | (?P<operator>&&|\|\||;(?!;)|\|)
    | (?P<redirection>2>&1|1?>&2|[12]?>{{1,2}}[ ]?(?:/dev/null|[\w./-]+\.log)(?![^\s;|&])
      |<[ ]?/dev/null)
    | '(?P<single>[^'`\\]*)' | "(?P<double>(?:[^"`\\$]|{_VARIABLE})*)" | (?P<open>{_VARIABLE})
    | (?P<bare>[\w./:=@%+,^\[\]*?-][\w./:=@%+,^\[\]*?!\#-]*)""",
    re.VERBOSE,
)
_DRONES = pattern("drones")


class NotPlain(Exception):
    """What is not plain, as it is written."""


@dataclass
class Command:
    """A command's words, the operators around it, and whether it has an input of its own.

    `loose`: a variable whose value the file does not tell stands outside of quotes, so that a word
    may become several. The words are told by `fill`: a command before may set variables.
    """

    before: str = ""
    after: str = ""
    fed: bool = False
    loose: bool = False
    words: list[str] = field(default_factory=list)
    pieces: list[list[tuple[str, str]]] = field(default_factory=list)

    @property
    def written(self) -> str:
        """Its words without the values of variables."""
        return " ".join("".join(text for _, text in pieces) for pieces in self.pieces)

    def fill(self, known: Mapping[str, str | None]) -> list[str]:
        """Its words with the values that are known. Raises NotPlain for what is no single word."""

        def value(variable: re.Match[str]) -> str:
            found = known.get(variable[0].strip("${}"))
            return variable[0] if found is None else found

        self.words = []
        for pieces in self.pieces:
            self.words.append("")
            for kind, written in pieces:
                text = re.sub(_VARIABLE, value, written) if kind in ("double", "open") else written
                if kind == "open":
                    if re.search(r"\s|^$", text):
                        raise NotPlain(written)
                    names = [name.strip("${}") for name in re.findall(_VARIABLE, text)]
                    self.loose |= not all(map(_DRONES.fullmatch, names))
                self.words[-1] += text
        return self.words


def joined(text: str) -> list[tuple[int, str]]:
    """The lines with their rows, from 0; one that ends with a backslash goes on in the next."""
    lines: list[tuple[int, str]] = []
    goes_on = False
    rows = text.split("\n")
    for row, line in enumerate(rows):
        first, start = lines.pop() if goes_on else (row, "")
        goes_on = line.endswith("\\") and "#" not in line and row + 1 < len(rows)
        lines.append((first, start + (line[:-1] if goes_on else line)))
    return lines


def read(line: str) -> list[Command]:
    """The commands of one line. Raises NotPlain."""
    line = _with_drones(line)
    commands = [Command()]
    here, in_word = 0, False
    while here < len(line):
        match, command = _TOKEN.match(line, here), commands[-1]
        if match is None or (match["operator"] and not command.pieces):
            raise NotPlain(line[here : here + 20])
        here, kind = match.end(), match.lastgroup or ""
        if kind == "operator":
            command.after = match[0]
            commands.append(Command(match[0], fed=match[0] == "|"))
        elif kind == "redirection":
            command.fed = command.fed or match[0].startswith("<")
        elif kind != "blank":
            command.pieces += [] if in_word else [[]]
            command.pieces[-1].append((kind, match[kind]))
        in_word = kind in ("single", "double", "open", "bare")
    if not commands[-1].pieces and commands[-1].before in ("&&", "||", "|"):
        raise NotPlain(commands[-1].before)
    return [command for command in commands if command.pieces]


def _with_drones(line: str) -> str:
    """The line as a shell gets it: `$${NAME}` is the shell's, `${NAME}` is Drone's."""
    odd = next((c for c in line if not (c.isprintable() or c == "\t")), None)
    drones = re.findall(r"\$\$|\$\{([^}]*)\}?", line)
    unknown = next((name for name in drones if name and not _DRONES.fullmatch(name)), None)
    if odd or unknown:
        raise NotPlain(ascii(odd) if odd else f"${{{unknown}}}")
    return line.replace("$$", "$")
