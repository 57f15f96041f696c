"""The paths of the API that list all locations and make, show, change and delete private ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from pytest_storedog_gate.local_synthetics.api.answers import Answer
from pytest_storedog_gate.local_synthetics.api.request_shapes import read_shaped
from pytest_storedog_gate.local_synthetics.running.batches import display_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from pytest_storedog_gate.local_synthetics.account.private_locations import PrivateLocations
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition

# Datadog's own: a configuration picks some of them by their IDs.
# https://docs.datadoghq.com/api/latest/synthetics/#get-all-locations-public-and-private
_MANAGED = (
    "aws:af-south-1", "aws:ap-east-1", "aws:ap-northeast-1", "aws:ap-northeast-2",
    "aws:ap-northeast-3", "aws:ap-south-1", "aws:ap-southeast-1", "aws:ap-southeast-2",
    "aws:ap-southeast-3", "aws:ca-central-1", "aws:eu-central-1", "aws:eu-north-1",
    "aws:eu-south-1", "aws:eu-west-1", "aws:eu-west-2", "aws:eu-west-3", "aws:me-south-1",
    "aws:sa-east-1", "aws:us-east-1", "aws:us-east-2", "aws:us-west-1", "aws:us-west-2",
    "azure:eastus", "gcp:asia-northeast1", "gcp:europe-west3", "gcp:us-east4", "gcp:us-south1",
    "gcp:us-west1", "gcp:us-west2",
)  # fmt: skip


class LocationsApi:
    """Locations are names here, whoever gave them."""

    def __init__(self, private: PrivateLocations, tests: Mapping[str, Definition]) -> None:
        self._private = private
        self._tests = tests

    def routes(self) -> list[Route]:
        """Where they are."""
        v1 = "/api/v1/synthetics"
        one = f"{v1}/private-locations/{{location_id}}"
        return [
            Route(f"{v1}/locations", self._list),
            Route(f"{v1}/private-locations", self._create, methods=["POST"]),
            Route(one, self._one),
            Route(one, self._edit, methods=["PUT"]),
            Route(one, self._delete, methods=["DELETE"]),
        ]

    async def _list(self, _request: Request) -> Response:
        used = {name for test in self._tests.values() for name in test.locations}
        names = dict.fromkeys([*_MANAGED, *self._private.ids, *sorted(used)])
        locations = [{"id": name, "name": display_name(name)} for name in names]
        return Answer({"locations": locations})

    async def _create(self, request: Request) -> Response:
        body = await read_shaped(request, "NewPrivateLocation")
        # No worker needs a configuration: what it would run runs here.
        return Answer({"private_location": self._private.create(body), "config": {}})

    async def _one(self, request: Request) -> Response:
        return Answer(self._private.one(request.path_params["location_id"]))

    async def _edit(self, request: Request) -> Response:
        body = await read_shaped(request, "NewPrivateLocation")
        return Answer(self._private.edit(request.path_params["location_id"], body))

    async def _delete(self, request: Request) -> Response:
        self._private.delete(request.path_params["location_id"])
        return Response(status_code=204)
