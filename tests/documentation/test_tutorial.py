"""The lessons, followed by a reader who copies each file and each command.

The one that deploys needs an engine: tests/live/test_first_deployment.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.documentation.lessons import follow

if TYPE_CHECKING:
    from pathlib import Path


def test_the_first_api_check_turns_green_red_and_green(tmp_path: Path) -> None:
    follow("first-api-check", tmp_path)


@pytest.mark.browser
def test_the_first_browser_check_sees_what_an_api_check_does_not(
    tmp_path: Path, chromium: None
) -> None:
    follow("first-browser-check", tmp_path, "first-api-check")


def test_the_first_gate_decides_without_docker(tmp_path: Path) -> None:
    follow("first-gate", tmp_path, "first-api-check")
