"""The keys that the service knows are those of Datadog's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.local_synthetics.definitions.known_keys import TEST, key_faults_of_test
from tests.published.data import PUBLISHED, needs_published, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_synthetics.support.service import Json

pytestmark = needs_published
# By the place of an object in a test the schemas that the published description has for it.
SCHEMAS = {
    "": "TestDetails APITest BrowserTest",
    "config": "APITestConfig BrowserTestConfig TestConfig",
    "config.request": "TestRequest",
    "config.request.basicAuth": "BasicAuthWeb BasicAuthSigv4 BasicAuthNTLM BasicAuthDigest"
    " BasicAuthOauthClient BasicAuthOauthROP BasicAuthJWT",
    "config.request.basicAuth.addClaims": "BasicAuthJWTAddClaims",
    "config.request.certificate": "TestRequestCertificate",
    "config.request.certificate.cert": "TestRequestCertificateItem",
    "config.request.files[0]": "TestRequestBodyFile",
    "config.request.proxy": "TestRequestProxy",
    "config.configVariables[0]": "ConfigVariable",
    "config.variables[0]": "BrowserVariable",
    "config.steps[0]": "APITestStep APIWaitStep APISubtestStep",
    "config.steps[0].extractedValues[0]": "ParsingOptions",
    "config.steps[0].extractedValues[0].parser": "VariableParser",
    "config.assertions[0]": "AssertionTarget AssertionBodyHashTarget",
    "options": "TestOptions",
    "options.ci": "TestCiOptions",
    "options.retry": "TestOptionsRetry",
    "steps[0]": "Step",
}


def names(schemas: str) -> Iterator[str]:
    published: Json = read_json(PUBLISHED / "openapi-v1-synthetics.json")["components"]["schemas"]
    for one in schemas.split():
        yield from published[f"Synthetics{one}"]["properties"]


def placed(place: str, value: Any) -> Json:
    """A test with the value there."""
    for part in reversed(place.split(".") if place else []):
        name, _, listed = part.partition("[")
        value = {name: [value] if listed else value}
    return dict(value)


@pytest.mark.parametrize("place", SCHEMAS)
def test_every_published_key_is_known(place: str) -> None:
    published = dict.fromkeys(names(SCHEMAS[place]))
    assert len(published) > 0
    assert key_faults_of_test(placed(place, published)) == []


@pytest.mark.parametrize(
    ("operator", "schema"),
    [
        ("validatesJSONPath", "JSONPath"),
        ("validatesXPath", "XPath"),
        ("validatesJSONSchema", "JSONSchema"),
    ],
)
def test_so_is_every_key_of_a_target(operator: str, schema: str) -> None:
    target = dict.fromkeys(names(f"Assertion{schema}TargetTarget"))
    assertion = {"operator": operator, "target": target}
    assert key_faults_of_test({"config": {"assertions": [assertion]}}) == []


@pytest.mark.parametrize("path", sorted(PUBLISHED.glob("definitions/*.json")), ids=lambda p: p.stem)
def test_a_real_definition_has_no_unknown_key(path: Any) -> None:
    assert key_faults_of_test(read_json(path)) == []


def test_what_is_known_beside_is_named_here() -> None:
    """What no description lists and real answers have, and what this project adds."""
    known = set(TEST)
    beside = known - set(names(SCHEMAS[""]))
    assert beside == {
        "created_at", "created_by", "creation_source", "deleted_at", "modified_at", "modified_by",
        "org_id", "overall_state", "overall_state_modified", "stepCount", "storedog", "version",
    }  # fmt: skip
