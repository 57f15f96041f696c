"""Private locations made by the API: names that tests can give, as all of them run here."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.submissions import Missing

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions import Json
    from pytest_storedog_gate.local_synthetics.store import Store

_KIND = "private location"


class PrivateLocations:
    """By ID, as the API answers them."""

    def __init__(self, store: Store | None = None) -> None:
        """With a `store`, begin with what is kept there."""
        self._store = store
        self.by_id: dict[str, Json] = dict(store.made(_KIND)) if store else {}

    def create(self, body: Json) -> Json:
        """Add one."""
        slug = re.sub(r"[^a-z0-9]+", "-", body["name"].lower()).strip("-")
        return self._put({"id": f"pl:{slug}-{uuid.uuid4().hex}", "createdAt": _now(), **body})

    def one(self, location_id: str) -> Json:
        """One of them. Raises Missing."""
        try:
            return self.by_id[location_id]
        except KeyError:
            raise Missing("Synthetics private location not found") from None

    def edit(self, location_id: str, body: Json) -> Json:
        """Replace one. Raises Missing."""
        held = {key: self.one(location_id)[key] for key in ("id", "createdAt")}
        return self._put({**body, **held})

    def delete(self, location_id: str) -> None:
        """Take one away. Raises Missing."""
        self.one(location_id)
        del self.by_id[location_id]
        if self._store:
            self._store.forget_made(_KIND, location_id)

    def _put(self, location: Json) -> Json:
        location = {**location, "modifiedAt": _now()}
        self.by_id[location["id"]] = location
        if self._store:
            self._store.put_made(_KIND, location["id"], location)
        return location


def _now() -> str:
    return datetime.now(UTC).isoformat()
