"""Tests that a step plays."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_synthetics.support.multistep_tests import extracted, multi, statuses, step, tail
from tests.local_synthetics.support.service import (
    Service,
    Target,
    http_test,
    serving,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def sub_test(definition: dict[str, Any], **flow: Any) -> dict[str, Any]:
    return {
        "id": "sub",
        "subtype": "playSubTest",
        "name": "Sub-test",
        "subtestPublicId": definition["public_id"],
        **flow,
    }


PLAYED = http_test("{{ BASE }}/apply?from={{ WHO }}")
DEEP = [multi() for _ in range(3)]
PLAYED["config"]["configVariables"] = [{"name": "WHO", "type": "text", "pattern": "sub"}]
for outer, inner in itertools.pairwise(DEEP):
    outer["config"]["steps"] = [sub_test(inner)]
DEEP[-1]["config"]["steps"] = [sub_test(PLAYED)]
NAMED = multi(
    step("{{ BASE }}/discount", extractedValues=[extracted("http_body", "json_path", "$[1].code")]),
    tail(0),
)


@pytest.fixture(scope="module")
def library() -> Iterator[Service]:
    with serving(PLAYED, NAMED, *DEEP) as service:
        yield service


def test_a_sub_test_is_played_with_its_own_variables(shop: Target, library: Service) -> None:
    result = library.run(multi(sub_test(PLAYED)), variables={"BASE": shop.url})
    assert result["status"] == "passed", result["failure"]
    (shown,) = result["steps"]
    assert shown["sub_test"] == {"id": PLAYED["public_id"]}
    assert shown["response"]["status_code"] == 200
    assert shop.requests[0]["path"] == "/apply?from=sub"


def test_a_variable_of_the_parent_wins(shop: Target, library: Service) -> None:
    own = [{"name": "WHO", "type": "text", "pattern": "parent"}]
    definition = multi(sub_test(PLAYED), configVariables=own)
    assert library.run(definition, variables={"BASE": shop.url})["status"] == "passed"
    assert shop.requests[0]["path"] == "/apply?from=parent"


def test_the_steps_of_a_sub_test_are_told_and_their_values_kept(
    shop: Target, library: Service
) -> None:
    definition = multi(sub_test(NAMED), step(f"{shop.url}/apply?c={{{{ CODE }}}}"))
    result = library.run(definition, variables={"BASE": shop.url})
    assert result["status"] == "passed", result["failure"]
    assert shop.requests[1]["path"] == "/apply?c=OFF"
    assert [one["subtype"] for one in result["steps"]] == ["playSubTest", "http", "wait", "http"]
    assert result["steps"][1]["sub_step"] == {
        "level": 1,
        "parent_test": {"id": definition["public_id"]},
        "parent_step": {"id": "sub"},
    }


def test_a_secret_that_a_later_step_finds_is_not_in_an_earlier_failure(
    target: Target, service: Service
) -> None:
    target.answer("/", body="the code is 1234-woof")
    lacks = {"type": "body", "operator": "is", "target": "no code"}
    secret = extracted("http_body", "regex", r"is (\S+)", secure=True)
    result = service.run(
        multi(
            step(target.url, lacks, allowFailure=True, isCritical=True),
            step(target.url, extractedValues=[secret]),
        )
    )
    assert result["failure"]["code"] == "INCORRECT_ASSERTION"
    assert "1234-woof" not in json.dumps(result)


def test_a_failed_sub_test_fails_the_test(shop: Target, library: Service) -> None:
    shop.answer("/discount", status=500)
    after = sub_test(PLAYED, alwaysExecute=True)
    definition = multi(sub_test(NAMED), step(f"{shop.url}/apply"), after)
    result = library.run(definition, variables={"BASE": shop.url})
    assert result["status"] == "failed"
    assert statuses(result) == ["failed", "failed", "skipped", "skipped", "passed"]


def test_a_failed_sub_test_proves_nothing(shop: Target) -> None:
    proving = multi(step(f"{shop.url}/apply"), step(f"{shop.url}/down"))
    with serving(proving) as service:
        result = service.run(multi(sub_test(proving, allowFailure=True)))
    assert statuses(result) == ["failed", "passed", "failed"]
    assert "nothing was proved" in result["failure"]["message"]


def test_sub_tests_nest_two_levels(shop: Target, library: Service) -> None:
    given = {"BASE": shop.url}
    result = library.run(multi(sub_test(DEEP[2])), variables=given)
    assert result["status"] == "passed"
    assert [one.get("sub_step", {}).get("level") for one in result["steps"]] == [None, 1]
    result = library.run(multi(sub_test(DEEP[0])), variables=given)
    assert "nest deeper than 2 levels" in result["failure"]["message"]
