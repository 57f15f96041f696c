"""What would be published, built from this repository as it stands, and who builds it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.conftest import missing
from tests.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Distributions:
    """The source distribution, and the wheel that was built from it."""

    source: Path
    wheel: Path


def build(folder: Path) -> Distributions:
    """Builds both into the folder."""
    uv("build", "--quiet", "--out-dir", str(folder), str(ROOT))
    (source,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return Distributions(source, wheel)


def uv(*arguments: str) -> None:
    """Runs uv, which takes from the package index what it has not taken before; skips without."""
    command = [sys.executable, "-m", "uv", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        missing("index", f"uv {arguments[0]}: {done.stderr.strip()}")
