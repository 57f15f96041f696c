"""Every operation of the API, asked by its own description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from pytest_storedog_gate.local_synthetics.api.openapi import document, schemas
from tests.fuzzing.profile import examples
from tests.local_synthetics.support.operations import OPERATIONS
from tests.local_synthetics.support.service import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemathesis.filters import HasAPIOperation
    from schemathesis.schemas import BaseSchema

    from tests.local_synthetics.support.service import Service

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
_ASKED = "x-asked"


# A fixture of one operation each, so that its cases are made where and when its test runs: made
# with the test, as schemathesis does it otherwise, they cost each worker seconds.
@pytest.fixture(params=OPERATIONS)
def described(request: pytest.FixtureRequest) -> BaseSchema:
    request.node._nodeid = request.node.nodeid  # as before pytest 9.2, which schemathesis expects
    return schemathesis.openapi.from_dict({**document(), _ASKED: request.param})


@pytest.fixture
def briefly_described(described: BaseSchema) -> BaseSchema:
    described.config.phases.coverage.enabled = False
    return described


def _is_asked(context: HasAPIOperation) -> bool:
    operation = context.operation
    return bool(operation.label == operation.schema.raw_schema[_ASKED])


@schemathesis.pytest.from_fixture("described").include(_is_asked).parametrize()
@examples(10)
def test_answers_are_as_described(case: schemathesis.Case[Any], fuzzed: Service) -> None:
    _called(case, fuzzed)


def _called(case: schemathesis.Case[Any], fuzzed: Service) -> None:
    """Over the connection of the cases before: a new one for each costs more than its case."""
    case.call_and_validate(
        base_url=fuzzed.url, session=fuzzed.session, timeout=DEADLINE, checks=CHECKS
    )


@pytest.fixture(scope="module")
def known(fuzzed: Service) -> Mapping[str, str]:
    """What path parameters may stand for: a test that was made by the API, and its first run."""
    made = _made(fuzzed, "tests/api", "NewTest")
    batch_id = fuzzed.trigger({"public_id": made["public_id"]})
    (entry,) = fuzzed.final(batch_id)["results"]
    # The name of the example is taken by those who tried the example.
    variable = _made(fuzzed, "variables", "NewVariable", name="KNOWN_VARIABLE")
    location = _made(fuzzed, "private-locations", "NewPrivateLocation")["private_location"]
    return {
        "variable_id": variable["id"],
        "location_id": location["id"],
        "public_id": made["public_id"],
        "batch_id": batch_id,
        "result_id": entry["result_id"],
        "version": "1",
    }


def _made(fuzzed: Service, path: str, shape: str, **changes: str) -> Any:
    """What a POST of the shape's example makes."""
    body = {**schemas()[shape]["examples"][0], **changes}
    url = f"{fuzzed.url}/api/v1/synthetics/{path}"
    return requests.post(url, json=body, timeout=DEADLINE).json()


@schemathesis.pytest.from_fixture("briefly_described").include(_is_asked).parametrize()
@examples(8)
def test_answers_about_what_is_there_are_as_described(
    case: schemathesis.Case[Any], fuzzed: Service, known: Mapping[str, str]
) -> None:
    for name in case.path_parameters.keys() & known.keys():
        case.path_parameters[name] = known[name]
    case.body = _about(case.body, known["public_id"])
    _called(case, fuzzed)


def _about(body: Any, public_id: str) -> Any:
    """The body with that ID where it holds a test's."""
    if isinstance(body, list):
        return [_about(one, public_id) for one in body]
    if isinstance(body, dict):
        return {
            key: public_id if key == "public_id" else _about(value, public_id)
            for key, value in body.items()
        }
    return body
