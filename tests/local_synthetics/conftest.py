"""The target and the service that most tests need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.support.service import Service, Target, serving, targeting

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def target() -> Iterator[Target]:
    with targeting() as running:
        yield running


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """A service without definitions: tests bring theirs in the trigger."""
    with serving() as running:
        yield running
