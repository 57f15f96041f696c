"""Suites: in files, over the API, and triggered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.local_synthetics.definitions.definition import DefinitionError
from pytest_storedog_gate.local_synthetics.definitions.files import load
from tests.local_synthetics.support.service import Json, Target, http_test, serving

if TYPE_CHECKING:
    from pathlib import Path

SUITES = "/api/v2/synthetics/suites"


def suite(public_id: str, *tests: str) -> Json:
    """A suite as the API returns it."""
    attributes = {
        "public_id": public_id,
        "name": "The shop",
        "type": "suite",
        "options": {},
        "tags": ["env:staging"],
        "tests": [{"public_id": one, "alerting_criticality": "critical"} for one in tests],
    }
    return {"data": {"type": "suites", "id": public_id, "attributes": attributes}}


def test_a_suite_is_given_back() -> None:
    document = suite("sui-tea-aaa")
    with serving(suites=[document]) as service:
        assert service.get(f"{SUITES}/sui-tea-aaa").json() == document
        assert service.get(f"{SUITES}/sui-tea-bbb").status_code == 404
        assert service.get("/api/v1/synthetics/tests/sui-tea-aaa").status_code == 404


def test_a_suite_runs_its_tests(target: Target) -> None:
    target.answer("/bad", status=500)
    good, bad = http_test(target.url), http_test(f"{target.url}/bad")
    wide = {**http_test(target.url), "locations": ["aws:eu-central-1", "pl:office"]}
    document = suite("sui-tea-aaa", good["public_id"], bad["public_id"])
    with serving(good, bad, wide, suites=[document]) as service:
        batch_id = service.trigger(
            {"public_id": "sui-tea-aaa", "headers": {"X-Env": "staging"}},
            {"public_id": wide["public_id"]},
        )
        batch = service.final(batch_id)
    assert [(one["test_public_id"], one["status"]) for one in batch["results"]] == [
        (good["public_id"], "passed"),
        (bad["public_id"], "failed"),
        (wide["public_id"], "passed"),
        (wide["public_id"], "passed"),
    ]
    assert batch["status"] == "failed"
    assert sorted(asked["headers"].get("x-env", "") for asked in target.requests) == [
        "", "", "staging", "staging",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("test", "sentence"),
    [
        ({"public_id": "sui-tea-aaa"}, "tests[0]: suite sui-tea-aaa has no tests"),
        ({"public_id": "sui-tea-aaa", "version": 1}, "a suite has no version"),
        ({"public_id": "sui-tea-bbb"}, "(test ids: ['sui-tea-bbb'])"),
    ],
)
def test_a_suite_that_cannot_be_triggered(test: Json, sentence: str) -> None:
    with serving(suites=[suite("sui-tea-aaa")]) as service:
        answer = service.post({"tests": [test]})
    assert answer.status_code == 400
    assert sentence in answer.json()["errors"][0]


def test_a_file_may_hold_a_suite(tmp_path: Path) -> None:
    test = http_test("http://127.0.0.1")
    (tmp_path / "a.json").write_text(json.dumps(test))
    (tmp_path / "b.json").write_text(json.dumps(suite("sui-tea-aaa", test["public_id"])))
    catalog = load([f"{tmp_path}/*.json"])
    assert catalog.tests.keys() == {test["public_id"]}
    assert catalog.suites["sui-tea-aaa"].tests == [test["public_id"]]


ATTRIBUTES = suite("sui-tea-aaa")["data"]["attributes"]


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"data": []}, "data must be a JSON object"),
        ({"data": {"type": "tests"}}, "data.type 'tests' is not supported"),
        ({"data": {"type": "suites"}}, "data.attributes must be a JSON object"),
        ({"data": {"type": "suites", "attributes": {}}}, "data.id None is not of the form"),
        (
            {"data": {"type": "suites", "id": "sui-tea-bbb", "attributes": ATTRIBUTES}},
            "data.id and data.attributes.public_id differ",
        ),
        (
            {"data": {"type": "suites", "attributes": {**ATTRIBUTES, "name": None}}},
            "data.attributes.name must be a string",
        ),
        (
            {"data": {"type": "suites", "attributes": {**ATTRIBUTES, "tests": {}}}},
            "data.attributes.tests must be a list",
        ),
        (
            {"data": {"type": "suites", "attributes": {**ATTRIBUTES, "tests": ["abc-def-ghi"]}}},
            "data.attributes.tests[0] must hold a public_id",
        ),
        (suite("sui-tea-aaa", "abc-def-ghi"), "tests that no file defines: abc-def-ghi"),
    ],
)
def test_a_bad_suite_is_named(tmp_path: Path, document: Any, sentence: str) -> None:
    path = tmp_path / "suite.json"
    path.write_text(json.dumps(document))
    with pytest.raises(DefinitionError) as raised:
        load([str(path)])
    assert sentence in str(raised.value)
    assert str(path) in str(raised.value)


def test_a_test_and_a_suite_have_different_ids(tmp_path: Path) -> None:
    test = http_test("http://127.0.0.1")
    (tmp_path / "a.json").write_text(json.dumps(test))
    (tmp_path / "b.json").write_text(json.dumps(suite(test["public_id"])))
    with pytest.raises(DefinitionError, match=f"public_id {test['public_id']} is defined twice"):
        load([f"{tmp_path}/*.json"])
