"""Definition files, good and bad."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.local_synthetics.definitions.definition import DefinitionError
from pytest_storedog_gate.local_synthetics.definitions.files import load
from tests.local_synthetics.support.service import http_test, serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_synthetics.support.service import Target


def write(path: Path, *definitions: Any) -> Path:
    tests = [{"localTestDefinition": one} for one in definitions]
    path.write_text(json.dumps({"tests": tests}))
    return path


def test_both_file_formats_are_read(tmp_path: Path) -> None:
    one, two, three = (http_test("http://127.0.0.1") for _ in range(3))
    write(tmp_path / "a.synthetics.json", one, two)
    (tmp_path / "b.synthetics.json").write_text(json.dumps(three))
    (tmp_path / "c.synthetics.json").write_text('{"tests": [{"id": "abc-def-ghi"}]}')
    patterns = [f"{tmp_path}/*.synthetics.json", f"{tmp_path}/**/a.*"]
    assert load(patterns).tests.keys() == {one["public_id"], two["public_id"], three["public_id"]}


def without(definition: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in definition.items() if name != key}


GOOD = http_test("http://127.0.0.1")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{\n "tests": [\n  {,}\n]}', "bad.json:3: not valid JSON"),
        (b"\xff\xfe", "bad.json: not UTF-8 text"),
        ("[]", "bad.json: must be a JSON object"),
        (
            '{"tests": [], "tests": []}',
            "bad.json: not valid JSON: an object has the key 'tests' twice",
        ),
        ('{"tests": {}}', "bad.json: tests must be a list"),
        ('{"tests": []}', "no definition in "),
        ('{"tests": [{"testOverrides": {}}]}', "tests[0]: must hold an id or"),
        (
            {"tests": [{**GOOD, "public_id": "abc-def-ghi"}]},
            "tests[0]: holds a definition itself, which belongs into its localTestDefinition",
        ),
        ('{"tests": [{"localTestDefinition": 1}]}', "tests[0]: a definition must be"),
        (without(GOOD, "public_id"), "public_id is missing"),
        ({**GOOD, "public_id": "ABC"}, "public_id 'ABC' is not of the form"),
        ({**GOOD, "tags": [1]}, "tags[0] must be a string"),
        ({**GOOD, "locations": [1]}, "locations[0] must be a string"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, content: Any, sentence: str) -> None:
    path = tmp_path / "bad.json"
    if isinstance(content, dict):
        content = json.dumps(content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DefinitionError) as raised:
        load([str(path)])
    assert sentence in str(raised.value)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (without(GOOD, "name"), "name is missing"),
        ({**GOOD, "config": []}, "config must be an object"),
        ({**GOOD, "storedog": []}, "storedog must be an object"),
        ({**GOOD, "storedog": {"files": {"a": "b"}}}, "storedog.files"),
        ({**GOOD, "options": {"retry": {"count": -1}}}, "retry.count must be a number"),
        ({**GOOD, "options": {"retry": {"backoff": 2}}}, "retry.backoff is not known"),
        ({**GOOD, "options": {"retry": []}}, "options.retry must be an object"),
        ({**GOOD, "options": {"ci": {"executionRule": "x"}}}, "executionRule 'x'"),
        ({**GOOD, "config": {"configVariables": [{}]}}, "configVariables[0].name"),
        ({**GOOD, "config": {"assertions": [1]}}, "config.assertions[0] must be an object"),
        ({**GOOD, "config": {"assertions": [None]}}, "config.assertions[0] must be an object"),
    ],
)
@pytest.mark.parametrize("overridden", [False, True])
def test_a_fault_in_one_test_keeps_no_other_from_being_run(
    tmp_path: Path, target: Target, bad: Any, sentence: str, *, overridden: bool
) -> None:
    target.answer("/", body="fine")
    fine = http_test(target.url)
    path = write(tmp_path / "both.json", {**bad, "tags": ["here"]}, fine)
    catalog = load([str(path)])
    assert catalog.tests[GOOD["public_id"]].tags == ["here"]
    with serving(*catalog.tests.values()) as service:
        given = {"executionRule": "non_blocking"} if overridden else {}
        wanted = [{"public_id": one["public_id"], **given} for one in (GOOD, fine)]
        entries = service.final(service.trigger(*wanted))["results"]
        first, second = (service.result(entry["result_id"]) for entry in entries)
    assert second["status"] == "passed"
    assert (first["status"], first["failure"]["code"]) == ("failed", "INVALID_TEST")
    assert sentence in first["failure"]["message"]


def test_a_public_id_is_defined_once(tmp_path: Path) -> None:
    first, second = (write(tmp_path / name, GOOD) for name in ("a.json", "b.json"))
    with pytest.raises(DefinitionError) as raised:
        load([f"{tmp_path}/*.json"])
    assert str(raised.value) == (
        f"public_id {GOOD['public_id']} is defined twice: in {first} and {second}"
    )


def test_a_pattern_must_match(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"no file matches .*/\*\.nothing"):
        load([f"{tmp_path}/*.nothing"])
