"""The properties of a test are looked at once, and masked in each of its reports."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_storedog_gate.pytest_side.reporting.masked_reports import MaskedReports
from pytest_storedog_gate.secrets.masking import MASK, Masker

SECRET = "hunter2-hunter2"


def shown(masked: MaskedReports, properties: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The properties of a report that was masked."""
    report = pytest.TestReport(
        "a.py::test", ("a.py", 1, "test"), {}, "passed", None, "call", user_properties=properties
    )
    masked(report)
    return report.user_properties


def test_each_report_of_a_test_is_masked() -> None:
    masked, told = MaskedReports(Masker([SECRET])), [("plain", "shop"), ("token", SECRET)]
    for _ in ("setup", "call", "teardown"):
        assert shown(masked, [*told]) == [("plain", "shop"), ("token", MASK)]
    assert told[1] == ("token", SECRET)


def test_what_a_later_phase_adds_is_masked_too() -> None:
    masked, told = MaskedReports(Masker([SECRET])), [("plain", "shop")]
    assert shown(masked, [*told]) == told
    assert shown(masked, [*told, ("token", SECRET)]) == [*told, ("token", MASK)]
    assert shown(masked, []) == []


def test_a_value_that_grows_between_two_reports_is_looked_at_again() -> None:
    masked, value = MaskedReports(Masker([SECRET])), ["shop"]
    told = [("values", value)]
    assert shown(masked, [*told]) == [("values", ["shop"])]
    value.append(SECRET)
    assert shown(masked, [*told]) == [("values", ["shop", MASK])]


def test_a_text_that_is_put_into_a_list_later_is_masked() -> None:
    masked, one = MaskedReports(Masker([SECRET])), ["token", "not known yet"]
    told: list[Any] = [one]  # as plugins write it that make no tuple of a property
    assert [*map(list, shown(masked, [*told]))] == [["token", "not known yet"]]
    one[1] = SECRET
    assert [*map(list, shown(masked, [*told]))] == [["token", MASK]]


def test_what_plugins_do_to_a_report_stays_in_that_report() -> None:
    masked, told = MaskedReports(Masker([SECRET])), [("plain", "shop")]
    shown(masked, [*told]).append(("more", "of a plugin"))
    assert shown(masked, [*told]) == told
