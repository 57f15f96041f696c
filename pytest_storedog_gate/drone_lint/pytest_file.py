"""Pytest's configuration beside a pipeline file, found as pytest itself finds it."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_READ = ("addopts", "required_plugins")
_PLUGIN = re.compile(r"pytest-storedog-gate(?![\w.-])")


@dataclass(frozen=True)
class PytestFile:
    """What the file says; `hides` is one that requires the plugin and is not read."""

    name: str
    addopts: list[str]
    requires_plugin: bool
    hides: str | None


def read(root: Path, folder: PurePath, words: Sequence[str]) -> PytestFile | None:
    """The one that pytest reads in that folder below `root` for a command line of these words."""
    root = root.absolute()
    paths = [(root / folder / word.partition("::")[0]) for word in words if word[:1] != "-"]
    paths = [path for path in paths if path.exists()] or [root / folder]
    base = Path(os.path.normpath(os.path.commonpath(paths)))
    if not any(path.is_relative_to(root) and _may_hold(path) for path in (base, *base.parents)):
        return None
    # It has no public name, and to say it again here would be wrong with the next pytest.
    from _pytest.config.findpaths import locate_config  # noqa: PLC0415
    from _pytest.outcomes import Failed  # noqa: PLC0415

    try:
        _, path, settings, hidden = locate_config(base, [base])
        given = {key: _words(value.value) for key, value in settings.items() if key in _READ}
    except (Exception, Failed):  # noqa: BLE001
        return None  # what pytest cannot read either does not end it with 0
    if path is None or not path.is_relative_to(root):
        return None
    if not settings and path.name == "pyproject.toml":
        return None
    hides = (n for n in hidden if _PLUGIN.search((path.parent / n).read_text("utf-8", "replace")))
    named = any(_PLUGIN.match(word) for word in given.get("required_plugins", []))
    return PytestFile(path.name, given.get("addopts", []), named, next(hides, None))


def _may_hold(folder: Path) -> bool:
    """Whether there is any file that pytest could read: to import it takes longer than the rest."""
    suffixes = (".toml", ".ini", ".cfg")
    return folder.is_dir() and any(path.suffix in suffixes for path in folder.iterdir())


def _words(value: object) -> list[str]:
    return list(map(str, value)) if isinstance(value, list) else shlex.split(str(value))
