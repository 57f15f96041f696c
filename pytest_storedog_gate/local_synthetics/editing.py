"""Tests made, edited, paused and deleted by the API, beside those of the files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.definitions import Definition, DefinitionError, parse
from pytest_storedog_gate.local_synthetics.masking import MASK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_storedog_gate.local_synthetics.definitions import Json
    from pytest_storedog_gate.local_synthetics.suites import Suite

_REQUIRED = ("name", "type", "config", "options", "locations", "message")
_OURS = ("public_id", "created_at", "modified_at")  # what a client sends of these is passed over
_STATUSES = ("live", "paused")
_TYPE = "api"


class EditError(ValueError):
    """A change that cannot be made; the text says why."""


class UnknownTest(KeyError):
    """There is no test of that public ID."""


@dataclass(frozen=True)
class Tests:
    """The tests by public ID, which others read while they change here.

    `edited` holds the IDs of tests that are no longer what their file says.
    """

    by_id: dict[str, Definition]
    suites: Mapping[str, Suite]
    edited: set[str] = field(default_factory=set)

    def create(self, body: Json) -> Definition:
        """Add a test, live unless the body says otherwise. Raises EditError."""
        now = _now()
        status = body.get("status") or "live"
        data = {**_without_ours(body), "status": status, "created_at": now, "modified_at": now}
        made = _checked(data)
        if made.public_id in self.by_id:
            raise EditError("the new public ID is taken; try again")
        self.by_id[made.public_id] = made
        return made

    def edit(self, public_id: str, body: Json) -> Definition:
        """Put another definition in a test's place.

        A secure variable without a pattern keeps the one it has. Raises EditError and UnknownTest.
        """
        old = self._known(public_id)
        if (body.get("type"), body.get("subtype") or "") != (old.type, old.subtype):
            raise EditError("type and subtype of a test cannot be changed")
        held: Json = {key: old.data[key] for key in ("status", "created_at") if key in old.data}
        data: Json = {**held, **_without_ours(body), "public_id": public_id, "modified_at": _now()}
        self._put(_checked(_with_secure_values(data, old)))
        return self.by_id[public_id]

    def set_status(self, public_id: str, status: object) -> None:
        """Pause a test or let it live again. Raises EditError and UnknownTest."""
        if status not in _STATUSES:
            raise EditError(f"new_status must be one of {', '.join(_STATUSES)}")
        self.by_id[public_id] = Definition({**self._known(public_id).data, "status": status})

    def delete(self, public_ids: Sequence[str]) -> str:
        """Take tests away, all or none; returns the time. Raises EditError and UnknownTest."""
        for public_id in public_ids:
            self._known(public_id)
        for suite in self.suites.values():
            if members := set(public_ids) & set(suite.tests):
                raise EditError(f"suite {suite.public_id} has {', '.join(sorted(members))}")
        for other in self.by_id.values():
            used = {step.get("subtestPublicId") for step in other.config.get("steps") or []}
            if other.public_id not in public_ids and (used := used & set(public_ids)):
                raise EditError(f"test {other.public_id} plays {', '.join(sorted(map(str, used)))}")
        for public_id in set(public_ids):
            del self.by_id[public_id]
            self.edited.discard(public_id)
        return _now()

    def _known(self, public_id: str) -> Definition:
        try:
            return self.by_id[public_id]
        except KeyError:
            raise UnknownTest(public_id) from None

    def _put(self, definition: Definition) -> None:
        self.by_id[definition.public_id] = definition
        self.edited.add(definition.public_id)


def _checked(data: Json) -> Definition:
    if missing := [key for key in _REQUIRED if key not in data]:
        raise EditError(f"{missing[0]} is missing")
    if data["type"] != _TYPE:
        raise EditError(f"type {data['type']!r} is not supported here: {_TYPE} is")
    if data["status"] not in _STATUSES:
        raise EditError(f"status must be one of {', '.join(_STATUSES)}")
    if not data["locations"]:
        raise EditError("locations must hold at least one name")
    # A client that sends back what it was shown would make the mask the secret.
    if MASK in json.dumps(data):
        raise EditError(f"a value holds {MASK}, which stands for a secret: send the secret itself")
    try:
        return parse(data)
    except DefinitionError as error:
        raise EditError(str(error)) from None


def _with_secure_values(data: Json, old: Definition) -> Json:
    config = data.get("config")
    wanted = config.get("configVariables") if isinstance(config, dict) else None
    if not isinstance(config, dict) or not isinstance(wanted, list):
        return data
    held = {
        one["name"]: one["pattern"]
        for one in old.config.get("configVariables") or []
        if one.get("secure") and "pattern" in one
    }
    variables = [
        {**one, "pattern": held[one["name"]]}
        if isinstance(one, dict)
        and one.get("secure")
        and "pattern" not in one
        and one.get("name") in held
        else one
        for one in wanted
    ]
    return {**data, "config": {**config, "configVariables": variables}}


def _without_ours(body: Json) -> Json:
    return {key: value for key, value in body.items() if key not in _OURS}


def _now() -> str:
    return datetime.now(UTC).isoformat()
