"""A result of the service in this process, judged by the rules of every batch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.batch_state import Entry
from pytest_storedog_gate.datadog.details import NO_DETAIL, details_from_json
from pytest_storedog_gate.datadog.judging import Evidence, judged
from pytest_storedog_gate.local_synthetics.running.batches import display_name

if TYPE_CHECKING:
    from pytest_storedog_gate.datadog.models import Result
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.running.results import Kept, Results


def judged_here(entry: Json, results: Results) -> Result:
    """The outcome of a batch's entry that has ended, as the API shows both."""
    # What has run has left its details: nothing passes without them.
    details = details_from_json(results.poll([entry["result_id"]] if "result_id" in entry else []))
    detail = details.get(entry.get("result_id", ""), NO_DETAIL)
    named = display_name(entry["location"]) if entry.get("location") else ""
    evidence = Evidence(Entry.from_json(entry), detail, location_name=named)
    return replace(judged(evidence), location=named)


def entry_of(kept: Kept) -> Json:
    """A result that has ended as its entry in a batch."""
    definition, result = kept.definition, kept.result
    return {
        "test_public_id": definition.public_id,
        "test_name": definition.name,
        "test_type": definition.type,
        "status": result["status"],
        "result_id": result["id"],
        "location": kept.attributes["location"]["id"],
        "device": kept.device,
        "duration": result.get("duration"),
    }
