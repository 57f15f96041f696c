"""The line that a sentence is about which begins with a place in a definition.

What refuses definitions says where by the keys, as `config.steps[1]: request.url must be ...` does:
each part leads on from the one before. Whoever reads a file wants the line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.reading.table import Keys

_PLACE = re.compile(r"[A-Za-z_]\w*(?:\.[\w-]+|\[\d+\])*")
_KEY = re.compile(r"[\w-]+")


@dataclass(frozen=True)
class Lines:
    """Those of a file: by the keys of each value its line."""

    of: Mapping[Keys, int]

    def about(self, sentence: str, root: Keys) -> int:
        """The line of the value that the sentence names, or of the nearest one around it.

        `root`: where the definition stands in its file.
        """
        here = root
        for part in sentence.split(": "):
            place = _PLACE.match(part)
            found = self._inside(here, _keys(place[0])) if place else here
            if found == here:
                break
            here = found
        around = (here[:length] for length in range(len(here), -1, -1))
        return next((self.of[keys] for keys in around if keys in self.of), 1)

    def _inside(self, here: Keys, keys: Keys) -> Keys:
        """The deepest value there is on the way; that of a step is no `config` of its own."""
        for way in (keys, keys[1:] if keys[0] == "config" else ()):
            for length in range(len(way), 0, -1):
                if (*here, *way[:length]) in self.of:
                    return (*here, *way[:length])
        return here


def _keys(place: str) -> Keys:
    return tuple(int(key) if key.isdigit() else key for key in _KEY.findall(place))
