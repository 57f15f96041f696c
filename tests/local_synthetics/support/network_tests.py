"""Definitions of the kinds beside http, and what their tests look for in a result."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import Json, Service

_numbers = itertools.count()


def network_test(
    subtype: str,
    request: Json,
    *assertions: Json,
    options: Json | None = None,
    config: Json | None = None,
) -> Json:
    """An API test of that subtype."""
    thousands, rest = divmod(next(_numbers), 1000)
    return {
        "public_id": f"net-{thousands:03}-{rest:03}",
        "type": "api",
        "subtype": subtype,
        "name": f"discounts: {subtype}",
        "tags": [],
        "locations": ["aws:eu-central-1"],
        "config": {"request": request, "assertions": list(assertions), **(config or {})},
        "options": options or {},
    }


def that(kind: str, operator: str, target: Any = None, **more: Any) -> Json:
    """An assertion."""
    wanted = {"type": kind, "operator": operator, **more}
    return wanted if target is None else {**wanted, "target": target}


def valid(service: Service, definition: Json) -> list[bool]:
    """Whether each assertion of the definition holds, which the verdict must agree with."""
    result = service.run(definition)
    assert "assertions" in result, result
    found = [one["valid"] for one in result["assertions"]]
    assert found, result
    assert result["status"] == ("passed" if all(found) else "failed"), result
    if not all(found):
        assert result["failure"]["code"] == "INCORRECT_ASSERTION", result
        unmet = [one["index"] for one in json.loads(result["failure"]["message"])]
        assert unmet == [index for index, held in enumerate(found) if not held]
    return found


def failure(service: Service, definition: Json) -> tuple[str, str]:
    """The code and the message of a definition that must fail."""
    result = service.run(definition)
    assert result["status"] == "failed", result
    inconclusive = result["failure"]["code"] in {"INVALID_TEST", "INVALID_REQUEST"}
    assert result["inconclusive"] is inconclusive, result
    return result["failure"]["code"], result["failure"]["message"]
