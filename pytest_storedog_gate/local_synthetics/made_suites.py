"""Suites made, edited and deleted by the API, beside those of the files."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.definitions import new_public_id
from pytest_storedog_gate.local_synthetics.submissions import EditError, Missing
from pytest_storedog_gate.local_synthetics.suites import Suite

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pytest_storedog_gate.local_synthetics.definitions import Json
    from pytest_storedog_gate.local_synthetics.store import Store

_KIND = "suite"


class Suites:
    """The suites by public ID, which others read while they change here."""

    def __init__(self, of_files: Mapping[str, Suite], store: Store | None = None) -> None:
        """Begin with what the files define; with a `store`, also with what is kept there."""
        made = store.made(_KIND) if store else []
        self.by_id: dict[str, Suite] = {**{key: Suite(data) for key, data in made}, **of_files}
        self._of_files = of_files
        self._store = store

    def one(self, public_id: str) -> Suite:
        """The suite of that ID. Raises Missing."""
        try:
            return self.by_id[public_id]
        except KeyError:
            raise Missing("Suite not found") from None

    def create(self, attributes: Json, tests: Collection[str]) -> Suite:
        """Add a suite of some of these `tests`, or of none yet. Raises EditError."""
        now = _now()
        own = {"public_id": new_public_id(), "created_at": now, "modified_at": now}
        if own["public_id"] in self.by_id or own["public_id"] in tests:
            raise EditError("the new public ID is taken; try again")
        return self._put({**attributes, **own}, tests)

    def edit(self, public_id: str, attributes: Json, tests: Collection[str]) -> Suite:
        """Replace a suite by one of these `tests`. Raises EditError and Missing."""
        old = self._made(public_id).data
        held = {"public_id": public_id, "created_at": old["created_at"], "modified_at": _now()}
        return self._put({**attributes, **held}, tests)

    def delete(self, public_ids: Sequence[str]) -> str:
        """Take suites away, all or none; returns the time. Raises EditError and Missing."""
        for public_id in public_ids:
            self._made(public_id)
        for public_id in set(public_ids):
            del self.by_id[public_id]
            if self._store:
                self._store.forget_made(_KIND, public_id)
        return _now()

    def _put(self, data: Json, tests: Collection[str]) -> Suite:
        suite = Suite(data)
        if unknown := [one for one in suite.tests if one not in tests]:
            raise EditError(f"the service has no test {', '.join(unknown)}")
        self.by_id[suite.public_id] = suite
        if self._store:
            self._store.put_made(_KIND, suite.public_id, data)
        return suite

    def _made(self, public_id: str) -> Suite:
        if public_id in self._of_files:
            raise EditError(f"suite {public_id} is defined in a file: change it there")
        return self.one(public_id)


def _now() -> str:
    return datetime.now(UTC).isoformat()
