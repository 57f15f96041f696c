"""The shapes of what the service is asked and answers, as JSON Schemas of draft 2020-12."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.definitions.definition import (
    DAY,
    EXECUTION_RULES,
    REQUIRED,
    SHAPE,
)

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

TEXT: Json = {"type": "string"}
WHOLE: Json = {"type": "integer", "minimum": 0}
SWITCH: Json = {"type": "boolean"}
ANY_OBJECT: Json = {"type": "object"}
STRINGS: Json = {"type": "object", "additionalProperties": TEXT}
STATES = ["passed", "failed", "skipped", "in_progress"]


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def array(items: Json, **more: Any) -> Json:
    return {"type": "array", "items": items, **more}


def or_null(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


def record(properties: Json, *optional: str, closed: bool = False) -> Json:
    """An object that has all of the properties but the optional ones."""
    required = [name for name in properties if name not in optional]
    schema: Json = {"type": "object", "properties": properties, "required": required}
    return {**schema, "additionalProperties": False} if closed else schema


PUBLIC_ID: Json = {"type": "string", "pattern": "^[a-z0-9]{3}-[a-z0-9]{3}-[a-z0-9]{3}$"}
_RETRY = record(
    {
        "count": {**WHOLE, "maximum": 100},
        "interval": {"type": "number", "minimum": 0, "maximum": DAY},
    },
    "count",
    "interval",
    closed=True,
)
# What `SHAPE` says no more of than that it is an object.
_DETAILED: Json = {
    "config.configVariables": array(record({"name": TEXT})),
    "options.ci": record({"executionRule": {"enum": [*EXECUTION_RULES]}}, "executionRule"),
    "options.retry": _RETRY,
}


def _properties(parent: str = "") -> Json:
    """The properties of a definition, or of an object in it, of the shape that `parse` checks."""
    return {
        path.rpartition(".")[2]: schema if path in REQUIRED else or_null(schema)
        for path, kind in SHAPE.items()
        if path.rpartition(".")[0] == parent and path != "storedog"
        for schema in [_DETAILED.get(path) or _schema(path, kind)]
    }


def _schema(path: str, kind: type | list[type]) -> Json:
    if isinstance(kind, list):
        return array(_schema("", kind[0]))
    if kind is str:
        return TEXT
    inner = _properties(path) if path else {}
    return record(inner, *inner) if inner else ANY_OBJECT


_DEFINITION: Json = {"public_id": PUBLIC_ID, **_properties()}
EXAMPLE: Json = {
    "type": "api",
    "subtype": "http",
    "name": "the shop answers",
    "message": "",
    "locations": ["local"],
    "config": {
        "request": {"method": "GET", "url": "http://127.0.0.1:9/"},
        "assertions": [{"type": "statusCode", "operator": "is", "target": 200}],
    },
    "options": {"retry": {"count": 1, "interval": 10}},
}
_OPTIONAL = ("public_id", "subtype", "tags", "locations", "options")
_SENT: Json = {
    **_DEFINITION,
    "message": TEXT,
    "status": {"enum": ["live", "paused"]},
    "locations": array(TEXT, minItems=1),
}

_TRIGGERED: Json = {
    "public_id": PUBLIC_ID,
    "local_test_definition": ref("Definition"),
    "version": {"const": 1},
    "startUrl": {"type": "string", "minLength": 1},
    "startUrlSubstitutionRegex": TEXT,
    "variables": STRINGS,
    "headers": STRINGS,
    "body": TEXT,
    "bodyType": {"type": "string", "minLength": 1},
    "cookies": {"anyOf": [TEXT, record({"value": TEXT, "append": SWITCH}, "append", closed=True)]},
    "basicAuth": record({"username": TEXT, "password": TEXT}, "username", "password", closed=True),
    "followRedirects": SWITCH,
    "allowInsecureCertificates": SWITCH,
    "retry": _RETRY,
    "locations": array(TEXT, minItems=1),
    "deviceIds": array(TEXT, minItems=1),
    "executionRule": {"enum": [*EXECUTION_RULES]},
}
_LOCATION = record(
    {
        "id": WHOLE,
        "name": TEXT,
        "display_name": TEXT,
        "region": TEXT,
        "is_active": SWITCH,
    }
)
ENTRY = record(
    {
        "test_public_id": PUBLIC_ID,
        "test_name": TEXT,
        "test_type": TEXT,
        "execution_rule": {"enum": [*EXECUTION_RULES]},
        "status": {"enum": STATES},
        "retries": or_null(WHOLE),
        "max_retries": or_null(WHOLE),
        "timed_out": or_null(SWITCH),
        "result_id": TEXT,
        "initial_result_id": TEXT,
        "location": TEXT,
        "device": TEXT,
        "duration": WHOLE,
    },
    "result_id",
    "initial_result_id",
    "location",
    "device",
    "duration",
)
_RESULT = record(
    {
        "id": TEXT,
        "status": {"enum": ["passed", "failed"]},
        "run_type": {"enum": ["ci", "triggered"]},
        "started_at": WHOLE,
        "finished_at": WHOLE,
        "duration": WHOLE,
        "assertions": array(ANY_OBJECT),
        "timings": ANY_OBJECT,
        "failure": record({"code": TEXT, "message": TEXT}),
        "inconclusive": SWITCH,
    },
    "status",
    "started_at",
    "finished_at",
    "duration",
    "assertions",
    "timings",
    "failure",
    "inconclusive",
)
LINK = record({"test": record({"data": record({"id": PUBLIC_ID, "type": {"const": "test"}})})})
INCLUDED = array(record({"type": {"const": "test"}, "id": PUBLIC_ID, "attributes": ANY_OBJECT}))
SHORT_V1 = {
    "result_id": TEXT,
    "check_time": WHOLE,
    "check_version": WHOLE,
    "probe_dc": TEXT,
    "status": {"enum": [0, 1, 2]},
    "result": record({"passed": SWITCH, "timings": ANY_OBJECT}),
}

_NAMED: Json = {
    "name": {"type": "string", "minLength": 1},
    "description": TEXT,
    "tags": array(TEXT),
}
_ROLES = record({"restricted_roles": array(TEXT)}, "restricted_roles", closed=True)
_TOTP = record(
    {"digits": WHOLE, "refresh_interval": WHOLE}, "digits", "refresh_interval", closed=True
)
_PARSER = record({"type": TEXT, "value": TEXT}, "value", closed=True)
_VARIABLE: Json = {
    **_NAMED,
    "name": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]+[A-Z0-9]$"},
    "value": record(
        {
            "value": TEXT,
            "secure": SWITCH,
            "options": record({"totp_parameters": _TOTP}, "totp_parameters", closed=True),
        },
        "value",
        "secure",
        "options",
        closed=True,
    ),
    "is_totp": SWITCH,
    "is_fido": SWITCH,
    "attributes": _ROLES,
    "parse_test_public_id": PUBLIC_ID,
    "parse_test_options": record(
        {"type": TEXT, "field": TEXT, "localVariableName": TEXT, "parser": _PARSER},
        "field",
        "localVariableName",
        "parser",
        closed=True,
    ),
}
_OPTIONAL_OF_VARIABLE = (
    "is_totp", "is_fido", "attributes", "parse_test_public_id", "parse_test_options",
)  # fmt: skip
_PRIVATE_LOCATION: Json = {**_NAMED, "metadata": _ROLES}
_SUITE: Json = {
    "name": {"type": "string", "minLength": 1},
    "message": TEXT,
    "tags": array(TEXT),
    "options": record(
        {"alerting_threshold": {"type": "number", "minimum": 0, "maximum": 1}},
        "alerting_threshold",
        closed=True,
    ),
    "tests": array(
        record(
            {"public_id": PUBLIC_ID, "alerting_criticality": {"enum": ["ignore", "critical"]}},
            "alerting_criticality",
            closed=True,
        )
    ),
    "type": {"const": "suite"},
}

SCHEMAS: Json = {
    "Errors": record({"errors": array(TEXT, minItems=1)}, closed=True),
    "Definition": {**record(_DEFINITION, *_OPTIONAL), "examples": [EXAMPLE]},
    "NewTest": {**record(_SENT, "public_id", "subtype", "status", "tags"), "examples": [EXAMPLE]},
    "PatchOperation": record(
        {
            "op": {"enum": ["add", "remove", "replace", "move", "copy", "test"]},
            "path": {"type": "string", "format": "json-pointer"},
            "from": {"type": "string", "format": "json-pointer"},
            "value": {},
        },
        "from",
        "value",
    ),
    "Test": record(_DEFINITION, *_OPTIONAL[1:]),
    "Overrides": record(_TRIGGERED, *_TRIGGERED, closed=True),
    "Location": _LOCATION,
    "ConcurrencyCap": record(
        {"on_demand_concurrency_cap": {"type": "integer", "minimum": 1}},
        closed=True,
    ),
    "Variable": record({"id": TEXT, "type": TEXT, **_VARIABLE}, *_OPTIONAL_OF_VARIABLE),
    "NewVariable": {
        **record(_VARIABLE, "value", *_OPTIONAL_OF_VARIABLE, closed=True),
        "examples": [
            {
                "name": "API_TOKEN",
                "description": "for the shop",
                "tags": [],
                "value": {"value": "t0ken", "secure": True},
            }
        ],
    },
    "PrivateLocation": record({"id": TEXT, **_PRIVATE_LOCATION}, "metadata"),
    "NewPrivateLocation": {
        **record(_PRIVATE_LOCATION, "metadata", closed=True),
        "examples": [{"name": "Office", "description": "", "tags": [], "metadata": {}}],
    },
    "Suite": record(
        {
            "data": record(
                {
                    "type": {"const": "suites"},
                    "id": PUBLIC_ID,
                    "attributes": record({"name": TEXT, "tests": array(ANY_OBJECT)}),
                }
            )
        }
    ),
    "NewSuite": {
        **record(
            {
                "data": record(
                    {
                        "type": {"const": "suites"},
                        "attributes": record(_SUITE, "message", "tags", closed=True),
                    },
                    closed=True,
                )
            },
            closed=True,
        ),
        "examples": [
            {
                "data": {
                    "type": "suites",
                    "attributes": {"name": "Shop", "options": {}, "tests": [], "type": "suite"},
                }
            }
        ],
    },
    "SuitesToDelete": record(
        {
            "data": record(
                {
                    "type": {"const": "delete_suites_request"},
                    "id": TEXT,
                    "attributes": record({"public_ids": array(PUBLIC_ID, minItems=1)}, closed=True),
                },
                "id",
                closed=True,
            )
        },
        closed=True,
    ),
    "Result": record(
        {
            "type": {"const": "result"},
            "id": TEXT,
            "attributes": record(
                {
                    "test_type": TEXT,
                    "test_sub_type": TEXT,
                    "batch": record({"id": TEXT}),
                    "location": record({"id": TEXT, "name": TEXT}),
                    "device": record({"id": TEXT}),
                    "result": _RESULT,
                },
                "device",
            ),
            "relationships": LINK,
        }
    ),
}
