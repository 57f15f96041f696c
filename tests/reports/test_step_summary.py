"""The verdict in the summary of an Actions job."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.conftest import GateProject


def test_the_summary_follows_what_the_step_has_written(
    both_ways: GateProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# Tests\n\n", "utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    both_ways.shop.answers["/discount"] = (500, "{}")
    assert both_ways.run().ret == 1
    lines = summary.read_text("utf-8").splitlines()
    assert lines[:3] == ["# Tests", "", "**GATE CLOSED for staging: 1/2 checks passed**"]
    assert any("dis-cou-nts" in line and "expected is 200, actual 500" in line for line in lines)


def test_a_summary_that_cannot_be_written_changes_nothing_but_a_line(
    project: GateProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no" / "summary.md"))
    result = project.run()
    assert result.ret == 0
    assert result.outlines[-2].startswith(f"no summary in {tmp_path}")
    assert result.outlines[-2].endswith("summary.md: No such file or directory")
