"""What would be published holds what is kept in git, and nothing beside it."""

from __future__ import annotations

import tarfile
import zipfile
from typing import TYPE_CHECKING

from tests.repository import kept

if TYPE_CHECKING:
    from tests.installed.distributions import Distributions


def test_the_source_distribution_is_the_repository(distributions: Distributions) -> None:
    with tarfile.open(distributions.source) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    # The tests run from it and the pages lead through it, so that all of them need all of it.
    assert held == {str(path) for path in kept()} | {"PKG-INFO"}


def test_the_wheel_is_the_package(distributions: Distributions) -> None:
    with zipfile.ZipFile(distributions.wheel) as archive:
        names = archive.namelist()
    (said_of_itself,) = {name.partition("/")[0] for name in names if ".dist-info/" in name}
    package = {str(path) for path in kept("pytest_storedog_gate")}
    licences = {"LICENSE", *(name for name in package if name.endswith(".LICENSE"))}
    said = ("METADATA", "WHEEL", "RECORD", "entry_points.txt", *(f"licenses/{x}" for x in licences))
    assert set(names) == package | {f"{said_of_itself}/{name}" for name in said}
