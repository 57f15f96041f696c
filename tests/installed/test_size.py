"""What an installation weighs beyond pytest: the core, and the local service."""

from __future__ import annotations

import tomllib
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
_PACKAGE = ROOT / "pytest_storedog_gate"


def wanted(lines: Iterable[str], extra: str = "") -> set[str]:
    """The names of all that these requirements lead to, as it is installed here."""
    found: set[str] = set()
    for line in lines:
        needed = Requirement(line)
        if needed.marker is None or needed.marker.evaluate({"extra": extra}):
            found.add(canonicalize_name(needed.name))
            for more in ("", *needed.extras):
                found |= wanted(distribution(needed.name).requires or (), more)
    return found


def weight(paths: Iterable[Path]) -> float:
    """The files' MiB, without what Python compiles itself."""
    sizes = [path.stat().st_size for path in paths if path.suffix != ".pyc" and path.is_file()]
    assert sizes
    return sum(sizes) / 2**20


@pytest.mark.parametrize(("extra", "most"), [("", 11), ("local", 70)])
def test_an_installation_is_small(extra: str, most: float) -> None:
    lines = [*_PROJECT["dependencies"], *_PROJECT["optional-dependencies"].get(extra, [])]
    names = wanted(lines) - wanted(["pytest"])
    weights = {
        name: weight(Path(str(file.locate())) for file in distribution(name).files or ())
        for name in names
    }
    weights["what is written here"] = weight(_PACKAGE.rglob("*"))
    assert "docker" in names
    assert sum(weights.values()) < most, sorted(weights.items(), key=lambda one: -one[1])
