"""A record with one of everything, and what the schema says of any."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from pytest_storedog_gate.datadog.models import (
    Assertion,
    Attempt,
    CheckOutcome,
    Result,
    Status,
    Step,
)
from pytest_storedog_gate.deploy import Build, Deployment, ImageReference
from pytest_storedog_gate.verdicts import promotion
from pytest_storedog_gate.verdicts.folder import VerdictFolder
from pytest_storedog_gate.verdicts.record import BatchLink, Mode, Record, Subject
from pytest_storedog_gate.verdicts.record_json import as_json
from pytest_storedog_gate.verdicts.rule import CheckVerdict, State, Verdict, WatchVerdict

if TYPE_CHECKING:
    from pathlib import Path

TEXT_OF_SCHEMA: dict[str, Any] = json.loads(promotion.SCHEMA.read_bytes())
SCHEMA = Draft202012Validator(TEXT_OF_SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
DIGEST = "sha256:" + "ab" * 32
A, B = "aaa-aaa-aaa", "bbb-bbb-bbb"


def outcome(public_id: str, status: Status = Status.PASSED) -> CheckOutcome:
    """One result with one of everything."""
    assertion = Assertion("statusCode", "is 200", {"deep": [1]}, valid=True)
    result = Result(
        public_id,
        f"check {public_id}",
        status,
        "",
        location="aws:x",
        attempts=(Attempt("r1", status),),
        steps=(Step("first", None, assertions=(assertion,)), Step("second", status)),
        assertions=(assertion,),
        timings={"total": 12.5},
        detail={"artifacts": ["page.html"], "more": 1},
    )
    return CheckOutcome(public_id, (result,))


STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FINISHED = datetime(2026, 1, 2, 3, 5, 5, 123456, tzinfo=UTC)
IMAGE = ImageReference("r.example/shop", "1", DIGEST)


def record_on(verdict: Verdict) -> Record:
    return Record(
        verdict,
        Mode.DECIDES,
        "staging",
        STARTED,
        FINISHED,
        Build("c0ffee", "41"),
        service="shop",
        subject=Subject(str(IMAGE), DIGEST),
        deploys=True,
        deployment=Deployment("staging", "shop", IMAGE, "d1", None, STARTED, STARTED, 0.02),
        batches=(BatchLink("b-1", "http://synthetics/b-1"),),
        requirements=(A, "search 'tag:shop'"),
        seconds={"lock": 0.25, "waiting": 1.0006},
    )


OPEN = Verdict(
    State.OPEN,
    0,
    (),
    (
        CheckVerdict(A, State.OPEN, "", outcome(A)),
        CheckVerdict(B, State.CLOSED, "slow", outcome(B, Status.FAILED), required=False),
    ),
    (WatchVerdict("shop", "restarts", State.OPEN, "", 60.5),),
)
GOOD: dict[str, Any] = as_json(record_on(OPEN))


def faults(report: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in SCHEMA.iter_errors(report)]


def require_open(folder: Path, *names: str, service: str | None = None) -> None:
    store = VerdictFolder(folder)
    promotion.require_open(store, "staging", DIGEST, service=service, names=names)


def promoted(
    folder: Path, data: object, *, service: str | None = "shop", text: str | None = None
) -> None:
    """Asks for the verdict with that record in its place."""
    path = VerdictFolder(folder).path("staging", DIGEST)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(data) if text is None else text, encoding="utf-8")
    require_open(folder, A, "search 'tag:shop'", service=service)
