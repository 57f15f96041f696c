"""The line of the configuration that names something, for reports that lead a reader there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.reading.files import text_of

if TYPE_CHECKING:
    from pathlib import Path


class Lines:
    """The lines of one file; what cannot be read, or is generated, has none."""

    def __init__(self, path: Path, environment: str) -> None:
        try:
            self._text = text_of(path, path.name)
        except ConfigurationError:
            self._text = ""
        header = re.compile(
            rf"^\[.*\benvironments\W+{re.escape(environment)}(?![\w-])", re.MULTILINE
        )
        found = header.search(self._text)
        self._section = found.start() if found else 0

    def of(self, named: str) -> int | None:
        """The first one in the environment's section or below, else above; from 0, as in pytest.

        `named` is a public ID, or the environment's name, whose line is the section's first.
        """
        places = (self._text.find(named, start) for start in (self._section, 0))
        at = next((place for place in places if place >= 0), None)
        return None if at is None else self._text.count("\n", 0, at)
