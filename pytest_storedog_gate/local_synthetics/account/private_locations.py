"""Private locations made by the API: names that tests can give, as all of them run here."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.account.documents import Made, known, now

if TYPE_CHECKING:
    from collections.abc import Collection

    from pytest_storedog_gate.local_synthetics.account.database import Store
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json


class PrivateLocations:
    """Private locations, as the API answers them."""

    def __init__(self, store: Store | None = None) -> None:
        """With a `store`, begin with what is kept there."""
        self._made = Made("private location", store)

    @property
    def ids(self) -> Collection[str]:
        return self._made.by_id.keys()

    def create(self, body: Json) -> Json:
        """Add one."""
        slug = re.sub(r"[^a-z0-9]+", "-", body["name"].lower()).strip("-")
        own = {"id": f"pl:{slug}-{uuid.uuid4().hex}", "createdAt": now(), "modifiedAt": now()}
        return self._made.put(own["id"], {**body, **own})

    def one(self, location_id: str) -> Json:
        """One of them. Raises Missing."""
        return known(self._made.by_id, location_id, "Synthetics private location not found")

    def edit(self, location_id: str, body: Json) -> Json:
        """Replace one. Raises Missing."""
        held = {key: self.one(location_id)[key] for key in ("id", "createdAt")}
        return self._made.put(location_id, {**body, **held, "modifiedAt": now()})

    def delete(self, location_id: str) -> None:
        """Take one away. Raises Missing."""
        self.one(location_id)
        self._made.forget(location_id)
