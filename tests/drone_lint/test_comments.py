"""`# storedog:` comments: what they change, and what is said of those in vain."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_storedog_gate.drone_lint.cli import main
from tests.drone_lint.cases import CASES
from tests.drone_lint.linted import linted


def test_what_is_ignored_is_shown_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(CASES["ignored"].path)]) == 0
    assert "error[failure-ignored] (ignored: the shop is closed at night): " in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("comment", "level"),
    [
        ("ignore[failure-ignored]", "error"),
        ("ignore[failure] because", "error"),
        ("ignroe[failure-ignored] because", "error"),
        ("ignore[detached] it is not", "note"),
        ("produktion", "error"),
    ],
)
def test_a_comment_without_reason_or_effect_is_a_finding(comment: str, level: str) -> None:
    text = CASES["ignored"].path.read_text("utf-8")

    report = linted(Path("a.yml"), re.sub(r"storedog: ignore.*", f"storedog: {comment}", text))

    assert [str(f.level) for f in report.findings if f.rule == "comment"] == [level]
    assert not any(f.ignored for f in report.findings)
    assert "failure-ignored" in [f.rule for f in report.findings]


def test_production_named_at_no_step_is_a_finding() -> None:
    text = "# storedog: production\n" + CASES["sound"].path.read_text("utf-8")

    assert [f.rule for f in linted(Path("a.yml"), text).findings] == ["comment"]
