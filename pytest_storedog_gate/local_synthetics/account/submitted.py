"""Definitions as clients of the API send them: what is refused, and what is added."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.definitions.definition import (
    Definition,
    DefinitionError,
    new_public_id,
    parse,
)
from pytest_storedog_gate.local_synthetics.definitions.known_keys import key_faults_of_test
from pytest_storedog_gate.secrets.masking import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

REQUIRED = ("name", "type", "config", "options", "locations", "message")
UNKNOWN_TEST = "Synthetics test not found"  # Datadog's words
STATUSES = ("live", "paused")
_TYPES = ("api", "browser")


class EditError(ValueError):
    """A change that cannot be made; the text says why."""


class Missing(KeyError):
    """What shall be changed is not there; the text says so."""


def checked(data: Json, required: Iterable[str], own_keys: Iterable[str]) -> Definition:
    """Read a definition; its steps are given IDs where they have none. Raises EditError.

    `own_keys`: see `kinds.brought_request_keys`.
    """
    if (kind := data.get("type", _TYPES[0])) not in _TYPES:
        raise EditError(f"type {kind!r} is not supported here: {', '.join(_TYPES)} are")
    if missing := [key for key in required if key not in data]:
        raise EditError(f"{missing[0]} is missing")
    if data.get("status", "live") not in STATUSES:
        raise EditError(f"status must be one of {', '.join(STATUSES)}")
    if "locations" in data and not data["locations"]:
        raise EditError("locations must hold at least one name")
    # A client that sends back what it was shown would make the mask the secret.
    if MASK in json.dumps(data):
        raise EditError(f"a value holds {MASK}, which stands for a secret: send the secret itself")
    if data["type"] == "browser":
        data = {**data, **_browser_steps(data.get("steps"))}
    try:
        parsed = parse(data)
    except DefinitionError as error:
        raise EditError(str(error)) from None
    if unknown := key_faults_of_test(data, own_keys):
        raise EditError("; ".join(unknown))
    if not (steps := parsed.config.get("steps")):
        return parsed
    identified = [{"id": new_public_id(), **step} for step in steps]
    return Definition({**parsed.data, "config": {**parsed.config, "steps": identified}})


def _browser_steps(steps: Any) -> Json:
    """The steps of a browser test, each with a public ID, and how many there are."""
    steps = [] if steps is None else steps
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise EditError("steps must be a list of objects")
    types = [str(step.get("type")) for step in steps]
    count = {
        "assertions": sum(one.startswith("assert") for one in types),
        "subtests": types.count("playSubTest"),
        "total": len(types),
    }
    identified = [{"public_id": new_public_id(), **step} for step in steps]
    return {"steps": identified, "stepCount": count}
