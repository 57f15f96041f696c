"""A shop to take steps in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import (
        Target,
    )


@pytest.fixture
def shop(target: Target) -> Target:
    target.answer_json("/discount", [{"code": "BFRIDAY"}, {"code": "OFF"}])
    target.answer("/down", status=503)
    target.answer("/apply")
    return target
