"""A step's commands as the one script that Drone makes of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .shell_syntax import is_fed, parsed, simple_commands, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class Script:
    """A step's commands as Drone joins them; `lines` are the YAML file's, one for each row."""

    text: str
    lines: tuple[int, ...]

    @classmethod
    def joined(cls, commands: Iterable[tuple[str, Sequence[int]]]) -> Script:
        """From each command's text with the line of each of its rows."""
        rows: list[str] = []
        lines: list[int] = []
        for text, numbers in commands:
            rows += ["echo +", *substituted(text).split("\n")]
            lines += [numbers[0], *numbers]
        return cls("\n".join(rows), tuple(lines))

    def commands(self) -> list[Command]:
        """Every simple command in it, also in what is given to `sh -c`."""
        return [
            Command(words, self.lines[node.start_point.row], is_fed(node))
            for node, words in simple_commands(parsed(self.text))
        ]

    @property
    def unreadable(self) -> int | None:
        """The line where it is no shell script, if there is one."""
        node = next((n for n in walk(parsed(self.text)) if n.is_error or n.is_missing), None)
        return None if node is None else self.lines[node.start_point.row]


@dataclass(frozen=True)
class Command:
    """One simple command, its assignments in front, and the line it begins at.

    `fed`: it has a standard input of its own, from a pipe or a redirection.
    """

    words: tuple[str, ...]
    line: int
    fed: bool = False


def substituted(text: str) -> str:
    """The text after Drone has put in `${NAME}`, which it does before any shell sees it."""

    def one(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        if match["name"].startswith(("DRONE_", "CI_")):
            return match[0]
        default = re.fullmatch(r":?[-=](.*)", match["rest"])
        return default[1] if default else ""

    return re.sub(r"\$\$|\$\{(?P<name>\w+)(?P<rest>[^}]*)\}", one, text)
