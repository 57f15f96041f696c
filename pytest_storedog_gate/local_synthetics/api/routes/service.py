"""The paths of the API that are about the service itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.api.admission import VALIDATE
from pytest_storedog_gate.local_synthetics.api.openapi import document
from pytest_storedog_gate.local_synthetics.api.routes.plain import V1, V2, route

if TYPE_CHECKING:
    from starlette.routing import Route

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.running.batches import Batches

_CAP = "on_demand_concurrency_cap"


def service_routes(batches: Batches) -> list[Route]:
    """Whether its keys are right, how many checks run at once, and its own description."""

    def cap() -> Json:
        return {"data": {"type": _CAP, "attributes": {_CAP: batches.concurrency}}}

    def set_cap(body: Json) -> Json:
        batches.limit(int(body[_CAP]))
        return cap()

    return [
        route("GET", VALIDATE, lambda: {"valid": True}),  # else no request comes this far
        route("GET", "/api/v2/validate_keys", lambda: {"status": "ok"}),
        route("GET", f"{V1}/settings", lambda: {"onDemandConcurrencyCap": batches.concurrency}),
        route("GET", f"{V2}/settings/{_CAP}", cap),
        route("POST", f"{V2}/settings/{_CAP}", set_cap, "ConcurrencyCap"),
        route("GET", "/openapi.json", document),
    ]
