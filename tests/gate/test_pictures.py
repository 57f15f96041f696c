"""The pictures for the page of a run, which others may still follow."""

from __future__ import annotations

from pytest_storedog_gate.datadog.calling.endpoint import Endpoint
from pytest_storedog_gate.datadog.client import SyntheticsClient
from pytest_storedog_gate.datadog.models import CheckOutcome, Result, Status, Step
from pytest_storedog_gate.gate import pictures
from tests.datadog.conftest import SimulatedTime

SHOWN = Step("pay", Status.FAILED, screenshot=f"/local/screenshots/{'0' * 32}")
FAILED = Result("aaa-aaa-aaa", "the shop", Status.FAILED, "no button", steps=(SHOWN,))


def test_a_service_that_does_not_answer_is_asked_for_5_s_and_leaves_batches_their_time() -> None:
    time = SimulatedTime()
    client = SyntheticsClient(Endpoint.of_url("http://127.0.0.1:1"), None, time.clock)
    client.deadline = 1000.0
    assert pictures.taken(client, [CheckOutcome("aaa-aaa-aaa", (FAILED,))]) == {}
    assert client.calls >= 1
    assert time.now <= 5.0
    assert client.deadline == 1000.0
    client.close()
