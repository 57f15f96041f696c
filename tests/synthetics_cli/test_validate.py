"""`storedog-synthetics validate`: all that is wrong, each with its line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.synthetics_cli.command_line import main
from tests.local_synthetics.support.service import http_test

if TYPE_CHECKING:
    from pathlib import Path

ALL_WRONG = """\
{
  "tests": [
    {"localTestDefinition": {
      "public_id": "abc-def-ghi", "name": "list", "type": "api", "subtype": "http",
      "config": {
        "request": {"method": "GET",
          "url": "",
          "timeuot": 4
        },
        "assertions": [
          {"type": "statusCode", "operator": "is", "target": 200},
          {"type": "statusCode", "operator": "isnt", "target": 200}
        ],
        "configVariables": [
          {"name": "TOKEN", "type": "global"},
          {"name": "ADDRESS", "type": "email"}]
      },
      "options": {
        "retry": {
          "backoff": 2}
      }
    }},
    {"localTestDefinition": {
      "public_id": "abc-def-ghi", "name": "steps", "type": "api", "subtype": "multi",
      "config": {"steps": [
        {"name": "a", "subtype": "http",
         "request": {
           "metod": "GET", "url": "http://127.0.0.1"},
         "assertions": [
           {"type": "header", "operator": "is", "target": "x"}
         ]}]}}},
    {"public_id": "abc-def-gho", "name": "x", "type": "api", "config": {}},
    {"id": "jkl-mno-pqr",
     "testOverrides": {
       "startUr": "x"}}
  ],
  "test": 1
}
"""
TOLD = """\
all.json:7: config.request.url must be a string that is not empty
all.json:8: config.request.timeuot is not supported: there is no such key; did you mean timeout?
all.json:12: config.assertions[1]: operator 'isnt' is not supported for statusCode
all.json:20: options.retry.backoff is not known: retry takes count and interval
all.json:24: public_id abc-def-ghi is defined twice: all.json:4 has it too
all.json:28: config.steps[0].request.metod is not supported: there is no such key; did you mean method?
all.json:30: config.steps[0]: config.assertions[0]: property must name the header
all.json:32: $.tests[2]: holds a definition itself, which belongs into its localTestDefinition: write \
{"localTestDefinition": {...}}
all.json:35: $.tests[3].testOverrides.startUr: unknown key; did you mean 'startUrl'?
all.json:37: $.test: unknown key; did you mean 'tests'?
all.json:15: note: a run wants a value for the variable TOKEN
all.json:16: note: a run wants --smtp for the variable ADDRESS
1 file, 2 definitions: 10 faults
"""  # noqa: E501 as it is printed


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_all_that_is_wrong_is_told_at_once_with_its_line(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "all.json").write_text(ALL_WRONG)
    assert main(["validate", "all.json"]) == 4
    assert capsys.readouterr().out == TOLD


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"tests": [\n{,}]}', "a.json:2: not valid JSON"),
        ('{"tests": [], "tests": 3}', "a.json:1: not valid JSON: an object has the key 'tests'"),
        ("[]", "a.json:1: must be a JSON object"),
        ('{"public_id": "abc-def-gha",\n"type": 3}', "a.json:2: type must be a string\n"),
        ('{"tests": [\n{"localTestDefinition": 4}]}', "a.json:2: $.tests[0].localTestDefinition:"),
        ('{"tests":\n {}}', "a.json:1: $.tests: must be a list of tests, and not empty\n"),
        ('{"tags": 3,\n"type": "apis", "config": {}}', "a.json:2: type: tests of type apis are"),
        ('{"data": {\n"type": "suite"}}', "a.json:2: data.type 'suite' is not supported"),
        (
            json.dumps({"data": {"type": "suites", "id": "sui-tee-abc", "attributes": {
                "name": "x", "tests": [{"public_id": "gon-ego-neg"}]}}}, indent=1),
            "a.json:8: data.attributes.tests[0]: none of these files defines gon-ego-neg\n",
        ),
    ],
    ids=range(9),
)  # fmt: skip
def test_whatever_is_in_a_file_has_a_line(
    here: Path, capsys: pytest.CaptureFixture[str], text: str, sentence: str
) -> None:
    (here / "a.json").write_text(text)
    (here / "b.json").write_text(json.dumps(http_test("http://127.0.0.1")))
    assert main(["validate", "a.json", "b.json"]) == 4
    assert sentence in capsys.readouterr().out


def test_a_public_id_of_two_files_and_sub_tests_of_others_are_known(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    played = http_test("http://127.0.0.1")
    step = {"name": "x", "subtype": "playSubTest", "subtestPublicId": played["public_id"]}
    playing = {**http_test("x"), "subtype": "multi", "config": {"steps": [step]}}
    (here / "playing.json").write_text(json.dumps(playing))
    assert main(["validate", "playing.json"]) == 4
    assert "is not among the service's definitions" in capsys.readouterr().out
    (here / "played.json").write_text(json.dumps(played))
    assert main(["validate", "playing.json", "played.json"]) == 0
    assert capsys.readouterr().out == "2 files, 2 definitions: no faults\n"
    (here / "again.json").write_text(json.dumps(played))
    assert main(["validate", "play*.json", "again.json"]) == 4
    assert capsys.readouterr().out.startswith(
        f"again.json:1: public_id {played['public_id']} is defined twice: played.json:1 has it too"
    )


def test_a_pattern_that_matches_nothing_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "none*.json"]) == 4
    assert capsys.readouterr().err == "storedog-synthetics: no file matches none*.json\n"


def test_a_definition_in_the_wrong_place_is_no_riddle_for_run(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "a.json").write_text(json.dumps({"tests": [http_test("http://127.0.0.1")]}))
    assert main(["run", "a.json"]) == 4
    assert capsys.readouterr().err == (
        "storedog-synthetics: a.json: tests[0]: holds a definition itself, which belongs into its "
        'localTestDefinition: write {"localTestDefinition": {...}}\n'
    )
