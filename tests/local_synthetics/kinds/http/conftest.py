"""A target behind TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.servers.certificates import Certificates
from tests.local_synthetics.support.secure import secure

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import Target


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def tls_target(target: Target, certificates: Certificates) -> Target:
    """A target that speaks HTTP/1.1 over TLS; `url` stays that of plain HTTP."""
    secure(target, certificates)
    return target
