"""The record of a run: what its schema says of real ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from pytest_storedog_gate.datadog.models import (
    CheckOutcome,
    Result,
    Step,
)
from pytest_storedog_gate.verdicts.record_json import as_json, encoded
from pytest_storedog_gate.verdicts.rule import CheckVerdict, State, Verdict
from tests.verdicts.records import (
    DIGEST,
    GOOD,
    OPEN,
    TEXT_OF_SCHEMA,
    A,
    faults,
    outcome,
    promoted,
    record_on,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Change = Callable[[dict[str, Any]], Any]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(TEXT_OF_SCHEMA)


def test_the_schema_names_every_key_that_there_is() -> None:
    """Each object holds the keys that are described, and each of them is required.

    Those that joined later are not: a promotion accepts the records that have been kept.
    """
    later = {"seconds", "override", "rollback", "watched", "jobs", "targets"}

    def compare(data: Any, schema: Any) -> None:
        schema = TEXT_OF_SCHEMA["$defs"].get(schema.get("$ref", "").rpartition("/")[2], schema)
        if isinstance(data, dict) and "properties" in schema:
            assert data.keys() == schema["properties"].keys()
            assert {*schema["required"]} == data.keys() - later
            for key, value in data.items():
                compare(value, schema["properties"][key])
        elif isinstance(data, list):
            for item in data:
                compare(item, schema["items"])

    compare(GOOD, TEXT_OF_SCHEMA)


def test_what_no_number_can_be_fits(tmp_path: Path) -> None:
    endless = outcome(A).results[0]
    steps = (Step("\ud83d", None, duration=float("inf")),)
    result = Result(**{**vars(endless), "duration": float("inf"), "steps": steps})
    verdict = Verdict(
        State.OPEN, 0, (), (CheckVerdict(A, State.OPEN, "", CheckOutcome(A, (result,))),)
    )
    told = as_json(record_on(verdict))
    assert faults(told) == []
    assert told["checks"][0]["results"][0]["duration"] is None
    promoted(tmp_path, told)


def test_the_bytes_of_a_record_stay_as_they_are() -> None:
    """Tools of others read them: what comes and in which order."""
    told = encoded(as_json(record_on(OPEN))).decode()
    assert told.startswith(
        '{\n  "version": 1,\n  "state": "open",\n  "exit_status": 0,\n'
        '  "environment": "staging",\n  "mode": "decides",\n  "service": "shop",\n'
        f'  "image": "r.example/shop:1@{DIGEST}",\n  "digest": "{DIGEST}",\n'
        '  "deploy_id": "d1",\n  "previous_digest": null,\n  "rolled_back": null,\n'
        '  "override": null,\n  "rollback": null,\n  "downtime": 0.02,\n'
        '  "commit": "c0ffee",\n  "build": "41",\n  "build_link": null,\n'
        '  "batch_id": "b-1",\n  "batch_url": "http://synthetics/b-1",\n'
        f'  "requirements": [\n    "{A}",\n    "search \'tag:shop\'"\n  ],\n'
        '  "started": "2026-01-02T03:04:05+00:00",\n'
        '  "finished": "2026-01-02T03:05:05.123456+00:00",\n  "reasons": [],\n  "checks": [\n'
    )
    assert list(json.loads(told)["checks"][0]["results"][0])[-1] == "artifacts"


def test_the_time_is_told_by_parts() -> None:
    told = as_json(record_on(OPEN))
    parts = {"lock": 0.25, "waiting": 1.001}
    assert told["seconds"] == {**parts, "checks read beside": 0.0, "slowest check": 0.0}
    assert list(told)[-1] == "seconds"


def test_a_record_of_a_gate_that_told_no_times_is_accepted(tmp_path: Path) -> None:
    told = {key: value for key, value in GOOD.items() if key != "seconds"}
    assert faults(told) == []
    promoted(tmp_path, told)
