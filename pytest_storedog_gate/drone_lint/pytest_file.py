"""Pytest's configuration beside a pipeline file, found as pytest itself finds it."""

from __future__ import annotations

import functools
import os
import re
import shlex
from pathlib import Path, PurePath
from typing import NamedTuple

from pytest_storedog_gate.drone_lint.script import arguments

_READ = ("addopts", "required_plugins")
_PLUGIN = re.compile(r"(?<![\w.-])pytest-storedog-gate(?![\w.-])")


class PytestFile(NamedTuple):
    """What the file says; `hides` is one that requires the plugin and is not read."""

    name: str
    addopts: str
    requires_plugin: bool
    hides: str | None


@functools.cache
def read(root: Path, folder: PurePath, words: str) -> PytestFile | None:
    """The one that pytest reads in that folder below `root` for these arguments."""
    paths = [root / folder / word.partition("::")[0] for word in words.split() if word[0] != "-"]
    paths = [path for path in paths if path.exists()] or [root / folder]
    base = Path(os.path.normpath(os.path.commonpath(paths)))
    # It has no public name, and to say it again here would be wrong with the next pytest.
    from _pytest.config.findpaths import locate_config  # noqa: PLC0415
    from _pytest.outcomes import Failed  # noqa: PLC0415

    try:
        _, path, settings, hidden = locate_config(base, [base])
        addopts, required = (_words(settings[k].value) if k in settings else "" for k in _READ)
    except (Exception, Failed):  # noqa: BLE001
        return None  # what pytest cannot read either does not end it with 0
    is_none = path is not None and path.name == "pyproject.toml" and not settings
    if path is None or is_none or not path.is_relative_to(root):
        return None
    hides = (n for n in hidden if _PLUGIN.search((path.parent / n).read_text("utf-8", "replace")))
    return PytestFile(path.name, addopts, bool(_PLUGIN.search(required)), next(hides, None))


def _words(value: object) -> str:
    """As a gate's arguments are written."""
    return arguments([*map(str, value)] if isinstance(value, list) else shlex.split(str(value)))
