"""Each place that was asked for needs a result, and an odd entry costs its check alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.datadog.batch import Batch
from pytest_storedog_gate.datadog.client import Triggered
from pytest_storedog_gate.datadog.models import Place, Status
from tests.datadog.fake import Answer

if TYPE_CHECKING:
    from pytest_storedog_gate.datadog.client import SyntheticsClient
    from tests.datadog.fake import FakeDatadog
from tests.datadog.batches import ENDED, A, B, details, entry, follow, state


def test_every_location_and_device_counts(client: SyntheticsClient, datadog: FakeDatadog) -> None:
    places = [
        entry(result_id="1", location="aws:x"),
        entry(result_id="2", location="aws:y", device={"id": "mobile_small"}),
        entry(status="failed", result_id="3", location="aws:y", device={"id": "laptop_large"}),
    ]
    datadog.script = {
        "/ci/batch/b": [state(*places, status="failed")],
        "/poll_results": [details(("1", {}), ("2", {}), ("3", {}))],
    }
    outcome = follow(client, A)[A]
    assert outcome.status is Status.FAILED
    assert [r.device for r in outcome.results] == ["", "laptop_large", "mobile_small"]
    assert outcome.decisive.device == "laptop_large"


@pytest.mark.parametrize("order", [("passed", "failed"), ("failed", "passed")])
def test_failure_is_not_hidden_by_another_result_at_the_same_place(
    client: SyntheticsClient, datadog: FakeDatadog, order: tuple[str, str]
) -> None:
    both = [entry(status=status, result_id=status) for status in order]
    datadog.script = {
        "/ci/batch/b": [state(*both, status="failed")],
        "/poll_results": [details(("passed", {}), ("failed", {}))],
    }
    outcome = follow(client, A)[A]
    assert outcome.status is Status.FAILED
    assert len(outcome.results) == 2


@pytest.mark.parametrize(
    ("told", "passed"),
    [("X (AWS)", True), ("aws:x", True), ("Y (AWS)", False)],
)
@pytest.mark.parametrize("as_object", [True, False])
def test_location_of_the_details_may_be_the_name_that_the_trigger_told(
    client: SyntheticsClient, datadog: FakeDatadog, told: str, passed: bool, as_object: bool
) -> None:
    location = {"id": "30005", "name": told} if as_object else told
    datum = {"id": f"id-{A}", "attributes": {"location": location, "result": ENDED}}
    datadog.script = {
        "/ci/batch/b": [state(entry())],
        "/poll_results": [Answer({"data": [datum]})],
    }
    assert (follow(client, A)[A].status is Status.PASSED) is passed


EAST, OFFICE = "aws:eu-central-1", "pl:office-abc"


@pytest.mark.parametrize(
    ("asked", "arrived", "lost"),
    [
        ([], [(EAST, "")], []),
        ([(EAST, ""), (OFFICE, "")], [(EAST, ""), (OFFICE, "")], []),
        ([(EAST, ""), (OFFICE, "")], [(EAST, "")], [(OFFICE, "")]),
        ([(EAST, ""), (OFFICE, "")], [(OFFICE, ""), (OFFICE, "")], [(EAST, "")]),
        ([(EAST, ""), (OFFICE, "")], [], [(EAST, ""), (OFFICE, "")]),
        ([(EAST, "")], [(EAST, ""), (OFFICE, "")], []),
        ([(EAST, "")], [(EAST, "tablet")], []),
        ([(EAST, "tablet"), (EAST, "f.tablet")], [(EAST, "tablet")], [(EAST, "f.tablet")]),
        ([(EAST, "tablet")], [(EAST, "chrome.tablet")], []),
        ([(EAST, "chrome.tablet")], [(EAST, "tablet")], []),
        ([(EAST, "tablet")], [(EAST, "f.tablet")], [(EAST, "tablet")]),
        ([("", "tablet")], [(EAST, "tablet")], []),
        ([("", "tablet")], [(EAST, "f.tablet")], [("", "tablet")]),
    ],
)
def test_every_place_that_was_asked_for_needs_a_result(
    client: SyntheticsClient,
    datadog: FakeDatadog,
    asked: list[tuple[str, str]],
    arrived: list[tuple[str, str]],
    lost: list[tuple[str, str]],
) -> None:
    entries = [
        entry(result_id=str(number), location=location, device=device)
        for number, (location, device) in enumerate(arrived)
    ]
    datadog.script = {
        "/ci/batch/b": [state(*entries)],
        "/poll_results": [details(*((str(number), {}) for number in range(len(arrived))))],
    }
    batch = Batch(client, Triggered("b", {EAST: "East"}), {A: [Place(*one) for one in asked]})
    (outcome,) = batch.outcomes()
    assert outcome.status is (Status.NO_VERDICT if lost else Status.PASSED)
    missing = [result for result in outcome.results if result.status is Status.NO_VERDICT]
    assert [(one.reason, one.location, one.device) for one in missing] == [
        (
            f"no result arrived from {' on '.join(filter(None, (location, device)))}",
            "East" if location == EAST else location,
            device,
        )
        for location, device in lost
    ]


def test_device_that_only_the_details_tell_is_one(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    datum = {"id": f"id-{A}", "attributes": {"device": {"id": "tablet"}, "result": ENDED}}
    datadog.script = {
        "/ci/batch/b": [state(entry())],
        "/poll_results": [Answer({"data": [datum]})],
    }
    for device, status in (("tablet", Status.PASSED), ("mobile_small", Status.NO_VERDICT)):
        batch = Batch(client, Triggered("b", {}), {A: [Place("aws:x", device)]})
        (outcome,) = batch.outcomes()
        assert outcome.status is status


@pytest.mark.parametrize(
    ("left_out", "reason"),
    [
        ({"location": None}, "the batch says passed, and not at which location"),
        ({"device": None}, "the batch says passed, and nothing says on which device"),
    ],
)
def test_pass_that_does_not_say_where_it_ran_is_none(
    client: SyntheticsClient, datadog: FakeDatadog, left_out: dict[str, Any], reason: str
) -> None:
    datadog.script = {
        "/ci/batch/b": [state(entry(**{"device": "tablet", **left_out}))],
        "/poll_results": [details((f"id-{A}", {}))],
    }
    batch = Batch(client, Triggered("b", {}), {A: [Place("aws:x", "tablet")]})
    (outcome,) = batch.outcomes()
    assert [result.reason for result in outcome.results] == [reason]


def test_place_that_has_not_joined_yet_is_waited_for(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    late = entry(status="failed", result_id="2", location="aws:y")
    datadog.script = {
        "/ci/batch/b": [
            state(entry(), entry(B), status="in_progress"),
            state(entry(), entry(B), late, status="failed"),
        ],
        "/poll_results": [details((f"id-{A}", {}), (f"id-{B}", {}), ("2", {}))],
    }
    places = {A: [Place("aws:x"), Place("aws:y")], B: [Place("aws:x")]}
    outcomes = Batch(client, Triggered("b", {}), places).outcomes()
    assert next(outcomes).public_id == B
    assert next(outcomes).status is Status.FAILED


def test_skipped_check_is_one_result_wherever_it_was_asked_for(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    skipped = {"test_public_id": A, "execution_rule": "skipped", "status": "skipped"}
    datadog.script["/ci/batch/b"] = [state(skipped)]
    places = {A: [Place("aws:x"), Place("aws:y")]}
    (outcome,) = Batch(client, Triggered("b", {}), places).outcomes()
    assert [result.status for result in outcome.results] == [Status.NO_VERDICT]
