"""The service's description of itself, OpenAPI 3.1, which `GET /openapi.json` answers.

A new route needs its entry in `OPERATIONS`: tests hold the two to each other, and the answers to
what is said here. https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.routing import Route

from pytest_storedog_gate.local_synthetics.api.answers import Answer
from pytest_storedog_gate.local_synthetics.api.schemas import (
    ANY_OBJECT,
    ENTRY,
    EXAMPLE,
    INCLUDED,
    LINK,
    PUBLIC_ID,
    SCHEMAS,
    SHORT_V1,
    STATES,
    SWITCH,
    TEXT,
    WHOLE,
    array,
    record,
    ref,
)
from pytest_storedog_gate.local_synthetics.chromium.screenshots import SCREENSHOTS_PATH
from pytest_storedog_gate.local_synthetics.definitions.definition import DAY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

PATH = "/openapi.json"
_V1, _V2 = "/api/v1/synthetics", "/api/v2/synthetics"
_VARIABLE, _PRIVATE_LOCATION = (
    f"{_V1}/variables/{{variable_id}}",
    f"{_V1}/private-locations/{{location_id}}",
)
_CAP = f"{_V2}/settings/on_demand_concurrency_cap"
_PARAMETER = re.compile(r"\{(\w+)\}")


def _operation(
    summary: str,
    answer: Json,
    *,
    query: Mapping[str, Json] | None = None,
    body: Json | None = None,
    media_type: str = "application/json",
) -> Json:
    responses = {
        "200": {"description": "The answer", **_content(answer, media_type)},
        "403": _error("The keys are not those of the service, or a web page asks"),
    }
    described: Json = {"summary": summary, "responses": responses}
    if query:
        described["parameters"] = [
            {"name": name, "in": "query", "schema": schema} for name, schema in query.items()
        ]
    if body:
        described["requestBody"] = {"required": True, **_content(body)}
        responses["413"] = _error("The body is too large")
        responses["415"] = _error("The body is not called JSON")
    if query or body:
        responses["400"] = _error("What is asked for is not supported")
    return described


def _emptied(summary: str, status: str, *refusals: str) -> Json:
    """An operation that answers with nothing."""
    refused = {one: _error("What is asked for is not supported") for one in refusals}
    responses = {
        status: {"description": "Done"},
        "403": _error("The keys are not those of the service"),
        **refused,
    }
    return {"summary": summary, "responses": responses}


def _or_missing(operation: Json) -> Json:
    missing = {"404": _error("There is none of that name")}
    return {**operation, "responses": {**operation["responses"], **missing}}


def _or_unchanged(operation: Json) -> Json:
    """With both headers, answered once there is another ETag than that, or after those seconds."""
    headers = {"Prefer": {**TEXT, "examples": ["wait=30"]}, "If-None-Match": TEXT}
    parameters = [{"name": name, "in": "header", "schema": headers[name]} for name in headers]
    unchanged = {"304": {"description": "There is nothing new"}}
    responses = {**operation["responses"], **unchanged}
    return {**operation, "parameters": parameters, "responses": responses}


def _content(schema: Json, media_type: str = "application/json") -> Json:
    return {"content": {media_type: {"schema": schema}}}


def _error(what: str) -> Json:
    return {"description": what, **_content(ref("Errors"))}


_CAP_ANSWER = record(
    {
        "data": record(
            {"type": {"const": "on_demand_concurrency_cap"}, "attributes": ref("ConcurrencyCap")}
        )
    }
)
_FILTERS: Mapping[str, Json] = {
    "from_ts": WHOLE,
    "to_ts": WHOLE,
    "probe_dc": array(TEXT),
    "device_id": array(TEXT),
    "status": array({"enum": ["passed", "failed"]}),
    "runType": array({"enum": ["ci", "triggered"]}),
}
_ONE_TEST = _operation("One test", ref("Test"), query={"format": {"enum": ["ltd"]}})
_EDIT = _operation("Edit a test", ref("Test"), body=ref("NewTest"))
_KINDS = ("api", "browser", "mobile")
_RESULTS = ("tests", "tests/browser")
_LATEST_V1 = _operation(
    "The latest results of a test",
    record({"last_timestamp_fetched": WHOLE, "results": array(record(SHORT_V1))}),
    query=_FILTERS,
)
_RESULT_V1 = _operation("One result of a test", record({**SHORT_V1, "check": ANY_OBJECT}))
_SUMMARY = record(
    {
        "type": {"const": "result_summary"},
        "id": TEXT,
        "attributes": ANY_OBJECT,
        "relationships": LINK,
    }
)
_LATEST_V2 = _operation(
    "The latest results of a test",
    record({"data": array(_SUMMARY), "included": INCLUDED}),
    query=_FILTERS,
)
_RESULT_V2 = _operation(
    "One result of a test", record({"data": ref("Result"), "included": INCLUDED})
)

OPERATIONS: Mapping[str, Json] = {
    f"GET {PATH}": _operation("This description", ANY_OBJECT),
    "GET /api/v1/validate": _operation(
        "Whether the API key is right", record({"valid": {"const": True}})
    ),
    "GET /api/v2/validate_keys": _operation(
        "Whether the keys are right", record({"status": {"const": "ok"}})
    ),
    f"GET {_V1}/settings": _operation("Settings", record({"onDemandConcurrencyCap": WHOLE})),
    f"GET {_CAP}": _operation("How many checks run at once", _CAP_ANSWER),
    f"POST {_CAP}": _operation(
        "Let so many checks run at once", _CAP_ANSWER, body=ref("ConcurrencyCap")
    ),
    f"GET {_V1}/tests": _operation(
        "All tests",
        record({"tests": array(ref("Test")), "total": WHOLE}),
        query={"page_size": WHOLE, "page_number": WHOLE},
    ),
    f"GET {_V1}/tests/search": _operation(
        "The tests that a query finds",
        record({"tests": array(ANY_OBJECT), "total": WHOLE, "facets": array(ANY_OBJECT)}),
        query={"text": TEXT, "count": WHOLE, "start": WHOLE, "include_full_config": SWITCH},
    ),
    **{
        f"POST {_V1}/tests/{kind}": _operation("Make a test", ref("Test"), body=ref("NewTest"))
        for kind in _KINDS
    },
    **{f"GET {_V1}/tests/{kind}/{{public_id}}": _ONE_TEST for kind in _KINDS},
    **{f"PUT {_V1}/tests/{kind}/{{public_id}}": _EDIT for kind in _KINDS},
    f"GET {_V1}/tests/{{public_id}}": _ONE_TEST,
    f"PUT {_V1}/tests/{{public_id}}": _EDIT,
    f"PATCH {_V1}/tests/{{public_id}}": _operation(
        "Edit a test by JSON Patch",
        ref("Test"),
        body=record({"data": array(ref("PatchOperation"), minItems=1)}, closed=True),
    ),
    f"POST {_V1}/tests/delete": _or_missing(
        _operation(
            "Delete tests",
            record({"deleted_tests": array(record({"public_id": PUBLIC_ID, "deleted_at": TEXT}))}),
            body=record(
                {"public_ids": array(PUBLIC_ID, minItems=1), "force_delete_dependencies": SWITCH},
                "force_delete_dependencies",
                closed=True,
            ),
        )
    ),
    f"PUT {_V1}/tests/{{public_id}}/status": _operation(
        "Pause a test, or let it live again",
        {"const": True},
        body=record({"new_status": {"enum": ["live", "paused"]}}, closed=True),
    ),
    f"POST {_V1}/tests/trigger": _operation(
        "Run tests by hand",
        record(
            {
                "triggered_check_ids": array(PUBLIC_ID),
                "results": array(
                    record(
                        {
                            "public_id": PUBLIC_ID,
                            "location": WHOLE,
                            "result_id": TEXT,
                            "device": TEXT,
                        },
                        "device",
                    )
                ),
                "locations": array(ref("Location")),
                "batch_id": {"type": "null"},
            }
        ),
        body=record(
            {
                "tests": array(
                    record(
                        {"public_id": PUBLIC_ID, "metadata": ANY_OBJECT}, "metadata", closed=True
                    ),
                    minItems=1,
                )
            },
            closed=True,
        ),
    ),
    f"POST {_V1}/tests/trigger/ci": _operation(
        "Run tests as one batch",
        record(
            {
                "batch_id": TEXT,
                "locations": array(ref("Location")),
                "selective_rerun_rate_limited": {"const": False},
            }
        ),
        body={
            **record(
                {
                    "tests": array(ref("Overrides"), minItems=1),
                    "options": record(
                        {
                            "batch_timeout": {
                                "type": "number",
                                "exclusiveMinimum": 0,
                                "maximum": DAY,
                            },
                            "selective_rerun": SWITCH,
                        },
                        "batch_timeout",
                        "selective_rerun",
                        closed=True,
                    ),
                    "metadata": ANY_OBJECT,
                },
                "options",
                "metadata",
                closed=True,
            ),
            "examples": [{"tests": [{"local_test_definition": EXAMPLE}]}],
        },
    ),
    f"GET {_V1}/ci/batch/{{batch_id}}": _or_unchanged(
        _operation(
            "One batch",
            record(
                {
                    "data": record(
                        {
                            "status": {"enum": STATES},
                            "results": array(ENTRY),
                            "metadata": ANY_OBJECT,
                        }
                    )
                }
            ),
        )
    ),
    **{f"GET {_V1}/{of}/{{public_id}}/results": _LATEST_V1 for of in _RESULTS},
    **{f"GET {_V1}/{of}/{{public_id}}/results/{{result_id}}": _RESULT_V1 for of in _RESULTS},
    **{f"GET {_V2}/{of}/{{public_id}}/results": _LATEST_V2 for of in _RESULTS},
    **{f"GET {_V2}/{of}/{{public_id}}/results/{{result_id}}": _RESULT_V2 for of in _RESULTS},
    f"GET {_V2}/tests/poll_results": _operation(
        "The results of these IDs, as far as they are known",
        record({"data": array(ref("Result")), "included": INCLUDED}),
        query={"result_ids": {"type": "string", "contentMediaType": "application/json"}},
    ),
    f"GET {_V2}/tests/{{public_id}}/version_history/{{version}}": _operation(
        "One version of a test", ANY_OBJECT, query={"only_check_existence": SWITCH}
    ),
    f"POST {_V2}/suites": _operation("Make a suite", ref("Suite"), body=ref("NewSuite")),
    f"GET {_V2}/suites/{{public_id}}": _operation("One suite", ref("Suite")),
    f"PUT {_V2}/suites/{{public_id}}": _operation(
        "Edit a suite", ref("Suite"), body=ref("NewSuite")
    ),
    f"POST {_V2}/suites/bulk-delete": _or_missing(
        _operation(
            "Delete suites",
            record(
                {
                    "data": array(
                        record(
                            {
                                "type": {"const": "suites"},
                                "id": PUBLIC_ID,
                                "attributes": record({"public_id": PUBLIC_ID, "deleted_at": TEXT}),
                            }
                        )
                    )
                }
            ),
            body=ref("SuitesToDelete"),
        )
    ),
    f"GET {_V1}/variables": _operation(
        "All global variables", record({"variables": array(ref("Variable"))})
    ),
    f"POST {_V1}/variables": _operation(
        "Make a global variable", ref("Variable"), body=ref("NewVariable")
    ),
    f"GET {_VARIABLE}": _operation("One global variable", ref("Variable")),
    f"PUT {_VARIABLE}": _operation(
        "Edit a global variable", ref("Variable"), body=ref("NewVariable")
    ),
    f"DELETE {_VARIABLE}": _emptied("Delete a global variable", "200", "400"),
    f"GET {_V1}/locations": _operation(
        "All locations", record({"locations": array(record({"id": TEXT, "name": TEXT}))})
    ),
    f"POST {_V1}/private-locations": _operation(
        "Make a private location",
        record({"private_location": ref("PrivateLocation"), "config": ANY_OBJECT}),
        body=ref("NewPrivateLocation"),
    ),
    f"GET {_PRIVATE_LOCATION}": _operation("One private location", ref("PrivateLocation")),
    f"PUT {_PRIVATE_LOCATION}": _operation(
        "Edit a private location", ref("PrivateLocation"), body=ref("NewPrivateLocation")
    ),
    f"DELETE {_PRIVATE_LOCATION}": _emptied("Delete a private location", "204"),
    f"GET {SCREENSHOTS_PATH}/{{name}}": _operation(
        "The screenshot of a step", {}, media_type="image/jpeg"
    ),
}
"""By method and path."""


def openapi_route() -> Route:
    """The route to the description."""
    described = document()

    async def answer(_request: Request) -> Response:
        return Answer(described)

    return Route(PATH, answer)


def document() -> Json:
    """All of the description."""
    paths: dict[str, Json] = {}
    for name, operation in OPERATIONS.items():
        method, path = name.split()
        paths.setdefault(path, _of_path(path))[method.lower()] = (
            _or_missing(operation) if _PARAMETER.search(path) else operation
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": "The local Synthetics service", "version": "1"},
        "paths": paths,
        "components": {"schemas": SCHEMAS},
    }


def _of_path(path: str) -> Json:
    names = _PARAMETER.findall(path)
    if not names:
        return {}
    return {
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": TEXT} for name in names
        ]
    }
