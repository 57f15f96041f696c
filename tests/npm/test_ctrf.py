"""What the gate adds to a CTRF file is CTRF, whatever is said: the reference library judges."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.reports import ctrf
from tests.npm.javascript import Node
from tests.reports.attacks import ATTACKS
from tests.reports.foreign_records import everywhere

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import GateProject

pytestmark = pytest.mark.npm
_VALIDATE = 'const answer = report => require("ctrf").validate(report).errors ?? [];'


def test_each_report_is_valid(node: str, modules: Path, project: GateProject) -> None:
    pytest.importorskip("ctrf")
    project.with_plugin("ctrf")
    project.shop.answers["/discount"] = (500, "".join(ATTACKS[:3]))
    assert project.run("--ctrf=ctrf.json").ret == 1
    report: dict[str, Any] = json.loads((project.path / "ctrf.json").read_text("utf-8"))
    tests = report["results"]["tests"]
    outcomes = (everywhere(attack).checks[0].outcome for attack in ATTACKS)
    added = [ctrf.of_check(one) for one in outcomes if one is not None]
    with Node(node, modules, _VALIDATE) as faults:
        assert faults(report) == []
        report["results"]["tests"] = [{**tests[0], **more} for more in added]
        assert faults(report) == []
        report["results"]["tests"] = [{**tests[0], "steps": ["no step"]}]
        assert faults(report)
