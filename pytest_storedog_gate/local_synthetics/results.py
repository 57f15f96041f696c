"""The result documents, in the shape of v2 `poll_results`, and how many of them are kept."""

from __future__ import annotations

import json
import secrets
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.masking import mask_userinfo

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_storedog_gate.local_synthetics.definitions import Definition, Json
    from pytest_storedog_gate.local_synthetics.failures import Failure

KEPT_RESULTS = 10_000


def new_result_id() -> str:
    """A decimal string of 19 digits, as Datadog's are: over 2**53, so never a number."""
    return str(10**18 + secrets.randbelow(9 * 10**18))


class Results:
    """The last results by ID; the oldest are forgotten."""

    def __init__(self, kept: int = KEPT_RESULTS) -> None:
        self._kept = kept
        self._by_id: OrderedDict[str, tuple[Definition, Json]] = OrderedDict()

    def put(self, definition: Definition, attributes: Json) -> None:
        """Add or replace the result `attributes["result"]` by its ID."""
        self._by_id[attributes["result"]["id"]] = (definition, attributes)
        while len(self._by_id) > self._kept:
            self._by_id.popitem(last=False)

    def poll(self, result_ids: Iterable[str]) -> Json:
        """The JSON:API document of those IDs that are known."""
        found = [self._by_id[one] for one in dict.fromkeys(result_ids) if one in self._by_id]
        included = {definition.public_id: _included(definition) for definition, _ in found}
        return {
            "data": [_datum(definition, attributes) for definition, attributes in found],
            "included": list(included.values()),
        }


def failure_document(failure: Failure) -> Json:
    """Datadog sends the assertions that did not hold as a JSON string."""
    message = failure.message
    text = message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)
    return {"code": failure.code, "message": text}


def _datum(definition: Definition, attributes: Json) -> Json:
    return {
        "type": "result",
        "id": attributes["result"]["id"],
        "attributes": attributes,
        "relationships": {"test": {"data": {"id": definition.public_id, "type": "test"}}},
    }


def _included(definition: Definition) -> Json:
    """What datadog-ci prints of a test; the rest may hold secrets."""
    request: dict[str, Any] = {
        key: definition.request[key]
        for key in ("method", "url", "host", "port", "dnsServer", "dnsServerPort")
        if key in definition.request
    }
    if isinstance(request.get("url"), str):
        request["url"] = mask_userinfo(request["url"])
    return {
        "type": "test",
        "id": definition.public_id,
        "attributes": {
            "name": definition.name,
            "type": definition.type,
            "subtype": definition.subtype,
            "config": {"request": request},
        },
    }
