"""JSON values that take little memory: thousands are kept, and few are looked at again."""

from __future__ import annotations

import json
import zlib
from typing import Any

_FASTEST = 1


def packed(value: Any) -> bytes:
    """The value as compressed JSON."""
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode(), _FASTEST)


def unpacked(data: bytes) -> Any:
    """The value that `packed` was given."""
    return json.loads(zlib.decompress(data))
