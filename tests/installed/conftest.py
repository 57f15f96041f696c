"""What the tests of an installation share, as each takes a second or more to make."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.installed.distributions import Distributions, build
from tests.installed.strangers import Stranger, install
from tests.local_synthetics.conftest import target

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["target"]


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """What would be published of this repository as it stands."""
    return build(tmp_path_factory.mktemp("distributions"))


@pytest.fixture(scope="session")
def installed(distributions: Distributions, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the wheel, and with what its extras name."""
    environment = tmp_path_factory.mktemp("installed") / "venv"
    wheel = f"{distributions.wheel}[local,browser,lint,completion]"
    return install(environment, sys.executable, wheel)


@pytest.fixture
def stranger(installed: Path, tmp_path: Path) -> Stranger:
    """In an empty folder."""
    folder = tmp_path / "empty"
    folder.mkdir()
    return Stranger(installed, folder)
