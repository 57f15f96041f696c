"""The tutorial's lesson that deploys, followed on a real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.documentation.lessons import follow
from tests.live.images.factory import BASE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.live.images.factory import ImageFactory

pytestmark = pytest.mark.live


def test_a_version_whose_check_fails_is_put_back(tmp_path: Path, images: ImageFactory) -> None:
    follow("first-deployment", tmp_path, "first-api-check", **{"python:3.13-slim": BASE})
