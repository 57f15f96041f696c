"""Definitions, overrides, variables and assertions that are nearly right: verdict or refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzzing.definitions import every_kind
from tests.fuzzing.languages import assertions, overrides, patterns
from tests.fuzzing.mutations import mutated, texts
from tests.fuzzing.profile import examples

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.local_synthetics.support.service import Json, Service

KINDS = (
    "http", "json", "xml", "multi", "tcp", "ssl", "udp", "icmp", "dns", "websocket", "grpc",
    "unary", "mcp",
)  # fmt: skip


@pytest.fixture(scope="module")
def valid() -> Iterator[Mapping[str, Json]]:
    with every_kind() as definitions:
        yield definitions


def judged(service: Service, *tests: Json, limit: int = 3_000) -> list[Json]:
    """The results of these tests, if the trigger is accepted: each verdict is earned."""
    answer = service.post({"tests": list(tests), "options": {"batch_timeout": limit}})
    assert answer.status_code in {200, 400}, answer.text
    if answer.status_code == 400:
        assert answer.json()["errors"]
        return []
    batch = service.final(answer.json()["batch_id"])
    ids = [one["result_id"] for one in batch["results"] if one["status"] != "skipped"]
    results = [datum["attributes"]["result"] for datum in service.poll(*ids)["data"]]
    assert len(results) == len(set(ids))
    for result in results:
        if result["status"] == "passed":
            assert proved(result), result
        else:
            assert result["failure"]["code"] != "INTERNAL_ERROR", result["failure"]
    return results


def proved(result: Json) -> bool:
    """Whether all assertions held, or those of a step that passed."""
    parts = [result, *(step for step in result.get("steps", []) if "failure" not in step)]
    return any(
        part.get("assertions") and all(one["valid"] for one in part["assertions"]) for part in parts
    )


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_others_start_from_passes(
    kind: str, valid: Mapping[str, Json], fuzzed: Service
) -> None:
    results = judged(fuzzed, {"local_test_definition": valid[kind]}, limit=20_000)
    wanted = "failed" if kind == "ssl" else "passed"  # its server speaks no TLS
    assert [result["status"] for result in results] == [wanted], results


def changed(definition: Json) -> st.SearchStrategy[Json]:
    """A change mostly of what is checked, as the rest is looked at before anything else."""
    config = mutated(definition["config"]).map(lambda config: {**definition, "config": config})
    return st.one_of(config, config, config, mutated(definition))


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@examples(25)
def test_definitions(
    kind: str, valid: Mapping[str, Json], fuzzed: Service, data: st.DataObject
) -> None:
    judged(fuzzed, {"local_test_definition": data.draw(changed(valid[kind]))})


@given(wanted=st.lists(assertions, min_size=1, max_size=6))
@examples(60)
def test_assertions(valid: Mapping[str, Json], fuzzed: Service, wanted: list[Json]) -> None:
    """Each in a test of its own, on JSON and on XML."""
    tests = [
        {"local_test_definition": {**one, "config": {**one["config"], "assertions": [assertion]}}}
        for assertion in wanted
        for one in (valid["json"], valid["xml"])
    ]
    judged(fuzzed, *tests)


@given(given_overrides=overrides)
@examples(60)
def test_overrides(valid: Mapping[str, Json], fuzzed: Service, given_overrides: Json) -> None:
    judged(fuzzed, {"local_test_definition": valid["http"], **given_overrides})


@given(pattern=patterns, value=texts, secure=st.booleans())
@examples(60)
def test_variables(
    valid: Mapping[str, Json], fuzzed: Service, pattern: str, value: str, *, secure: bool
) -> None:
    """In every part of a request, and in what is asserted and extracted."""
    definition = valid["http"]
    used = "{{ DOG }}"
    variable = {"name": "DOG", "type": "text", "pattern": pattern, "secure": secure}
    request = {
        **definition["config"]["request"],
        "headers": {"X-Dog": used},
        "query": {"dog": used},
        "body": used,
        "basicAuth": {"type": "web", "username": "dog", "password": used},
    }
    wanted = [{"type": "body", "operator": "doesNotContain", "target": used}]
    config = {"request": request, "assertions": wanted, "configVariables": [variable]}
    parser = {"type": "regex", "value": used}
    extracts = [{"name": "X", "type": "http_body", "parser": parser, "secure": secure}]
    step = {"subtype": "http", "name": "a", "request": request, "assertions": wanted}
    steps = {"steps": [{**step, "extractedValues": extracts}], "configVariables": [variable]}
    tests: list[Json] = [
        {"local_test_definition": {**definition, "config": config}},
        {"local_test_definition": {**definition, "subtype": "multi", "config": steps}},
    ]
    judged(fuzzed, *tests, *({**one, "variables": {"DOG": value}} for one in tests))
