"""Where this repository is, and what is kept of it."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def kept(*folders: str) -> list[Path]:
    """The files that git keeps, or would; skips in an unpacked source distribution."""
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout: only git tells which files are the repository's")
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"]
    done = subprocess.run([*listed, *folders], cwd=ROOT, capture_output=True, check=True)
    named = (Path(one) for one in done.stdout.decode().rstrip("\0").split("\0"))
    return [path for path in named if (ROOT / path).exists()]
