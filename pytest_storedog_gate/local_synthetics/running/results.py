"""The result documents, in the shape of v2 `poll_results`, and how many of them are kept."""

from __future__ import annotations

import json
import secrets
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pytest_storedog_gate.local_synthetics.definitions.definition import Definition
from pytest_storedog_gate.local_synthetics.secrets.for_the_api import full_view

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_storedog_gate.local_synthetics.account.database import Store
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

KEPT_RESULTS = 10_000
_FASTEST = 1


def packed(value: Any) -> bytes:
    """A JSON value, compressed: thousands are kept, and few are looked at again."""
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode(), _FASTEST)


def unpacked(data: bytes) -> Any:
    """The value that `packed` was given."""
    return json.loads(zlib.decompress(data))


def new_result_id() -> str:
    """A decimal string of 19 digits, as Datadog's are: over 2**53, so never a number."""
    return str(10**18 + secrets.randbelow(9 * 10**18))


@dataclass(frozen=True)
class Kept:
    """One result, with the definition that was run as the API shows it: without secrets."""

    definition: Definition
    attributes: Json

    @property
    def result(self) -> Json:
        """What was found."""
        return cast("Json", self.attributes["result"])

    @property
    def device(self) -> str | None:
        """The ID of a browser test's device."""
        return (self.attributes.get("device") or {}).get("id")

    @property
    def ended(self) -> bool:
        """Whether it will not change any more."""
        return "finished_at" in self.result


class Results:
    """Results by ID: those to come, and the last that have ended; the oldest are forgotten."""

    def __init__(self, kept: int = KEPT_RESULTS, store: Store | None = None) -> None:
        """With a `store`, begin with what it holds, and keep there what ends."""
        self._kept = kept
        self._store = store
        self._to_come: dict[str, Kept] = {}
        # With the public ID of its test.
        self._ended: OrderedDict[str, tuple[str, bytes]] = OrderedDict()
        for definition, attributes in store.results() if store else ():
            self._keep(Kept(Definition(definition), attributes))

    def put(self, definition: Definition, attributes: Json) -> None:
        """Add or replace the result `attributes["result"]` by its ID."""
        kept = Kept(Definition(full_view(definition)), attributes)
        if not kept.ended:
            self._to_come[kept.result["id"]] = kept
            return
        self._to_come.pop(kept.result["id"], None)
        self._keep(kept)
        if self._store:
            self._store.put_result(kept.definition.data, attributes, kept=self._kept)

    def poll(self, result_ids: Iterable[str]) -> Json:
        """The JSON:API document of those IDs that are known."""
        found = list(filter(None, map(self.find, dict.fromkeys(result_ids))))
        included = {one.definition.public_id: _included(one.definition) for one in found}
        return {"data": [_datum(one) for one in found], "included": list(included.values())}

    def of_test(self, public_id: str) -> Iterator[Kept]:
        """The test's results that have ended, the latest first."""
        latest = reversed(self._ended.values())
        return (_unpacked(data) for tested, data in latest if tested == public_id)

    def find(self, result_id: str) -> Kept | None:
        """The result of that ID, if it is known."""
        if result_id in self._ended:
            return _unpacked(self._ended[result_id][1])
        return self._to_come.get(result_id)

    def _keep(self, kept: Kept) -> None:
        data = packed([kept.definition.data, kept.attributes])
        self._ended[kept.result["id"]] = kept.definition.public_id, data
        while len(self._ended) > self._kept:
            self._ended.popitem(last=False)


def _unpacked(data: bytes) -> Kept:
    definition, attributes = unpacked(data)
    return Kept(Definition(definition), attributes)


def _datum(kept: Kept) -> Json:
    return {
        "type": "result",
        "id": kept.result["id"],
        "attributes": kept.attributes,
        "relationships": {"test": {"data": {"id": kept.definition.public_id, "type": "test"}}},
    }


def _included(definition: Definition) -> Json:
    """What datadog-ci prints of a test; the rest may hold secrets."""
    request: dict[str, Any] = {
        key: definition.request[key]
        for key in ("method", "url", "host", "port", "dnsServer", "dnsServerPort")
        if key in definition.request
    }
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
