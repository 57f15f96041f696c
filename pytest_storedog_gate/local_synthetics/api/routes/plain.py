"""Routes that need nothing of a request but its path's parameters and, perhaps, its body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from pytest_storedog_gate.local_synthetics.api.answers import Answer
from pytest_storedog_gate.local_synthetics.api.request_shapes import read_shaped

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

V1, V2 = "/api/v1/synthetics", "/api/v2/synthetics"


def route(
    method: str, path: str, make: Callable[..., Any], shape: str = "", *, status: int = 200
) -> Route:
    """Answers what `make` makes of the parameters, in the path's order, and of the body.

    The body has a `shape` of those in `openapi.toml`. Where nothing is made, the answer is empty.
    """

    async def answer(request: Request) -> Response:
        given = [*request.path_params.values()]
        made = make(*given, await read_shaped(request, shape)) if shape else make(*given)
        return Response(status_code=status) if made is None else Answer(made)

    return Route(path, answer, methods=[method])
