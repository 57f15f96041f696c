"""The record as JSON: the report for tools, and what a promotion asks for.

`record.schema.json` beside this file says what it holds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from pytest_storedog_gate.outlets.plain_text import document
from pytest_storedog_gate.outlets.strict_json import strict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.datadog.models import Result
    from pytest_storedog_gate.verdicts.record import Record
    from pytest_storedog_gate.verdicts.rule import CheckVerdict

VERSION = 1


def as_json(record: Record) -> dict[str, Any]:
    verdict = record.verdict
    data = {
        "version": VERSION,
        "state": verdict.state,
        "exit_status": int(verdict.exit_status),
        **facts(record),
        "reasons": verdict.reasons,
        "checks": [_check(check) for check in verdict.checks],
        "targets": targets(record),
        "watched": [vars(each) for each in verdict.watched],
        "jobs": {name: text.splitlines() for name, text in record.jobs.items()},
        "seconds": {
            **{part: round(seconds, 3) for part, seconds in record.seconds.items()},
            "checks read beside": round(record.read_beside, 3),
            "slowest check": record.slowest,
        },
    }
    return cast("dict[str, Any]", document(strict(data)))


def facts(record: Record) -> dict[str, Any]:
    """What the verdict is about, by the names that JSON and JUnit have for it."""
    deployment, build = record.deployment, record.build
    return {
        "environment": record.environment,
        "mode": record.mode.value,
        "service": record.service,
        "image": record.subject.image,
        "digest": record.subject.digest,
        "deploy_id": deployment.deploy_id if deployment else None,
        "previous_digest": deployment.previous_digest if deployment else None,
        "rolled_back": record.rolled_back,
        "override": record.override,
        "rollback": record.rollback,
        "downtime": deployment.downtime if deployment else None,
        "commit": build.commit,
        "build": build.number,
        "build_link": build.link,
        "batch_id": " ".join(batch.batch_id for batch in record.batches),
        "batch_url": " ".join(batch.batch_url for batch in record.batches if batch.batch_url),
        "requirements": list(record.requirements),
        "started": record.started.isoformat(),
        "finished": record.finished.isoformat(),
    }


def targets(record: Record) -> dict[str, dict[str, Any]]:
    """What became of each target, by its name; empty where the environment has none."""
    found = record.deployment.targets if record.deployment else {}
    return {
        target: {
            "digest": done.image.digest,
            "deploy_id": done.deploy_id,
            "previous_digest": done.previous_digest,
            "downtime": done.downtime,
        }
        for target, done in found.items()
    }


def encoded(data: Mapping[str, Any]) -> bytes:
    return (json.dumps(strict(data), indent=2, allow_nan=False) + "\n").encode("ascii")


def _check(check: CheckVerdict) -> dict[str, Any]:
    return {
        "public_id": check.public_id,
        "name": check.name,
        "required": check.required,
        "state": check.state,
        "reason": check.reason,
        "results": [of_result(result) for result in check.outcome.results] if check.outcome else [],
    }


def of_result(result: Result) -> dict[str, Any]:
    """All of it but what the API said in its own words."""
    told = {name: value for name, value in vars(result).items() if name != "detail"}
    return {**told, "artifacts": result.artifacts}
