"""The examples of the documentation, as they stand there, and packages that hold them."""

from __future__ import annotations

import importlib
import re
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tests.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = re.compile(r"```\w+\n(.*?)```", re.DOTALL)


def example(title: str, page: str = "deployers.md") -> str:
    """The one of a page whose first line has this in it."""
    blocks = _BLOCK.findall((ROOT / "docs" / "how-to" / page).read_text("utf-8"))
    (found,) = (text for text in blocks if title in text.partition("\n")[0])
    return str(found)


def module(title: str, **changed: Any) -> ModuleType:
    """The example as a module, with other values of some of its names."""
    made = ModuleType("example")
    exec(compile(example(title), "docs/how-to/deployers.md", "exec"), vars(made))  # noqa: S102
    vars(made).update(changed)
    return made


def install(folder: Path, name: str, entry: str, **modules: str) -> None:
    """What an installation leaves of a package: its modules, and what it says of itself."""
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text, "utf-8")
    said = folder / f"{name}-1.0.dist-info"
    said.mkdir()
    (said / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
    (said / "entry_points.txt").write_text(f"[storedog_gate.strategies]\n{entry}\n", "utf-8")
    importlib.invalidate_caches()
