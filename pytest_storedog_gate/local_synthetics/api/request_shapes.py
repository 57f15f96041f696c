"""Request bodies against the shapes that the service's own description gives them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from pytest_storedog_gate.local_synthetics.api.answers import read_object
from pytest_storedog_gate.local_synthetics.api.openapi import schemas

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from starlette.requests import Request

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

_NAMES = {
    "object": "an object",
    "array": "a list",
    "string": "a string",
    "boolean": "true or false",
}


async def read_shaped(request: Request, name: str) -> Json:
    """The body, which is of the shape of that name in `schemas`; else a 400 says what is wrong."""
    body = await read_object(request)
    if error := _error(name, body):
        raise HTTPException(400, _sentence(error))
    return body


def _error(name: str, body: Json) -> ValidationError | None:
    from jsonschema.exceptions import best_match  # noqa: PLC0415  # few runs need it

    error: ValidationError | None = best_match(_validator(name).iter_errors(body))
    return error


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
