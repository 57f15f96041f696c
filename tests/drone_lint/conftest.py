"""The real Drone runner and builds by it, and the real pytest for a gate's commands."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.conftest import WITHOUT_OTHERS
from tests.drone_lint.drone_runner import runner, stand_in_image, submit

__all__ = ["runner", "stand_in_image", "submit"]

_PYTEST = f"""\
#!{sys.executable}
import sys
from pytest import console_main
sys.argv[1:1] = {WITHOUT_OTHERS}
sys.exit(console_main())
"""


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH with pytest's own program, which does not load what only takes it long to load."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "pytest").write_text(_PYTEST)
    (folder / "pytest").chmod(0o755)
    return f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"
