"""The paths of the API that make, list, show, change and delete global variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from pytest_storedog_gate.local_synthetics.api.answers import Answer
from pytest_storedog_gate.local_synthetics.api.request_shapes import read_shaped

if TYPE_CHECKING:
    from starlette.requests import Request

    from pytest_storedog_gate.local_synthetics.account.variables import AccountVariables


class VariablesApi:
    """Global variables; a secure value is taken and never answered."""

    def __init__(self, variables: AccountVariables) -> None:
        self._variables = variables

    def routes(self) -> list[Route]:
        """Where they are."""
        all_of_them = "/api/v1/synthetics/variables"
        one = f"{all_of_them}/{{variable_id}}"
        return [
            Route(all_of_them, self._list),
            Route(all_of_them, self._create, methods=["POST"]),
            Route(one, self._one),
            Route(one, self._edit, methods=["PUT"]),
            Route(one, self._delete, methods=["DELETE"]),
        ]

    async def _list(self, _request: Request) -> Response:
        return Answer({"variables": self._variables.documents()})

    async def _create(self, request: Request) -> Response:
        body = await read_shaped(request, "NewVariable")
        return Answer(self._variables.create(body))

    async def _one(self, request: Request) -> Response:
        return Answer(self._variables.document(request.path_params["variable_id"]))

    async def _edit(self, request: Request) -> Response:
        body = await read_shaped(request, "NewVariable")
        return Answer(self._variables.edit(request.path_params["variable_id"], body))

    async def _delete(self, request: Request) -> Response:
        self._variables.delete(request.path_params["variable_id"])
        return Response()
