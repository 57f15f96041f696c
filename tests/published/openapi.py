"""The published description of the v1 API, as a validator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jsonschema import Draft4Validator
from referencing import Registry
from referencing.jsonschema import DRAFT4

from tests.published.data import PUBLISHED, read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def _add_in_progress(schemas: Any) -> None:
    schemas["SyntheticsBatchStatus"]["enum"].append("in_progress")


def _retries_may_be_null(schemas: Any) -> None:
    schemas["SyntheticsBatchResult"]["properties"]["retries"]["nullable"] = True


def _browser_tests_may_be_refused(schemas: Any) -> None:
    codes = schemas["SyntheticsApiTestFailureCode"]["enum"]
    schemas["SyntheticsBrowserTestFailureCode"]["enum"] += codes


# What datadog-ci or a user reads and the description lacks: each is a change of the description.
DISAGREEMENTS: Mapping[str, Callable[[Any], None]] = {
    "a batch and its results may be in progress": _add_in_progress,
    "a result without an attempt has null retries": _retries_may_be_null,
    "a refused browser test has an API test's code": _browser_tests_may_be_refused,
}


class Description:
    """The description, with these disagreements allowed for."""

    def __init__(self, disagreements: Iterable[str] = tuple(DISAGREEMENTS)) -> None:
        document = read_json(PUBLISHED / "openapi-v1-synthetics.json")
        for name in disagreements:
            DISAGREEMENTS[name](document["components"]["schemas"])
        # OpenAPI 3.0 is the fourth draft of JSON Schema, but for `nullable`.
        resource = DRAFT4.create_resource(_with_null(document))
        self._registry: Registry[Any] = Registry().with_resource("urn:description", resource)

    def faults(self, schema: str, value: Any) -> list[str]:
        """Where `value` is not what the schema of that name says."""
        reference = {"$ref": f"urn:description#/components/schemas/{schema}"}
        validator = Draft4Validator(reference, registry=self._registry)
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def _with_null(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_null(item) for item in value]
    if not isinstance(value, dict):
        return value
    converted = {key: _with_null(item) for key, item in value.items()}
    if value.get("nullable") is True:
        converted["type"] = [value["type"], "null"]
    return converted
