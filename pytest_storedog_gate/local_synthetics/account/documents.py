"""What the API made: documents by ID, which a store keeps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from pytest_storedog_gate.local_synthetics.account.submitted import Missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.local_synthetics.account.database import Store
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

T = TypeVar("T")


class Made:
    """The documents of a kind; with a store they outlast the service."""

    def __init__(self, kind: str, store: Store | None) -> None:
        """With a `store`, begin with what is kept there."""
        self._kind = kind
        self._store = store
        self.by_id: dict[str, Json] = dict(store.made(kind)) if store else {}

    def put(self, made_id: str, document: Json, *, kept: Json | None = None) -> Json:
        """Add or replace a document and return it; `kept`: what a store may know of it."""
        self.by_id[made_id] = document
        if self._store:
            self._store.put_made(self._kind, made_id, document if kept is None else kept)
        return document

    def forget(self, made_id: str) -> None:
        """Take one away."""
        del self.by_id[made_id]
        if self._store:
            self._store.forget_made(self._kind, made_id)


def known(held: Mapping[str, T], made_id: str, missing: str) -> T:
    """The one of that ID. Raises Missing, with that sentence."""
    try:
        return held[made_id]
    except KeyError:
        raise Missing(missing) from None


def now() -> str:
    """The time as the API writes it."""
    return datetime.now(UTC).isoformat()
