"""JUnit's cases beside those of the items: results, the end, and what never ran."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from _pytest.junitxml import LogXML

from pytest_storedog_gate.datadog.models import CheckOutcome, Result, Status
from pytest_storedog_gate.pytest_side.reporting.junit import Writers
from pytest_storedog_gate.reports import junit
from pytest_storedog_gate.verdicts.rule import CheckVerdict, State, Verdict
from tests.conftest import junit_cases
from tests.reports.stand_ins import config_of, outcome, record_on, verdict_on

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.conftest import GateProject

PASSED, FAILED, NO_VERDICT = Status.PASSED, Status.FAILED, Status.NO_VERDICT
ITEM = "storedog.toml::test_check[staging-abc-def-ghi]"
OWN = "test_mine.py::test_mine"


@pytest.fixture
def writer(tmp_path: Path) -> LogXML:
    """The writer of pytest itself, at work."""
    xml = LogXML(str(tmp_path / "junit.xml"), None)
    xml.pytest_sessionstart()
    return xml


def written(writer: LogXML) -> dict[str, str]:
    writer.pytest_sessionfinish()
    return junit_cases(Path(writer.logfile))


def cases(
    writer: LogXML, verdict: Verdict, passed: Collection[str] = (), items: Collection[str] = (ITEM,)
) -> dict[str, str]:
    """The cases but the verdict's, which is the last one."""
    node_ids = dict.fromkeys(items, "abc-def-ghi")
    Writers(config_of(writer)).add(junit.cases(record_on(verdict), node_ids, passed), lambda _: 0)
    found = written(writer)
    assert found.popitem()[0] == "verdict[staging]"
    return found


@pytest.mark.parametrize(
    ("places", "names"),
    [
        ([("Frankfurt", "")], []),
        ([("Frankfurt", ""), ("Ohio", "chrome")], ["Frankfurt", "Ohio - chrome"]),
        ([("Frankfurt", "")] * 3, ["Frankfurt", "Frankfurt (2)", "Frankfurt (3)"]),
        (
            [("Frankfurt (2)", ""), ("Frankfurt", ""), ("Frankfurt", "")],
            ["Frankfurt (2)", "Frankfurt", "Frankfurt (3)"],
        ),
        ([("", ""), ("", "")], ["unknown location", "unknown location (2)"]),
        ([("", "chrome"), ("Ohio", "")], ["unknown location - chrome", "Ohio"]),
        ([("A\nB", ""), ("A B", "")], ["A B", "A B (2)"]),
        ([("a::b[c]", ""), ("d]", "")], ["a::b[c]", "d]"]),
    ],
)
def test_each_result_has_a_name_of_its_own(
    writer: LogXML, places: list[tuple[str, str]], names: list[str]
) -> None:
    results = [
        Result("abc-def-ghi", "the list", PASSED, "", location=location, device=device)
        for location, device in places
    ]
    verdict = verdict_on(CheckOutcome("abc-def-ghi", tuple(results)))
    found = cases(writer, verdict, items=[ITEM, OWN])
    assert list(found) == [
        *(f"test_check[staging-abc-def-ghi - {name}]" for name in names),
        *(f"test_mine[{name}]" for name in names),
    ]


@pytest.mark.parametrize(
    ("status", "passed", "items"),
    [
        (FAILED, [ITEM], {"test_check[staging-abc-def-ghi - at the end]": "failure"}),
        (NO_VERDICT, [ITEM], {"test_check[staging-abc-def-ghi - at the end]": "error"}),
        (FAILED, [], {}),
        (PASSED, [ITEM], {}),
    ],
)
def test_a_check_that_did_not_pass_after_all_is_not_only_green(
    writer: LogXML, status: Status, passed: list[str], items: dict[str, str]
) -> None:
    verdict = verdict_on(outcome("abc-def-ghi", status, "body: actual 1"))
    assert cases(writer, verdict, passed) == items
    assert ("body: actual 1" in Path(writer.logfile).read_text("utf-8")) is (status is not PASSED)


def test_a_test_that_was_no_clean_pass_is_not_only_green(writer: LogXML) -> None:
    result = outcome("abc-def-ghi", PASSED)
    check = CheckVerdict("abc-def-ghi", State.INCONCLUSIVE, "its test ran 2 times", result)
    verdict = Verdict(State.INCONCLUSIVE, 8, (), (check,))
    assert cases(writer, verdict, [ITEM]) == {
        "test_check[staging-abc-def-ghi - at the end]": "error"
    }
    assert ">its test ran 2 times</error>" in Path(writer.logfile).read_text("utf-8")


def test_a_check_that_is_not_required_stays_as_its_item_is(writer: LogXML) -> None:
    (check,) = verdict_on(outcome("abc-def-ghi", FAILED)).checks
    verdict = Verdict(State.OPEN, 0, (), (replace(check, required=False),))
    assert cases(writer, verdict, [ITEM]) == {}


def test_what_never_ran_is_an_error_with_the_reason(writer: LogXML) -> None:
    node_ids = {ITEM: "abc-def-ghi", OWN: "jkl-mno-pqr"}
    cases = junit.not_run(node_ids, "Datadog does not know xyz-xyz-xyz\n\x1b[2J")
    Writers(config_of(writer)).add(cases, lambda _: 0)
    assert written(writer) == {"test_check[staging-abc-def-ghi]": "error", "test_mine": "error"}
    first, second = ET.parse(writer.logfile).iter("testcase")  # noqa: S314  # our own
    assert first.findtext("error") == "Datadog does not know xyz-xyz-xyz\n\\x1b[2J"
    assert [one.attrib["value"] for one in second.iter("property")] == ["jkl-mno-pqr"]


def test_the_name_of_a_check_is_a_property() -> None:
    known = dict(junit.properties(outcome("abc-def-ghi", PASSED).decisive))
    assert known["test_name"] == "check abc-def-ghi"
    hostile = replace(outcome("abc-def-ghi", PASSED).decisive, name="Shop\nGATE OPEN\x1b")
    assert dict(junit.properties(hostile))["test_name"] == r"Shop GATE OPEN\x1b"


def test_a_run_whose_report_hides_a_failure_is_not_only_green(by_turns: GateProject) -> None:
    by_turns.pytester.makeconftest(
        """
        import pytest

        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport():
            report = yield
            report.outcome, report.longrepr = "passed", None
            return report
        """
    )
    by_turns.shop.answers["/discount"] = (500, "{}")
    assert by_turns.run().ret == 1
    assert by_turns.junit() == {
        "test_check[staging-dis-cou-nts]": "passed",
        "test_check[staging-dis-cou-nts - at the end]": "failure",
        "test_check[staging-hea-lth-chk]": "passed",
        "verdict[staging]": "failure",
    }
