"""Files that the collection leaves out although their tests may ask for checks.

What a marker requires must not vanish with its file, whoever leaves it out: `--ignore`, a
conftest's `collect_ignore`, a module that skips itself.
"""

from __future__ import annotations

import fnmatch
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from .markers import MARKER

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

_MENTIONS = re.compile(rb"\b" + MARKER.encode() + rb"\b")


class LeftOut:
    """Hears of paths that are ignored, and of files that skip themselves."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._found: dict[Path, None] = {}

    def ignored(self, path: Path) -> None:
        """A file or folder is not collected."""
        if path.is_dir():
            self._found.update(dict.fromkeys(self._python_files(path)))
        elif path.suffix == ".py":
            self._found[path] = None

    def skipped(self, report: pytest.CollectReport) -> None:
        """A file was collected and has skipped itself, where the report says so."""
        path = self._config.rootpath / report.nodeid.partition("::")[0]
        if report.skipped and path.is_file():
            self._found[path] = None

    def asking(self) -> tuple[str, ...]:
        """Those files that mention the marker, relative to the rootdir."""
        return tuple(
            os.path.relpath(path, self._config.rootpath) for path in self._found if _asks(path)
        )

    def _python_files(self, folder: Path) -> Iterator[Path]:
        # Where the project's own settings say that no tests are, there are none to miss.
        nowhere = ("__pycache__", *self._config.getini("norecursedirs"))
        for path, folders, files in os.walk(folder):
            here = Path(path)
            if "pyvenv.cfg" in files or any(fnmatch.fnmatch(here.name, each) for each in nowhere):
                folders.clear()
            else:
                yield from (here / name for name in files if name.endswith(".py"))


def _asks(path: Path) -> bool:
    try:
        return _MENTIONS.search(path.read_bytes()) is not None
    except OSError:
        return False  # pytest could not read it either
