"""The definitions that the real API returned: loaded, given back, run or refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.datadog.models import Check
from tests.local_synthetics.support.service import serving
from tests.published import recorded
from tests.published.data import PUBLISHED, needs_published, read_json
from tests.published.openapi import Description

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.local_synthetics.support.service import Service

pytestmark = needs_published
FILES = sorted(PUBLISHED.glob("definitions/*.json"))
# Some files hold the same test at different times, so each is given a public ID of its own.
TESTS = {
    path.stem: {**read_json(path), "public_id": f"abc-def-{number:03}"}
    for number, path in enumerate(FILES)
}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with serving(*TESTS.values()) as running:
        yield running


@pytest.fixture(scope="module")
def description() -> Description:
    return Description()


@pytest.mark.parametrize("name", TESTS)
def test_it_is_given_back(service: Service, description: Description, name: str) -> None:
    recorded = TESTS[name]
    own = "browser/" if recorded["type"] == "browser" else ""
    given = service.get(f"/api/v1/synthetics/tests/{own}{recorded['public_id']}").json()
    assert description.faults("SyntheticsTestDetails", given) == []
    assert _without_config(given) == _without_config(recorded)
    assert given["config"].keys() == recorded["config"].keys()
    assert given["config"].get("assertions") == recorded["config"].get("assertions")
    assert Check.from_json(given) == Check.from_json(recorded)


def _without_config(test: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in test.items() if key != "config"}


def test_a_search_finds_them_all(service: Service, description: Description) -> None:
    answer = service.get(
        "/api/v1/synthetics/tests/search", count="1001", include_full_config="true"
    ).json()
    assert answer["total"] == len(answer["tests"]) == len(TESTS)
    assert description.faults("SyntheticsListTestsResponse", answer) == []


@pytest.fixture(scope="module")
def problems() -> dict[str, list[str]]:
    return recorded.problems()


def test_each_is_run_or_refused_by_name(problems: dict[str, list[str]]) -> None:
    assert len(problems) == len(FILES)
    assert all(text for texts in problems.values() for text in texts)
    run = {name for name, texts in problems.items() if not texts}
    # Plain ones run; those whose certificates Datadog does not give back do not.
    assert {"api-http-00", "api-http-29", "api-http-35"} <= run
    assert run.isdisjoint({"api-http-04", "api-http-07"})


def test_of_scripts_only_those_are_refused_that_assert_nothing(
    problems: dict[str, list[str]],
) -> None:
    scripted = [path for path in FILES if "dd.variable" in path.read_text() or _asserted(path)]
    assert len(scripted) >= 6
    for path in scripted:
        texts = problems[path.stem]
        assert "FromScript" not in "; ".join(texts)
        about_nothing = [one for one in texts if "the code asserts nothing" in one]
        assert len(about_nothing) == len(_asserted(path))


def _asserted(path: Path) -> list[str]:
    """The code of JavaScript assertions: in all of them, a constant and nothing else."""
    wanted = read_json(path)["config"].get("assertions") or []
    return [one["code"] for one in wanted if one["type"] == "javascript"]


def test_those_that_are_refused_end_without_a_verdict(
    service: Service, problems: dict[str, list[str]]
) -> None:
    """Those that are run would ask servers that are not ours."""
    refused = {TESTS[name]["public_id"]: texts for name, texts in problems.items() if texts}
    rule = {"ci": {"executionRule": "blocking"}}
    tests = [
        {"local_test_definition": {**one, "options": {**one["options"], **rule}}}
        for one in TESTS.values()
        if one["public_id"] in refused
    ]
    final = service.final(service.trigger(*tests))
    ended = set()
    for entry in final["results"]:
        result = service.result(entry["result_id"])
        ended.add(entry["test_public_id"])
        assert (result["failure"]["code"], result["inconclusive"]) == ("INVALID_TEST", True)
        assert any(one in result["failure"]["message"] for one in refused[entry["test_public_id"]])
    assert ended == refused.keys()
