"""Tests made, edited, paused and deleted by the API, beside those of the files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.account.changed_tests import ChangedTests
from pytest_storedog_gate.local_synthetics.account.documents import known, now
from pytest_storedog_gate.local_synthetics.account.json_patch import PatchError, patched
from pytest_storedog_gate.local_synthetics.account.submitted import (
    REQUIRED,
    STATUSES,
    UNKNOWN_TEST,
    EditError,
    checked,
)
from pytest_storedog_gate.local_synthetics.secrets.for_the_api import full_view, local_view
from pytest_storedog_gate.local_synthetics.secrets.returned import with_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_storedog_gate.local_synthetics.account.database import Store
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.definitions.files import Catalog

# What a client sends of these is passed over.
_OURS = ("public_id", "created_at", "modified_at", "stepCount")


class Tests:
    """The tests by public ID, which others read while they change here.

    `edited` holds the IDs of tests that are no longer what their file says.
    """

    def __init__(
        self,
        catalog: Catalog,
        store: Store | None,
        own_keys: Callable[[], Iterable[str]],
    ) -> None:
        """Begin with what the files define; with a `store`, also with the changes kept there.

        `own_keys`: see `kinds.brought_request_keys`.
        """
        self._own_keys = own_keys
        self.by_id: dict[str, Definition] = dict(catalog.tests)
        self.suites = catalog.suites
        self.edited: set[str] = set()
        self._changes = ChangedTests(catalog, store)
        for public_id, definition, edited in self._changes:
            if definition is None:
                del self.by_id[public_id]
            else:
                self.by_id[public_id] = definition
            if edited:
                self.edited.add(public_id)

    def create(self, kind: str, body: Json) -> Definition:
        """Add a test of a type, live unless the body says otherwise. Raises EditError."""
        made_at = now()
        status = body.get("status") or "live"
        stamped = {"status": status, "created_at": made_at, "modified_at": made_at}
        data = {"tags": [], **_without_ours(body), **stamped}
        made = checked(data, REQUIRED, self._own_keys())
        if made.type != kind:
            raise EditError(f"type must be {kind} here, not {made.type}")
        if made.public_id in self.by_id or made.public_id in self.suites:
            raise EditError("the new public ID is taken; try again")
        self._put(made, edited=False)
        return made

    def edit(self, public_id: str, body: Json, view: Callable[[Definition], Json]) -> Definition:
        """Put another definition in a test's place.

        What comes back as `view` or a file shows it keeps the secrets that it has. Raises EditError
        and Missing.
        """
        old = self.known(public_id)
        for shown in (view(old), local_view(old)):
            body = with_secrets(body, shown, old.data)
        if (body.get("type"), body.get("subtype") or "") != (old.type, old.subtype):
            raise EditError("type and subtype of a test cannot be changed")
        held: Json = {key: old.data[key] for key in ("status", "created_at") if key in old.data}
        data: Json = {**held, **_without_ours(body), "public_id": public_id, "modified_at": now()}
        # A file's definition may lack some of it.
        edited = checked(data, [one for one in REQUIRED if one in old.data], self._own_keys())
        self._put(edited, edited=True)
        return edited

    def patch(self, public_id: str, operations: Any) -> Definition:
        """Edit a test by a JSON Patch of what is shown of it. Raises EditError and Missing."""
        try:
            body = patched(full_view(self.known(public_id)), operations)
        except PatchError as error:
            raise EditError(str(error)) from None
        return self.edit(public_id, body, full_view)

    def set_status(self, public_id: str, status: object) -> None:
        """Pause a test or let it live again. Raises EditError and Missing."""
        if status not in STATUSES:
            raise EditError(f"new_status must be one of {', '.join(STATUSES)}")
        old = self.known(public_id)
        paused = replace(old, data={**old.data, "status": status})
        self._put(paused, edited=public_id in self.edited)

    def delete(self, public_ids: Sequence[str]) -> str:
        """Take tests away, all or none; returns the time. Raises EditError and Missing."""
        for public_id in public_ids:
            self.known(public_id)
        for suite in self.suites.values():
            if members := set(public_ids) & set(suite.tests):
                raise EditError(f"suite {suite.public_id} has {', '.join(sorted(members))}")
        for other in self.by_id.values():
            used = _played(other) & set(public_ids)
            if used and other.public_id not in public_ids:
                raise EditError(f"test {other.public_id} plays {', '.join(sorted(used))}")
        for public_id in set(public_ids):
            self._changes.delete(public_id)
            del self.by_id[public_id]
            self.edited.discard(public_id)
        return now()

    def known(self, public_id: str) -> Definition:
        """The test of that ID. Raises Missing."""
        return known(self.by_id, public_id, UNKNOWN_TEST)

    def _put(self, definition: Definition, *, edited: bool) -> None:
        self._changes.keep(definition, edited=edited)
        self.by_id[definition.public_id] = definition
        if edited:
            self.edited.add(definition.public_id)


def _played(test: Definition) -> set[Any]:
    """The public IDs of the tests that a multistep or a browser test plays."""
    played = [step.get("subtestPublicId") for step in test.config.get("steps") or []]
    steps = test.data.get("steps")
    for step in steps if isinstance(steps, list) else []:
        match step:
            case {"params": {"subtestPublicId": public_id}}:
                played.append(public_id)
    return {one for one in played if isinstance(one, str)}


def _without_ours(body: Json) -> Json:
    return {key: value for key, value in body.items() if key not in _OURS}
