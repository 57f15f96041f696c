"""The service's description of itself, OpenAPI 3.1, which `GET /openapi.json` answers.

A new route needs its entry in `openapi.toml`: tests hold the two to each other, and the answers to
what is said there. https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

_PARAMETER = re.compile(r"\{(\w+)\}")
_OR_NULL = " or null"


@cache
def document() -> Json:
    """All of the description."""
    paths: dict[str, Json] = {}
    for name, operation in _told()["operations"].items():
        for one in (name, *operation.get("also", ())):
            method, path = one.split()
            inside = _parameters("path", dict.fromkeys(_PARAMETER.findall(path), "Text"))
            described = paths.setdefault(path, {"parameters": inside} if inside else {})
            described[method.lower()] = _described(operation, missing=bool(inside))
    return {
        "openapi": "3.1.0",
        "info": {"title": "The local Synthetics service", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas()},
    }


@cache
def schemas() -> Json:
    """The shapes of bodies and answers by name, as JSON Schemas of draft 2020-12."""
    told = _told()
    made = {
        **told["schemas"],
        **{name: _schema(shape) for name, shape in told["open"].items()},
        **{name: _schema(shape, closed=True) for name, shape in told["closed"].items()},
    }
    test = told["examples"]["Definition"]
    batch = {"tests": [{"local_test_definition": test}]}
    examples = {**told["examples"], "NewTest": test, "Batch": batch}
    return made | {name: {**made[name], "examples": [one]} for name, one in examples.items()}


@cache
def _told() -> Json:
    import tomllib  # noqa: PLC0415  # few services are asked

    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def _schema(shape: Any, *, closed: bool = False) -> Json:
    """The JSON Schema of a shape, as the head of `openapi.toml` explains it."""
    match shape:
        case str() if shape.endswith(_OR_NULL):
            return {"anyOf": [_schema(shape.removesuffix(_OR_NULL)), {"type": "null"}]}
        case str() if shape[0].isupper():
            return {"$ref": f"#/components/schemas/{shape}"}
        case str() if "|" in shape:
            return {"enum": shape.split("|")}
        case str():
            return {"const": shape}
        case [one]:
            return {"type": "array", "items": _schema(one, closed=closed)}
    return {
        "type": "object",
        "properties": {
            key.removesuffix("?"): _schema(one, closed=closed) for key, one in shape.items()
        },
        "required": [key for key in shape if not key.endswith("?")],
        **({"additionalProperties": False} if closed else {}),
    }


def _described(operation: Json, *, missing: bool) -> Json:
    body, query, headers = (operation.get(key, {}) for key in ("body", "query", "headers"))
    refusals = {
        "403": True,
        "400": query or body,
        "413": body,
        "415": body,
        "404": missing,
        **dict.fromkeys(operation.get("errors", ()), True),
    }
    texts = _told()["errors"]
    responses: Json = {
        status: {"description": texts[status], **_content("Errors")}
        for status, possible in refusals.items()
        if possible
    }
    done: Json = {"description": "Done"}
    if "answer" in operation:
        media_type = operation.get("media_type", "application/json")
        done = {"description": "The answer", **_content(operation["answer"], media_type)}
    responses[operation.get("status", "200")] = done
    if headers:
        responses["304"] = {"description": "There is nothing new"}
    described = {"summary": operation["summary"], "responses": responses}
    if parameters := _parameters("query", query) + _parameters("header", headers):
        described["parameters"] = parameters
    if body:
        described["requestBody"] = {"required": True, **_content(body)}
    return described


def _parameters(place: str, shapes: Mapping[str, Any]) -> list[Json]:
    required = {"required": True} if place == "path" else {}
    return [
        {"name": name, "in": place, "schema": _schema(shape), **required}
        for name, shape in shapes.items()
    ]


def _content(shape: Any, media_type: str = "application/json") -> Json:
    return {"content": {media_type: {"schema": _schema(shape)}}}
