"""What a service of a compose file refers to outside of it."""

from __future__ import annotations

from dataclasses import dataclass
from posixpath import expanduser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_storedog_gate.reading.table import Table


@dataclass(frozen=True)
class Around:
    """`defined` gives what stands under a name at the file's top, in `volumes` for instance.

    `value_of` tells what a variable holds. `published`: the environment says where the service's
    `port` is published; the port is None where the configuration does not say it.
    """

    folder: Path
    defined: Callable[[str, str], Table | None]
    value_of: Callable[[str], str | None]
    published: bool = False
    port: int | None = None

    def path(self, text: str) -> str:
        """A path of the machine, which is relative to the file's folder."""
        return str(self.folder.resolve() / expanduser(text))
