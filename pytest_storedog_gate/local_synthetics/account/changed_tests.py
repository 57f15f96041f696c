"""What became of tests by the API, kept in the database without their secrets.

A change of a test that a file defines holds as long as the file says what it said then: whichever
was changed last counts.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, cast

from pytest_storedog_gate.local_synthetics.account.documents import Made
from pytest_storedog_gate.local_synthetics.definitions.definition import Definition
from pytest_storedog_gate.local_synthetics.secrets.for_a_file import secretless
from pytest_storedog_gate.local_synthetics.secrets.returned import with_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.local_synthetics.account.database import Store
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.definitions.files import Catalog


class ChangedTests:
    """The changes, by public ID; with a store they outlast the service."""

    def __init__(self, catalog: Catalog, store: Store | None) -> None:
        """`catalog`: what the files define."""
        self._catalog = catalog
        self._made = Made("test", store)

    def __iter__(self) -> Iterator[tuple[str, Definition | None, bool]]:
        """Each that holds: the test, its definition if it was not deleted, and whether by an edit.

        The others are forgotten, unless their file was not read.
        """
        for public_id, kept in list(self._made.by_id.items()):
            data = kept["definition"]
            if kept["file"] and public_id not in self._catalog.tests:
                continue
            if kept["file"] != self._digest(public_id) or (data is None and self._used(public_id)):
                self._made.forget(public_id)
                continue
            if kept["secrets_of_file"]:
                data = self._with_secrets_of_file(public_id, data)
            yield public_id, None if data is None else Definition(data), kept["edited"]

    def keep(self, definition: Definition, *, edited: bool) -> None:
        """Keep a definition without its secrets; those that the file has too return from there."""
        public_id, data = definition.public_id, _without_secrets(definition.data)
        returning = self._with_secrets_of_file(public_id, data) == definition.data
        self._put(public_id, {"definition": data, "edited": edited, "secrets_of_file": returning})

    def delete(self, public_id: str) -> None:
        """Keep that a test was deleted; one that no file defines needs no keeping."""
        if public_id in self._catalog.tests:
            self._put(public_id, {"definition": None, "edited": False, "secrets_of_file": False})
        else:
            self._made.forget(public_id)

    def _put(self, public_id: str, change: Json) -> None:
        self._made.put(public_id, {**change, "file": self._digest(public_id)})

    def _digest(self, public_id: str) -> str | None:
        """What tells whether the file's definition is still the same; None: no file has one."""
        definition = self._catalog.tests.get(public_id)
        if definition is None:
            return None
        text = json.dumps(_without_secrets(definition.data), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def _with_secrets_of_file(self, public_id: str, data: Json) -> Json:
        file = self._catalog.tests.get(public_id)
        if file is None:
            return data
        return cast("Json", with_secrets(data, _without_secrets(file.data), file.data))

    def _used(self, public_id: str) -> bool:
        return any(public_id in suite.tests for suite in self._catalog.suites.values())


def _without_secrets(data: Json) -> Json:
    return {**data, **secretless(data)}
