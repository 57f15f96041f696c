"""What the tests of an installation share, as both take a second or more to make."""

from __future__ import annotations

import pytest

from tests.installed.distributions import Distributions, build


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """What would be published of this repository as it stands."""
    return build(tmp_path_factory.mktemp("distributions"))
