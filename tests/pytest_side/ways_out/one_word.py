"""What a run says at its end, in every place where it says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from tests.conftest import GateProject


def assert_one_word(project: GateProject, result: pytest.RunResult) -> None:
    """What is printed last is what the process ends with, and what the report says."""
    words = [line for line in result.outlines if line.startswith("GATE ")]
    report = project.report()
    status = result.ret & 0xFF
    assert words, f"{result.stdout}{result.stderr}"
    assert words[-1].endswith(f"exit status {status}")
    assert report["exit_status"] == status
    assert f"GATE {str(report['state']).upper()} " in words[-1]
    assert (report["state"] == "open") == (status == 0)
