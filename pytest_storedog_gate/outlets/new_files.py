"""New files of a user's project: all of them or none, and never over one that is there."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.outlets.whole_file import new_file, opened_folder, refuse_links

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

_MODE = 0o644
_PRIVATE = 0o600


def refuse_taken(paths: Iterable[Path]) -> None:
    """Raises ConfigurationError where one of them is there, whatever it is."""
    taken = [str(path) for path in paths if os.path.lexists(path)]
    if taken:
        are = "is" if len(taken) == 1 else "are"
        raise ConfigurationError(
            f"{' and '.join(taken)} {are} there, and nothing is overwritten: move what is there "
            "away, or do this in another folder"
        )


def write_new(files: Mapping[Path, str], private: Collection[Path] = ()) -> None:
    """Writes the texts as UTF-8, in folders that are made. Raises ConfigurationError.

    The `private` ones are for their owner's eyes alone.
    """
    refuse_taken(files)
    written: list[Path] = []
    try:
        for path, text in files.items():
            refuse_links(path)
            with opened_folder(path.parent) as folder:
                new_file(folder, path.name, text.encode(), _PRIVATE if path in private else _MODE)
            written.append(path)
    except OSError as error:
        for path in written:
            with suppress(OSError):
                path.unlink()
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from None
