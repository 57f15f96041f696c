"""Batches as Datadog answers them, and how one is followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog.batch import GRACE, Batch
from pytest_storedog_gate.datadog.client import Triggered
from tests.datadog.fake import Answer

if TYPE_CHECKING:
    from pytest_storedog_gate.datadog.client import SyntheticsClient
    from pytest_storedog_gate.datadog.models import CheckOutcome

A, B = "aaa-aaa-aaa", "bbb-bbb-bbb"


ENDED = {"finished_at": 1}


def entry(public_id: str = A, status: object = "passed", **more: Any) -> dict[str, Any]:
    return {
        "test_public_id": public_id,
        "test_name": f"check {public_id}",
        "test_type": "api",
        "result_id": f"id-{public_id}",
        "location": "aws:x",
        "status": status,
        "execution_rule": "blocking",
        "duration": 1500,
        "retries": 0,
        "max_retries": 0,
        "timed_out": False,
        **more,
    }


def state(*entries: Any, status: object = "passed") -> Answer:
    return Answer({"data": {"status": status, "results": list(entries)}})


def details(*results: tuple[str, dict[str, Any]]) -> Answer:
    return Answer(
        {
            "data": [
                {"type": "result", "id": i, "attributes": {"result": {"finished_at": 1, **r}}}
                for i, r in results
            ]
        }
    )


def follow(client: SyntheticsClient, *public_ids: str) -> dict[str, CheckOutcome]:
    client.deadline = 60 + GRACE
    batch = Batch(client, Triggered("b", {"aws:x": "X (AWS)"}), dict.fromkeys(public_ids, ()))
    return {outcome.public_id: outcome for outcome in batch.outcomes()}


# Words that say no more than that something is to come.
UNKNOWN = ["in_progress", "pending", "queued", "null", "PASSED", "exploded", None]
