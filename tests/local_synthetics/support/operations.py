"""What can be asked of the service, by its own description."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.api.openapi import document

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import Json


def operations_of(description: Json) -> list[str]:
    """Method and path of each."""
    return [
        f"{method.upper()} {path}"
        for path, operations in description["paths"].items()
        for method in operations
        if method != "parameters"
    ]


OPERATIONS = operations_of(document())
