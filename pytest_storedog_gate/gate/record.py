"""The verdict as JSON: the report for tools, and the record that a promotion asks for."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.errors import DeploymentFailed

from .verdict import CheckVerdict, State, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_storedog_gate.datadog.models import Result

VERSION = 1


def as_json(verdict: Verdict, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict with what it is about (`facts`: environment, digest, batch)."""
    return {
        "version": VERSION,
        "state": verdict.state.value,
        "exit_status": int(verdict.exit_status),
        **facts,
        "reasons": list(verdict.reasons),
        "checks": [_check(check) for check in verdict.checks],
    }


def write(path: Path, record: Mapping[str, Any]) -> None:
    """Puts the record there whole or not at all: a run may be killed while it writes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=2, ensure_ascii=True) + "\n"
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)


def path_of(folder: Path, environment: str, digest: str) -> Path:
    """Where the record of one digest in one environment lies."""
    return folder / environment / f"{digest.replace(':', '-')}.json"


def require_open(
    folder: Path, environment: str, digest: str, *, service: str, names: Sequence[str]
) -> None:
    """Refuses a digest without an open verdict there that covers all requirements `names`."""
    refusal = f"{digest} has no open verdict of {environment}, so it cannot be promoted"
    remedy = f"run pytest --storedog-env={environment} with this image first"
    path = path_of(folder, environment, digest)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        covered = set(record["requirements"])
        found = (record["version"], record["environment"], record["service"], record["digest"])
        state = record["state"]
    except FileNotFoundError:
        raise DeploymentFailed(f"{refusal}: there is no record of it; {remedy}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DeploymentFailed(f"{refusal}: {path} cannot be read ({error}); {remedy}") from None
    if found != (VERSION, environment, service, digest):
        raise DeploymentFailed(f"{refusal}: {path} is the record of something else; {remedy}")
    if state != State.OPEN.value:
        raise DeploymentFailed(f"{refusal}: its verdict there is {state}; {remedy}")
    if missing := sorted(set(names) - covered):
        raise DeploymentFailed(
            f"{refusal}: its verdict does not cover {', '.join(missing)}, which the configuration "
            f"requires today; {remedy}"
        )


def _check(check: CheckVerdict) -> dict[str, Any]:
    results = check.outcome.results if check.outcome else ()
    return {
        "public_id": check.public_id,
        "name": check.name,
        "required": check.required,
        "state": check.state.value,
        "reason": check.reason,
        "results": [_result(result) for result in results],
    }


def _result(result: Result) -> dict[str, Any]:
    data = asdict(result, dict_factory=_with_words)
    del data["detail"]
    return data | {"artifacts": list(result.artifacts)}


def _with_words(items: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The fields of a result, a step or an attempt, its status as a word."""
    return {name: item.value if isinstance(item, Status) else item for name, item in items}
