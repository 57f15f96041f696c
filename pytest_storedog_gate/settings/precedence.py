"""The first place that says a value counts: command line, process environment, then files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMAND_LINE = "command line"


class Precedence:
    """Takes each value from the first of `places` that says one; `sources` names that place."""

    def __init__(self, *places: tuple[str, Mapping[str, Any]]) -> None:
        self._places = places
        self.sources: dict[str, str] = {}

    def __call__(self, name: str) -> Any:
        """The value; None where nobody says one."""
        for source, said in self._places:
            if value := said.get(name):
                self.sources[name] = source
                return value
        return None
