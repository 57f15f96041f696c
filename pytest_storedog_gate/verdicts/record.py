"""The verdict as JSON: the report for tools, and the record that a promotion asks for.

`record.schema.json` beside this file says what it holds.
"""

from __future__ import annotations

import json
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from pytest_storedog_gate.errors import DeploymentFailed
from pytest_storedog_gate.outlets import whole_file
from pytest_storedog_gate.outlets.strict_json import strict
from pytest_storedog_gate.reading import json_text
from pytest_storedog_gate.verdicts.rule import CheckVerdict, State, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jsonschema.protocols import Validator

    from pytest_storedog_gate.datadog.models import Result
    from pytest_storedog_gate.outlets.whole_file import Prepared

VERSION = 1
SCHEMA = Path(__file__).with_name("record.schema.json")
_MOST_TOLD = 200  # characters


class Mode(Enum):
    """What kind of run it was; only one that decides lets anything through."""

    DECIDES = "decides"
    CHECKS_ONLY = "checks only"
    NARROWED = "narrowed"


def as_json(verdict: Verdict, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict with what it is about (`facts`: mode, environment, digest, batch)."""
    record: dict[str, Any] = strict(
        {
            "version": VERSION,
            "state": verdict.state,
            "exit_status": int(verdict.exit_status),
            **facts,
            "reasons": verdict.reasons,
            "checks": [_check(check) for check in verdict.checks],
        }
    )
    return record


def prepare(path: Path, record: Mapping[str, Any]) -> Prepared:
    """Gets ready to put the record there. Raises OSError; see `whole_file`."""
    text = json.dumps(strict(record), indent=2, allow_nan=False) + "\n"
    return whole_file.prepare(path, text.encode("ascii"))


def write(path: Path, record: Mapping[str, Any]) -> None:
    """Puts the record there, whole or not at all. Raises OSError."""
    with prepare(path, record) as prepared:
        prepared.commit()


def path_of(folder: Path, environment: str, digest: str) -> Path:
    """Where the record of one digest in one environment lies."""
    return folder / environment / f"{digest.replace(':', '-')}.json"


def require_open(
    folder: Path, environment: str, digest: str, *, service: str | None, names: Sequence[str]
) -> None:
    """Refuses a digest without an open verdict there that covers all requirements `names`.

    `service` counts where both sides name one: an environment that deploys nothing may not.
    """
    path = path_of(folder, environment, digest)
    why_not = _why_not(path, environment, digest, service, names)
    if why_not is not None:
        raise DeploymentFailed(
            f"{digest} has no open verdict of {environment}, so it cannot be promoted: {why_not}; "
            f"run pytest --storedog-env={environment} with this image first"
        )


def _why_not(
    path: Path, environment: str, digest: str, service: str | None, names: Sequence[str]
) -> str | None:
    try:
        if not path.is_file():
            return "there is no record of it"
        record = json_text.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return f"{path} cannot be read ({error})"
    if fault := _fault(record):
        return f"{path} is no sound record ({fault})"
    services = {service, record["service"]} - {None}
    if (record["environment"], record["digest"]) != (environment, digest) or len(services) > 1:
        return f"{path} is the record of something else"
    if record["mode"] != Mode.DECIDES.value:
        return f"its run there decided nothing: {record['mode']}"
    if record["state"] != State.OPEN.value:
        return f"its verdict there is {record['state']}"
    if missing := sorted({*names} - {*record["requirements"]}):
        what = f"its verdict does not cover {', '.join(missing)}"
        return f"{what}, which the configuration requires today"
    return None


def _fault(record: Any) -> str | None:
    """What in it contradicts itself, or is no record at all."""
    error = best_match(_schema().iter_errors(record))
    if error is not None:
        # What contradicts itself has a title; of a wrong value, which may be long, the end tells.
        return f"{error.json_path}: {error.schema.get('title', error.message[-_MOST_TOLD:])}"
    public_ids = [check["public_id"] for check in record["checks"]]
    if twice := sorted({p for p in public_ids if public_ids.count(p) > 1}):
        return f"it has {', '.join(twice)} twice"
    optional = {check["public_id"] for check in record["checks"] if not check["required"]}
    if relaxed := sorted(optional & {*record["requirements"]}):
        return f"{', '.join(relaxed)} was required, and was not"
    return None


@cache
def _schema() -> Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_bytes()))


def _check(check: CheckVerdict) -> dict[str, Any]:
    return {
        "public_id": check.public_id,
        "name": check.name,
        "required": check.required,
        "state": check.state,
        "reason": check.reason,
        "results": [_result(result) for result in check.outcome.results] if check.outcome else [],
    }


def _result(result: Result) -> dict[str, Any]:
    """All of it but what the API said in its own words."""
    told = {name: value for name, value in vars(result).items() if name != "detail"}
    return {**told, "artifacts": result.artifacts}
