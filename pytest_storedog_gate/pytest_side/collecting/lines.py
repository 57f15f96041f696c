"""The line of the configuration that names something, for reports that lead a reader there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.reading.files import text_of

if TYPE_CHECKING:
    from pathlib import Path


_WORD = re.compile(r"[\w-]+")


class Lines:
    """The lines of one file; what cannot be read, or is generated, has none."""

    def __init__(self, path: Path, environment: str) -> None:
        try:
            text = text_of(path, path.name)
        except ConfigurationError:
            text = ""
        header = re.compile(
            rf"^\[.*\benvironments\W+{re.escape(environment)}(?![\w-])", re.MULTILINE
        )
        found = header.search(text)
        section = text.count("\n", 0, found.start()) if found else 0
        lines = list(enumerate(text.split("\n")))
        self._first: dict[str, int] = {}
        for number, line in lines[section:] + lines[:section]:
            for word in _WORD.findall(line):
                self._first.setdefault(word, number)

    def of(self, named: str) -> int | None:
        """The first one in the environment's section or below, else above; from 0, as in pytest.

        `named` is a public ID, or the environment's name, whose line is the section's first.
        """
        return self._first.get(named)
