"""The JSON Schema of definitions: what is shipped is what the code reads them with."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from pytest_storedog_gate.local_synthetics.definitions.definition import shape_faults
from pytest_storedog_gate.local_synthetics.definitions.known_keys import key_faults_of_test
from pytest_storedog_gate.local_synthetics.definitions.schema import schema
from tests.local_synthetics.support.multistep_tests import multi, step
from tests.local_synthetics.support.service import http_test
from tests.shipped import is_up_to_date

ROOM = "pytest_storedog_gate.local_synthetics.definitions"
VALIDATOR = jsonschema.Draft202012Validator(schema())


def test_what_is_shipped_is_made_of_the_tables() -> None:
    assert is_up_to_date(ROOM, "definitions.schema.json", schema()), (
        "STOREDOG_REWRITE=1 writes it anew"
    )


def changed(path: str, value: Any) -> dict[str, Any]:
    """A definition with this value at the path."""
    test = http_test("http://127.0.0.1")
    holder: Any = test
    *outer, last = path.split(".")
    for key in outer:
        holder = holder[int(key)] if key.isdigit() else holder.setdefault(key, {})
    holder[last] = value
    return test


_JSON_PATH = {"jsonPath": "$.a", "operator": "is", "targetValue": 1}
_STEP = step("http://127.0.0.1")
WRONG = [
    changed("nonsense", 1),
    changed("type", None),
    changed("name", 4),
    changed("public_id", "ABC"),
    changed("tags", [1]),
    changed("config.request.timeuot", 1),
    changed("config.request.method", False),
    changed("config.request", []),
    changed("config.assertions", [None]),
    changed("config.assertions.0.timingScope", 1),
    changed("config.assertions.0.operator", True),
    changed("config.assertions", [{"type": "javascript", "operator": "is", "property": "x"}]),
    changed(
        "config.assertions",
        [{"type": "body", "operator": "validatesJSONPath", "target": {**_JSON_PATH, "x": 1}}],
    ),
    changed("config.configVariables", [{"type": "text"}]),
    changed("config.configVariables", [{"name": "A", "secured": True}]),
    changed("options.follow_redirects", "true"),
    changed("options.retry.count", -1),
    changed("options.retry.backoff", 1),
    changed("options.ci.executionRule", "maybe"),
    changed("storedog.file", {}),
    multi({**_STEP, "alowFailure": True}),
    multi({**_STEP, "request": {"metod": "GET"}}),
    {**http_test("x"), "type": "browser", "steps": [{"type": "click", "params": {"elment": {}}}]},
]


@pytest.mark.parametrize("test", WRONG, ids=range(len(WRONG)))
def test_what_the_code_refuses_by_its_tables_is_not_valid(test: dict[str, Any]) -> None:
    assert [*key_faults_of_test(test), *shape_faults(test)]
    assert not VALIDATOR.is_valid(test)
    assert not VALIDATOR.is_valid({"tests": [{"localTestDefinition": test}]})


RIGHT = [
    http_test("http://127.0.0.1"),
    multi(_STEP),
    changed("config.assertions", [{"type": "javascript", "code": "x"}]),
    changed(
        "config.assertions",
        [{"type": "body", "operator": "validatesJSONPath", "target": _JSON_PATH}],
    ),
    changed("options.follow_redirects", None),
    changed("config.request.certificate", {"key": {"content": "x"}}),
]


@pytest.mark.parametrize("test", RIGHT, ids=range(len(RIGHT)))
def test_what_the_code_takes_is_valid(test: dict[str, Any]) -> None:
    assert not [*key_faults_of_test(test), *shape_faults(test)]
    VALIDATOR.validate(test)
    VALIDATOR.validate({"$schema": "x", "tests": [{"localTestDefinition": test}, {"id": "x"}]})


@pytest.mark.parametrize("tests", [{}, [{}], [{"localTestDefinitio": {}}], [http_test("x")]])
def test_an_entry_holds_an_id_or_a_definition(tests: object) -> None:
    assert not VALIDATOR.is_valid({"tests": tests})


def test_a_suite_is_valid() -> None:
    suite = {"type": "suites", "attributes": {"name": "x", "tests": []}}
    VALIDATOR.validate({"data": suite})
    assert not VALIDATOR.is_valid({"data": {**suite, "type": "suite"}})
