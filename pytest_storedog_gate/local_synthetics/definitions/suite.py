"""Suites: tests that are triggered together, by a public ID of the suite's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from pytest_storedog_gate.local_synthetics.definitions.definition import (
    DefinitionError,
    Json,
    is_public_id,
)


@dataclass(frozen=True)
class Suite:
    """One suite, as JSON of the shape that `parse_suite` checked: the API's `data.attributes`."""

    data: Json

    @property
    def public_id(self) -> str:
        return cast("str", self.data["public_id"])

    @property
    def tests(self) -> list[str]:
        """The public IDs of its tests."""
        return [test["public_id"] for test in self.data["tests"]]

    def document(self) -> Json:
        """The body of v2 `GET /suites/{id}`."""
        return {"data": {"type": "suites", "id": self.public_id, "attributes": self.data}}


def parse_suite(document: Any) -> Suite:
    """Read what v2 `GET /suites/{id}` answers. Raises DefinitionError.

    The ID may be `data.id`, `data.attributes.public_id` or, the same, both.
    """
    data = _object(_object(document, "a suite").get("data"), "data")
    if data.get("type") != "suites":
        raise DefinitionError(f"data.type {data.get('type')!r} is not supported: suites is")
    attributes = _object(data.get("attributes"), "data.attributes")
    public_id = data.get("id", attributes.get("public_id"))
    if not is_public_id(public_id):
        raise DefinitionError(f"data.id {public_id!r} is not of the form abc-def-ghi")
    if attributes.get("public_id", public_id) != public_id:
        raise DefinitionError("data.id and data.attributes.public_id differ")
    if not isinstance(attributes.get("name"), str):
        raise DefinitionError("data.attributes.name must be a string")
    tests = attributes.get("tests")
    if not isinstance(tests, list):
        raise DefinitionError("data.attributes.tests must be a list")
    for index, test in enumerate(tests):
        if not isinstance(test, dict) or not is_public_id(test.get("public_id")):
            raise DefinitionError(
                f"data.attributes.tests[{index}] must hold a public_id like abc-def-ghi"
            )
    return Suite({**attributes, "public_id": public_id, "type": "suite"})


def _object(value: Any, name: str) -> Json:
    if not isinstance(value, dict):
        raise DefinitionError(f"{name} must be a JSON object")
    return value
