"""The reports of real runs fit the published schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.verdicts.records import faults

if TYPE_CHECKING:
    from tests.conftest import GateProject


def test_reports_of_real_runs_fit(any_mode: GateProject) -> None:
    assert any_mode.run().ret == 0
    assert faults(any_mode.report()) == []
    assert any_mode.report()["mode"] == "decides"
    assert any_mode.run("--storedog-deploy=never").ret == 0
    assert faults(any_mode.report()) == []
    assert any_mode.report()["mode"] == "checks only"
    any_mode.shop.answers["/discount"] = (500, "{}")
    assert any_mode.run().ret == 1
    assert faults(any_mode.report()) == []
    assert any_mode.run("--synthetics-url=http://127.0.0.1:9").ret == 8
    assert faults(any_mode.report()) == []
    assert any_mode.report()["state"] == "inconclusive"


def test_a_report_of_a_narrowed_run_says_so(project: GateProject) -> None:
    assert project.run("--storedog-deploy=never", "-k", "hea-lth-chk").ret == 0
    assert faults(project.report()) == []
    assert project.report()["mode"] == "narrowed"
