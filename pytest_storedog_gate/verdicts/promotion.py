"""Which record of another environment lets a digest through: the same for every store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.errors import DeploymentFailed
from pytest_storedog_gate.reading import json_text
from pytest_storedog_gate.verdicts.record import Mode
from pytest_storedog_gate.verdicts.rule import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_storedog_gate.verdicts.store import VerdictStore

SCHEMA = Path(__file__).with_name("record.schema.json")
_MOST_TOLD = 200  # characters


def require_open(
    store: VerdictStore, environment: str, digest: str, *, service: str | None, names: Sequence[str]
) -> None:
    """Refuses a digest without an open verdict there that covers all requirements `names`.

    `service` counts where both sides name one: an environment that deploys nothing may not.
    """
    why_not = _why_not(store, environment, digest, service, names)
    if why_not is not None:
        raise DeploymentFailed(
            f"{digest} has no open verdict of {environment}, so it cannot be promoted: {why_not}; "
            f"run pytest --storedog-env={environment} with this image first"
        )


def _why_not(
    store: VerdictStore, environment: str, digest: str, service: str | None, names: Sequence[str]
) -> str | None:
    place = store.place(environment, digest)
    try:
        text = store.read(environment, digest)
        record: Any = None if text is None else json_text.loads(text, strict=True)
    except (OSError, ValueError) as error:
        return f"{place} cannot be read ({error})"
    if text is None:
        return "there is no record of it"
    if wrong := fault(record):
        return f"{place} is no sound record ({wrong})"
    services = {service, record["service"]} - {None}
    if (record["environment"], record["digest"]) != (environment, digest) or len(services) > 1:
        return f"{place} is the record of something else"
    if record["mode"] != Mode.DECIDES.value:
        return f"its run there decided nothing: {record['mode']}"
    if record["state"] != State.OPEN.value:
        return f"its verdict there is {record['state']}"
    if missing := sorted({*names} - {*record["requirements"]}):
        what = f"its verdict does not cover {', '.join(missing)}"
        return f"{what}, which the configuration requires today"
    return None


def fault(record: Any) -> str | None:
    """What in it contradicts itself, or is no record at all."""
    # Only a promotion needs it.
    from jsonschema import Draft202012Validator  # noqa: PLC0415
    from jsonschema.exceptions import best_match  # noqa: PLC0415

    schema = Draft202012Validator(json.loads(SCHEMA.read_bytes()))
    error = best_match(schema.iter_errors(record))
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
