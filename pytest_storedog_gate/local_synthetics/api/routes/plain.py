"""Routes that need nothing of a request but its path's parameters and, perhaps, its body.

A body is held to the shape that the service's own description gives it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from pytest_storedog_gate.local_synthetics.api.answers import Answer, read_object
from pytest_storedog_gate.local_synthetics.api.openapi import schemas

if TYPE_CHECKING:
    from collections.abc import Callable

    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from starlette.requests import Request

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

V1, V2 = "/api/v1/synthetics", "/api/v2/synthetics"
_NAMES = {
    "object": "an object",
    "array": "a list",
    "string": "a string",
    "boolean": "true or false",
}


def route(
    method: str, path: str, make: Callable[..., Any], shape: str = "", *, status: int = 200
) -> Route:
    """Answers what `make` makes of the parameters, in the path's order, and of the body.

    The body has a `shape` of those in `openapi.toml`; else a 400 says what is wrong. Where nothing
    is made, the answer is empty.
    """

    async def answer(request: Request) -> Response:
        given = [*request.path_params.values()]
        made = make(*given, await _shaped(request, shape)) if shape else make(*given)
        return Response(status_code=status) if made is None else Answer(made)

    return Route(path, answer, methods=[method])


async def _shaped(request: Request, name: str) -> Json:
    from jsonschema.exceptions import best_match  # noqa: PLC0415  # few runs need it

    body = await read_object(request)
    if error := best_match(_validator(name).iter_errors(body)):
        raise HTTPException(400, _sentence(error))
    return body


@cache
def _validator(name: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    root = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas()}}
    return Draft202012Validator(root)


def _sentence(error: ValidationError) -> str:
    """What is wrong, without the value: that may be secret."""
    path = ".".join(str(part) for part in error.absolute_path)
    prefix = f"{path}." if path else ""
    found: Any = error.instance
    wanted: Any = error.validator_value
    match error.validator:
        case "required":
            return f"{prefix}{next(key for key in wanted if key not in found)} is missing"
        case "additionalProperties":
            known: Any = error.schema
            unknown = next(key for key in found if key not in known["properties"])
            return f"{prefix}{unknown} is not known"
        case "type":
            return f"{path} must be {_NAMES.get(wanted, f'a {wanted}')}"
        case "enum":
            return f"{path} must be one of {', '.join(wanted)}"
        case "const":
            return f"{path} must be {wanted}"
        case "pattern":
            return f"{path} must match {wanted}"
        case limit:
            return f"{path} must have {limit} {wanted}"
