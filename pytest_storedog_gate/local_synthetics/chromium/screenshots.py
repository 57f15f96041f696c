"""The last screenshots, by ID, within a limit of bytes."""

from __future__ import annotations

import uuid
from collections import OrderedDict

_KEPT = 64 * 1024 * 1024  # bytes
SCREENSHOTS_PATH = "/local/screenshots"
"""Where the service answers with them; Datadog's API has no such route."""


class Screenshots:
    """JPEG pictures; the oldest are forgotten."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._size = 0
        self._by_id: OrderedDict[str, bytes] = OrderedDict()

    def put(self, picture: bytes) -> str:
        """Keep a picture. Returns the path that it can be fetched from."""
        name = uuid.uuid4().hex
        self._by_id[name] = picture
        self._size += len(picture)
        while self._size > self._kept:
            _, forgotten = self._by_id.popitem(last=False)
            self._size -= len(forgotten)
        return f"{SCREENSHOTS_PATH}/{name}"

    def get(self, name: str) -> bytes | None:
        """The picture of that ID, if it is still known."""
        return self._by_id.get(name)
