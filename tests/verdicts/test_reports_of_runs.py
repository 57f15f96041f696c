"""The reports of real runs fit the published schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.verdicts.schema import faults

if TYPE_CHECKING:
    from tests.conftest import GateProject


def test_reports_of_real_runs_fit(gate: GateProject) -> None:
    assert gate.run().ret == 0
    assert faults(gate.report()) == []
    assert gate.report()["mode"] == "decides"
    assert gate.run("--storedog-deploy=never").ret == 0
    assert faults(gate.report()) == []
    assert gate.report()["mode"] == "checks only"
    gate.shop.answers["/discount"] = (500, "{}")
    assert gate.run().ret == 1
    assert faults(gate.report()) == []
    assert gate.run("--synthetics-url=http://127.0.0.1:9").ret == 8
    assert faults(gate.report()) == []
    assert gate.report()["state"] == "inconclusive"


def test_a_report_of_a_narrowed_run_says_so(project: GateProject) -> None:
    assert project.run("--storedog-deploy=never", "-k", "hea-lth-chk").ret == 0
    assert faults(project.report()) == []
    assert project.report()["mode"] == "narrowed"
