"""JSON Patch: the changes that a document is asked to take (RFC 6902)."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

_OPERATIONS = ("add", "remove", "replace", "move", "copy", "test")
_LARGEST = 10_000_000  # characters of all copies: copies of copies double a document each time


class PatchError(ValueError):
    """A patch that cannot be read or does not fit the document; the text says why."""


def patched(document: Json, operations: Any) -> Json:
    """A changed copy of the document: all operations, or PatchError."""
    # No run of checks needs it, and it is a tenth of the service's start.
    from jsonpath import JSONPatch, JSONPatchError, JSONPointerError  # noqa: PLC0415

    if not isinstance(operations, list) or not operations:
        raise PatchError("data must be a list with at least one operation")
    changed: Any = copy.deepcopy(document)
    copied = 0
    for index, operation in enumerate(operations):
        # The library has further ones, which are not of the RFC.
        kind = operation.get("op") if isinstance(operation, dict) else None
        if kind not in _OPERATIONS:
            raise PatchError(f"data[{index}]: op must be one of {', '.join(_OPERATIONS)}")
        try:
            if kind == "copy":
                copied += _length(operation, changed)
                if copied > _LARGEST:
                    raise PatchError(f"data[{index}]: copy: the test would become too large")
            # Without escapes of its own: a pointer has `~0` and `~1` only (RFC 6901).
            changed = JSONPatch([operation], unicode_escape=False).apply(changed)
        except (JSONPatchError, JSONPointerError, KeyError) as error:
            reason = str(error).removesuffix(f" ({kind}:0)")
            raise PatchError(f"data[{index}]: {kind}: {reason}") from None
    if not isinstance(changed, dict):
        raise PatchError("a test must stay a JSON object")
    return changed


def _length(copying: Json, document: Any) -> int:
    """The characters of what a copy would add."""
    from jsonpath import JSONPointer  # noqa: PLC0415

    source = copying.get("from")
    if not isinstance(source, str):
        return 0  # refused when it is applied
    return len(json.dumps(JSONPointer(source, unicode_escape=False).resolve(document)))
