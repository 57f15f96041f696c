"""The folder for attempts of browser tests that failed, and how long they stay there."""

from __future__ import annotations

import os
import re
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pytest_storedog_gate.outlets.whole_file import inner_folder, opened_folder, refuse_links

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

FILES = ("page.html", "page.png", "trace.zip")
"""What an attempt may leave."""
_NAME = re.compile(r"[a-z0-9]{3}-[a-z0-9]{3}-[a-z0-9]{3}-.*[0-9]{10,}")
_DAY = 86_400.0  # s


@dataclass(frozen=True)
class Attempts:
    """`folder` keeps the newest `count` of them, and none for longer than `days`."""

    folder: Path
    count: int = 100
    days: int = 30

    @classmethod
    def asked(cls, options: argparse.Namespace) -> Self | None:
        """What the command line says, None where nothing is to be kept."""
        if options.artifacts is None:
            return None
        return cls(options.artifacts, options.artifacts_count, options.artifacts_days)

    def forget(self) -> None:
        """Removes this user's attempts that are too many or too old, and nothing else.

        They hold secrets in plain. What cannot be removed stays.
        """
        oldest = time.time() - self.days * _DAY
        with suppress(OSError):
            refuse_links(self.folder)
            with opened_folder(self.folder, make=False) as folder:
                newest_first = sorted(_own(folder), reverse=True)
                for place, (changed, name) in enumerate(newest_first):
                    if place >= self.count or changed < oldest:
                        _remove(folder, name)


def _own(folder: int) -> Iterator[tuple[float, str]]:
    readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=folder)
    try:
        with os.scandir(readable) as found:
            names = [one.name for one in found if _NAME.fullmatch(one.name)]
    finally:
        os.close(readable)
    for name in names:
        with suppress(OSError):  # another run has removed it
            seen = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if seen.st_mode == stat.S_IFDIR | 0o700 and seen.st_uid == os.geteuid():
                yield seen.st_mtime, name


def _remove(folder: int, name: str) -> None:
    with suppress(OSError):
        inner = inner_folder(folder, name, make=False)
        try:
            for file in FILES:
                with suppress(FileNotFoundError):
                    os.unlink(file, dir_fd=inner)
        finally:
            os.close(inner)
        os.rmdir(name, dir_fd=folder)
