"""The service's description of itself against its routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator
from starlette.routing import Route

from pytest_storedog_gate.local_synthetics.api.app import create_app
from pytest_storedog_gate.local_synthetics.api.openapi import OPERATIONS
from pytest_storedog_gate.local_synthetics.api.schemas import SCHEMAS
from pytest_storedog_gate.local_synthetics.definitions.files import Catalog

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import Service


def test_every_route_is_described_and_nothing_else() -> None:
    routes = create_app(Catalog(), concurrency=1).routes
    answered = {
        f"{method} {route.path}"
        for route in routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert all(isinstance(route, Route) for route in routes)
    assert OPERATIONS.keys() == answered


def test_the_description_is_served(service: Service) -> None:
    document = service.get("/openapi.json").json()
    assert {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method in operations.keys() - {"parameters"}
    } == OPERATIONS.keys()
    poll = document["paths"]["/api/v2/synthetics/suites/{public_id}"]
    assert [one["name"] for one in poll["parameters"]] == ["public_id"]
    assert poll["get"]["responses"].keys() == {"200", "403", "404"}


@pytest.mark.parametrize("name", list(SCHEMAS))
def test_the_examples_are_what_they_show(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    root = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
    validator = Draft202012Validator(root)
    for example in SCHEMAS[name].get("examples", []):
        validator.validate(example)
