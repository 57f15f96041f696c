"""The paths of the API that make, show, change and delete suites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from pytest_storedog_gate.local_synthetics.api.answers import Answer
from pytest_storedog_gate.local_synthetics.api.request_shapes import read_shaped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from pytest_storedog_gate.local_synthetics.account.suites import Suites
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition


class SuitesApi:
    """Suites, of files and made by the API."""

    def __init__(self, suites: Suites, tests: Mapping[str, Definition]) -> None:
        self._suites = suites
        self._tests = tests

    def routes(self) -> list[Route]:
        """Where they are."""
        v2 = "/api/v2/synthetics/suites"
        one = f"{v2}/{{public_id}}"
        return [
            Route(v2, self._create, methods=["POST"]),
            Route(f"{v2}/bulk-delete", self._delete, methods=["POST"]),
            Route(one, self._one),
            Route(one, self._edit, methods=["PUT"]),
        ]

    async def _create(self, request: Request) -> Response:
        body = await read_shaped(request, "NewSuite")
        made = self._suites.create(body["data"]["attributes"], self._tests)
        return Answer(made.document())

    async def _one(self, request: Request) -> Response:
        return Answer(self._suites.one(request.path_params["public_id"]).document())

    async def _edit(self, request: Request) -> Response:
        body = await read_shaped(request, "NewSuite")
        public_id, attributes = request.path_params["public_id"], body["data"]["attributes"]
        edited = self._suites.edit(public_id, attributes, self._tests)
        return Answer(edited.document())

    async def _delete(self, request: Request) -> Response:
        body = await read_shaped(request, "SuitesToDelete")
        public_ids = body["data"]["attributes"]["public_ids"]
        deleted_at = self._suites.delete(public_ids)
        deleted = [
            {
                "type": "suites",
                "id": public_id,
                "attributes": {"public_id": public_id, "deleted_at": deleted_at},
            }
            for public_id in dict.fromkeys(public_ids)
        ]
        return Answer({"data": deleted})
