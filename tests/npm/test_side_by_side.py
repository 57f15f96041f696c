"""The real datadog-ci and the plugin, against the same service with the same files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.npm.both import public_id_of
from tests.npm.faults import IN_THE_DOCUMENT
from tests.npm.scenarios import SCENARIOS
from tests.npm.table import Row, differences, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from tests.npm.both import Run, Scenario

pytestmark = pytest.mark.npm

Json = dict[str, Any]
ROWS = {row.name: row for row in rows()}
# Documented in docs/explanation/differences.md, each with a test of its own below.
OTHER_PAYLOADS = {"suite", "falsy override", "variables in two places"}
ALL_SKIPPED = next(name for name in ROWS if "EXECUTION_RULE=skipped" in name)
OTHER_CALLS = {ALL_SKIPPED, "suite"}
OTHER_OUTCOMES = {
    "429 with a long Retry-After",
    "never-ending batch",
    "once 503 on the trigger",
    "skipped in git",
    "suite",
    "timeout",
}


@pytest.fixture(scope="module")
def runs(
    submit: Callable[[str, Scenario], Future[tuple[Run, Run]]],
) -> Mapping[str, Future[tuple[Run, Run]]]:
    """Both runs of each scenario and row, by its name; all have been started.

    A row that is a scenario, too, is run once: the longest of all is.
    """
    scenarios = {name: expected.scenario for name, expected in SCENARIOS.items()}
    scenarios |= {name: row.scenario for name, row in ROWS.items()}
    # The longest ones first.
    order = sorted(scenarios, key=lambda name: "never" not in name)
    started: list[tuple[Scenario, Future[tuple[Run, Run]]]] = []
    by_name = {}
    for name in order:
        same = (run for scenario, run in started if scenario == scenarios[name])
        if (found := next(same, None)) is None:
            found = submit(f"run{len(started)}", scenarios[name])
            started.append((scenarios[name], found))
        by_name[name] = found
    return by_name


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_tool_ends_as_expected(runs: Mapping[str, Future[Any]], name: str) -> None:
    theirs, ours = runs[name].result()
    expected = SCENARIOS[name]
    assert theirs.status == expected.theirs, theirs.output
    assert ours.status == expected.ours, ours.output
    if name not in OTHER_OUTCOMES:
        assert theirs.outcomes == ours.outcomes == expected.outcomes
        assert theirs.places == ours.places


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in OTHER_PAYLOADS])
def test_both_trigger_the_same(runs: Mapping[str, Future[Any]], name: str) -> None:
    theirs, ours = runs[name].result()
    assert ours.tests == theirs.tests != [], ours.output
    assert ours.triggers[-1].get("metadata") == theirs.triggers[-1].get("metadata")


@pytest.mark.parametrize("name", sorted({*SCENARIOS, *ROWS} - OTHER_CALLS))
def test_at_most_twice_the_calls_of_datadog_ci(runs: Mapping[str, Future[Any]], name: str) -> None:
    theirs, ours = runs[name].result()
    assert len(ours.calls) <= 2 * _usual_calls(theirs), [call.path for call in ours.calls]


def test_only_datadog_ci_asks_for_results_that_have_not_ended(
    runs: Mapping[str, Future[Any]],
) -> None:
    theirs, ours = runs["never-ending batch"].result()
    assert len(theirs.named("results")) == len(theirs.named("batch")) > 1
    assert ours.named("results") == []


def _usual_calls(theirs: Run) -> int:
    """datadog-ci's calls; on a busy machine a batch may have ended before its first question.

    Then its second cycle, of two calls, is missing, which is no matter of the tools.
    """
    seen_at_once = len(theirs.named("batch")) == len(theirs.named("results")) == 1
    return len(theirs.calls) + (2 if seen_at_once else 0)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_row_of_the_document(runs: Mapping[str, Future[Any]], row: Row) -> None:
    theirs, ours = runs[row.name].result()
    assert row.their_status == 0, "the table is about what is green there"
    assert row.our_status != 0
    assert theirs.status == row.their_status, theirs.output
    assert ours.status == row.our_status, ours.output


def test_the_document_uses_every_fault() -> None:
    used = {row.happens.partition(", with ")[0] for row in ROWS.values()}
    assert set(IN_THE_DOCUMENT) <= used
    assert len(ROWS) >= 25


def test_only_the_gate_forbids_a_selective_rerun(runs: Mapping[str, Future[Any]]) -> None:
    theirs, ours = runs["pass"].result()
    assert theirs.triggers[0]["options"] == {"batch_timeout": 1_800_000}
    assert ours.triggers[0]["options"] == {"batch_timeout": 1_800_000, "selective_rerun": False}


def test_only_the_gate_sends_a_falsy_override(runs: Mapping[str, Future[Any]]) -> None:
    theirs, ours = runs["falsy override"].result()
    assert theirs.tests == [{"public_id": "pas-ses-one"}]
    assert ours.tests == [{"public_id": "pas-ses-one", "followRedirects": False}]


def test_only_the_gate_adds_variables_to_the_defaults(runs: Mapping[str, Future[Any]]) -> None:
    theirs, ours = runs["variables in two places"].result()
    assert theirs.tests == [{"public_id": "pas-ses-one", "variables": {"A": "1"}}]
    assert ours.tests == [{"public_id": "pas-ses-one", "variables": {"A": "1", "B": "2"}}]


def test_the_gate_triggers_the_tests_of_a_suite(runs: Mapping[str, Future[Any]]) -> None:
    theirs, ours = runs["suite"].result()
    assert theirs.tests == [{"public_id": "sui-tex-one"}]
    assert [public_id_of(one) for one in ours.tests] == ["pas-ses-one", "pas-ses-two"]
    assert ours.outcomes == {"pas-ses-one": "passed", "pas-ses-two": "passed"}
    members = [call for call in ours.named("test") if "pas-ses" in call.path]
    assert len(members) == 2
    assert len(ours.calls) - len(members) <= 2 * _usual_calls(theirs)


def test_a_relaxed_check_is_refused_before_the_trigger(runs: Mapping[str, Future[Any]]) -> None:
    for public_id in ("non-blo-bad", "ski-ppe-dxx"):
        row = next(row for row in rows() if row.theirs == f"-p {public_id}")
        _, ours = runs[row.name].result()
        assert ours.triggers == []
        assert f"{public_id} (" in ours.output


def test_the_gate_never_repeats_a_trigger_that_may_have_been_accepted(
    runs: Mapping[str, Future[Any]],
) -> None:
    theirs, ours = runs["once 503 on the trigger"].result()
    assert len(theirs.triggers) == 2
    assert len(ours.triggers) == 1


def test_a_timeout_is_no_verdict(runs: Mapping[str, Future[Any]]) -> None:
    theirs, ours = runs["timeout"].result()
    assert theirs.outcomes == {"slo-wxx-one": "failed"}
    assert ours.outcomes == {"slo-wxx-one": "no verdict"}


def test_what_git_skips_has_no_verdict(runs: Mapping[str, Future[Any]]) -> None:
    theirs, ours = runs["skipped in git"].result()
    assert theirs.outcomes == {"pas-ses-one": "passed"}
    assert ours.outcomes == {"pas-ses-one": "passed", "fai-lsx-one": "no verdict"}


def test_only_the_gate_follows_retry_after(runs: Mapping[str, Future[Any]]) -> None:
    theirs, ours = runs["429 with a long Retry-After"].result()
    assert theirs.outcomes == {"pas-ses-one": "passed"}
    assert len(theirs.named("batch")) > 1, theirs.output
    assert len(ours.named("batch")) == 1, ours.output


def test_several_places_have_a_result_each(runs: Mapping[str, Future[Any]]) -> None:
    _, devices = runs["two devices"].result()
    assert [place[2] for place in devices.places] == ["chrome.laptop_large", "firefox.tablet"]
    _, locations = runs["two locations"].result()
    assert len({place[1] for place in locations.places}) == 2


def test_only_datadog_ci_asks_for_settings(runs: Mapping[str, Future[Any]]) -> None:
    theirs, ours = runs["pass"].result()
    assert len(theirs.named("settings")) == 1
    assert ours.named("settings") == []


def test_the_gate_triggers_even_what_is_all_skipped(runs: Mapping[str, Future[Any]]) -> None:
    theirs, ours = runs[ALL_SKIPPED].result()
    assert (len(theirs.calls), theirs.triggers) == (2, [])
    assert (len(ours.calls), len(ours.triggers)) == (3, 1)


HELD_BY = {
    "rerun": test_only_the_gate_forbids_a_selective_rerun,
    "falsy overrides": test_only_the_gate_sends_a_falsy_override,
    "test file and defaults": test_only_the_gate_adds_variables_to_the_defaults,
    "suites": test_the_gate_triggers_the_tests_of_a_suite,
    "stored rule": test_a_relaxed_check_is_refused_before_the_trigger,
    "trigger answered 5xx": test_the_gate_never_repeats_a_trigger_that_may_have_been_accepted,
    "timeout": test_a_timeout_is_no_verdict,
    "skipped in git": test_what_git_skips_has_no_verdict,
    "Retry-After": test_only_the_gate_follows_retry_after,
    "polling": test_only_datadog_ci_asks_for_results_that_have_not_ended,
    "settings": test_only_datadog_ci_asks_for_settings,
    "everything skipped in git": test_the_gate_triggers_even_what_is_all_skipped,
}


def test_each_documented_difference_has_its_test() -> None:
    assert differences() == list(HELD_BY)
