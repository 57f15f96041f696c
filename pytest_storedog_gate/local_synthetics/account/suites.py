"""Suites made, edited and deleted by the API, beside those of the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.account.documents import Made, known, now
from pytest_storedog_gate.local_synthetics.account.submitted import EditError
from pytest_storedog_gate.local_synthetics.definitions.definition import new_public_id
from pytest_storedog_gate.local_synthetics.definitions.suite import Suite

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pytest_storedog_gate.local_synthetics.account.database import Store
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json


class Suites:
    """The suites by public ID, which others read while they change here."""

    def __init__(self, of_files: Mapping[str, Suite], store: Store | None = None) -> None:
        """Begin with what the files define; with a `store`, also with what is kept there."""
        self._of_files = of_files
        self._made = Made("suite", store)
        made = {public_id: Suite(data) for public_id, data in self._made.by_id.items()}
        self.by_id: dict[str, Suite] = {**made, **of_files}

    def one(self, public_id: str) -> Suite:
        """The suite of that ID. Raises Missing."""
        return known(self.by_id, public_id, "Suite not found")

    def create(self, attributes: Json, tests: Collection[str]) -> Suite:
        """Add a suite of some of these `tests`, or of none yet. Raises EditError."""
        public_id = new_public_id()
        if public_id in self.by_id or public_id in tests:
            raise EditError("the new public ID is taken; try again")
        return self._put({**attributes, "public_id": public_id, "created_at": now()}, tests)

    def edit(self, public_id: str, attributes: Json, tests: Collection[str]) -> Suite:
        """Replace a suite by one of these `tests`. Raises EditError and Missing."""
        old = self._changeable(public_id).data
        held = {"public_id": public_id, "created_at": old["created_at"]}
        return self._put({**attributes, **held}, tests)

    def delete(self, public_ids: Collection[str]) -> str:
        """Take suites away, all or none; returns the time. Raises EditError and Missing."""
        for public_id in public_ids:
            self._changeable(public_id)
        for public_id in set(public_ids):
            del self.by_id[public_id]
            self._made.forget(public_id)
        return now()

    def _put(self, data: Json, tests: Collection[str]) -> Suite:
        suite = Suite({**data, "modified_at": now()})
        if unknown := [one for one in suite.tests if one not in tests]:
            raise EditError(f"the service has no test {', '.join(unknown)}")
        self.by_id[suite.public_id] = suite
        self._made.put(suite.public_id, suite.data)
        return suite

    def _changeable(self, public_id: str) -> Suite:
        if public_id in self._of_files:
            raise EditError(f"suite {public_id} is defined in a file: change it there")
        return self.one(public_id)
