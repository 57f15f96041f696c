"""The service's description of itself against its routes."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from starlette.routing import Route

from pytest_storedog_gate.local_synthetics.api.app import create_app
from pytest_storedog_gate.local_synthetics.api.openapi import schemas
from pytest_storedog_gate.local_synthetics.definitions.definition import (
    SHAPE,
    DefinitionError,
    parse,
)
from pytest_storedog_gate.local_synthetics.definitions.files import Catalog
from tests.local_synthetics.support.operations import OPERATIONS, operations_of

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import Service

EXAMPLE = schemas()["Definition"]["examples"][0]


def validator(name: str) -> Draft202012Validator:
    root = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas()}}
    return Draft202012Validator(root)


def test_every_route_is_described_and_nothing_else() -> None:
    routes = create_app(Catalog(), concurrency=1).routes
    answered = {
        f"{method} {route.path}"
        for route in routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert all(isinstance(route, Route) for route in routes)
    assert set(OPERATIONS) == answered


def test_the_description_is_served(service: Service) -> None:
    document = service.get("/openapi.json").json()
    assert operations_of(document) == OPERATIONS
    poll = document["paths"]["/api/v2/synthetics/suites/{public_id}"]
    assert [one["name"] for one in poll["parameters"]] == ["public_id"]
    assert poll["get"]["responses"].keys() == {"200", "403", "404"}


@pytest.mark.parametrize("name", list(schemas()))
def test_the_examples_are_what_they_show(name: str) -> None:
    Draft202012Validator.check_schema(schemas()[name])
    for example in schemas()[name].get("examples", []):
        validator(name).validate(example)


def accepted(definition: Any) -> bool:
    try:
        parse(definition)
    except DefinitionError:
        return False
    return True


@pytest.mark.parametrize("path", [one for one in SHAPE if not one.startswith("storedog")])
@pytest.mark.parametrize(
    "value", [None, "a", 1, {}, [], ["a"], [1], [{}], [{"name": "a"}]], ids=str
)
def test_a_definition_is_described_as_it_is_read(path: str, value: Any) -> None:
    definition = deepcopy(EXAMPLE)
    *parents, key = path.split(".")
    place = definition
    for parent in parents:
        place = place[parent]
    place[key] = value
    assert validator("Definition").is_valid(definition) is accepted(definition)
