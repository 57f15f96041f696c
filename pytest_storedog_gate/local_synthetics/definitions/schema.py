"""The JSON Schema of files of definitions, made of the tables that the code reads them with.

Editors complete and check by it. `definitions.schema.json` beside this file is its text. What only
a kind of check refuses, `validate` tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.definitions import definition as definitions
from pytest_storedog_gate.local_synthetics.definitions import known_keys
from pytest_storedog_gate.local_synthetics.definitions.files import ENTRY, FILE
from pytest_storedog_gate.local_synthetics.definitions.known_keys import Choice, Shape, Value

if TYPE_CHECKING:
    from collections.abc import Mapping

Schema = dict[str, Any]

_TYPES: Mapping[type, str] = {dict: "object", list: "array", str: "string"}
_OF_VALUES: Mapping[Value, Schema] = {
    Value.FLAG: {"type": ["boolean", "null"]},
    Value.PLAIN: {"not": {"type": "boolean"}},
    Value.ANY: {},
}
_NAMED: Mapping[int, str] = {
    id(shape): name.strip("_").lower()
    for name, shape in vars(known_keys).items()
    if name.isupper() and isinstance(shape, dict | Choice) and name != "_PLACES"
}
"""The shapes that have a name, by identity: each stands once in the schema."""
_OF_SUITE: Schema = {
    "type": "object",
    "required": ["type", "attributes"],
    "properties": {
        "type": {"const": "suites"},
        "attributes": {"type": "object", "required": ["name", "tests"]},
    },
}


def schema() -> Schema:
    """Of a test file, a definition and a suite, each in a file of its own."""
    named: dict[str, Schema] = {}
    test = {"allOf": [_of_shape(known_keys.TEST, named), _of_types(), _OF_OPTIONS]}
    needed = {"required": ["public_id"], "allOf": [{"$ref": "#/$defs/definition"}]}
    file, entry = _of_keys(FILE, named), _of_keys(ENTRY, named)
    entry["properties"]["localTestDefinition"] = needed
    kinds = [{"required": ["id"]}, {"required": ["localTestDefinition"]}]
    entries = {"type": "array", "items": {**entry, "type": "object", "anyOf": kinds}}
    file["properties"]["tests"] = entries
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:pytest-storedog-gate:definitions:1",
        "title": "Synthetics checks: a test file of datadog-ci's form, a definition or a suite",
        "type": "object",
        "if": {"required": ["tests"]},
        "then": file,
        "else": {
            "if": {"required": ["data"]},
            "then": {"properties": {"data": _OF_SUITE}},
            "else": needed,
        },
        "$defs": {"definition": test, **dict(sorted(named.items()))},
    }


def _of_shape(shape: Shape, named: dict[str, Schema]) -> Schema:
    """By which keys there are; `named` gets what is referred to."""
    if name := _NAMED.get(id(shape)):
        if name not in named:
            named[name] = {}  # it may be within itself
            named[name] = _made(shape, named)
        return {"$ref": f"#/$defs/{name}"}
    return _made(shape, named)


def _made(shape: Shape, named: dict[str, Schema]) -> Schema:
    match shape:
        case Value():
            return dict(_OF_VALUES[shape])
        case Choice():
            return _of_choice(shape, named)
        case list():
            return {"not": {"type": "boolean"}, "items": _of_shape(shape[0], named)}
    return _of_keys(shape, named)


def _of_keys(shape: Mapping[str, Shape], named: dict[str, Schema]) -> Schema:
    return {
        "not": {"type": "boolean"},
        "properties": {key: _of_shape(one, named) for key, one in shape.items()},
        "additionalProperties": False,
    }


def _of_choice(choice: Choice, named: dict[str, Schema]) -> Schema:
    """Each case where the key says so, and else the other."""
    made = _of_shape(choice.otherwise, named)
    for name, shape in reversed(list(choice.cases.items())):
        told = {"required": [choice.key], "properties": {choice.key: {"const": name}}}
        made = {"if": told, "then": _of_shape(shape, named), "else": made}
    return made


def _of_types() -> Schema:
    """By what every kind of check relies on."""
    whole: Schema = {"type": "object", "required": list(definitions.REQUIRED), "properties": {}}
    for path, kind in definitions.SHAPE.items():
        holder = whole
        for key in path.split("."):
            holder = holder.setdefault("properties", {}).setdefault(key, {})
        name = _TYPES[list if isinstance(kind, list) else kind]
        holder["type"] = name if path in definitions.REQUIRED else [name, "null"]
        if isinstance(kind, list):
            holder["items"] = {"type": _TYPES[kind[0]]}
    variables = whole["properties"]["config"]["properties"]["configVariables"]["items"]
    variables |= {"required": ["name"], "properties": {"name": {"type": "string"}}}
    return whole


_OF_OPTIONS: Schema = {
    "properties": {
        "public_id": {"type": ["string", "null"], "pattern": f"^{definitions.PUBLIC_ID.pattern}$"},
        "options": {
            "properties": {
                "ci": {
                    "properties": {"executionRule": {"enum": list(definitions.EXECUTION_RULES)}}
                },
                "retry": {
                    "properties": {
                        key: {
                            "type": "number" if key == "interval" else "integer",
                            "minimum": 0,
                            "maximum": most,
                        }
                        for key, most in definitions.MOST.items()
                    }
                },
            }
        },
    }
}
"""By the values of what decides how a test is run."""
