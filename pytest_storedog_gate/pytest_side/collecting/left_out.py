"""Files that the collection leaves out although their tests may ask for checks.

What a marker requires must not vanish with its file, whoever leaves it out: `--ignore`, a
conftest's `collect_ignore`, a module that skips itself.
"""

from __future__ import annotations

import ast
import fnmatch
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_storedog_gate.pytest_side.collecting.markers import MARKER

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
        """A file, or a folder's conftest, has skipped what it holds, where the report says so."""
        if report.skipped:
            self.ignored(self._config.rootpath / report.nodeid.partition("::")[0])

    def asking(self) -> tuple[str, ...]:
        """Those files that mention the marker, relative to the rootdir."""
        return tuple(
            os.path.relpath(path, self._config.rootpath)
            for path in self._found
            if self._asks(path, set())
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

    def _asks(self, path: Path, seen: set[Path]) -> bool:
        """Whether the file mentions the marker, or imports one of the project's that does."""
        if path in seen or not path.is_file():
            return False
        seen.add(path)
        text = path.read_bytes()
        if _MENTIONS.search(text):
            return True
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            return False  # nothing can be collected from it
        return any(
            self._asks(module, seen)
            for name in _imported(tree)
            for folder in (path.parent, *path.parents)
            if folder.is_relative_to(self._config.rootpath)
            for module in (folder / f"{name}.py", folder / name / "__init__.py")
        )


def _imported(tree: ast.Module) -> Iterator[str]:
    """The modules that may be imported, as relative paths without an ending."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.replace(".", "/") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = (node.module or "").replace(".", "/")
            yield module
            yield from (f"{module}/{alias.name}".lstrip("/") for alias in node.names)
