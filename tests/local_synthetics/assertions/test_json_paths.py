"""JSONPath in a body, and what is asked of the elements that it selects."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local_synthetics.assertions.evaluated import DISCOUNTS, observed, path, result

DOCUMENT = {"n": 5, "s": "five", "t": True, "z": None, "l": [1, 2], "o": {"a": 1}, "d": DISCOUNTS}


@pytest.mark.parametrize(
    ("json_path", "operator", "good", "bad"),
    [
        ("$.n", "is", "5", "5.1"),
        ("n", "is", 5, 6),
        ("$.s", "is", "five", "fiv"),
        ("$.t", "is", "true", "1"),
        ("$.z", "is", "null", ""),
        ("$.l", "is", "[1, 2]", "[2, 1]"),
        ("$.o", "is", '{"a":1}', "{}"),
        ("$.n", "isNot", "6", "5"),
        ("$.s", "contains", "iv", "six"),
        ("$.l", "contains", "2", "12"),
        ("$.s", "doesNotContain", "six", "iv"),
        ("$.s", "matches", "^f.*e$", "^e"),
        ("$.s", "doesNotMatch", "^e", "^f"),
        ("$.n", "lessThan", "6", "5"),
        ("$.n", "lessThanOrEqual", 5, 4),
        ("$.n", "moreThan", 4, 5),
        ("$.n", "moreThanOrEqual", "5", "6"),
    ],
)
def test_a_json_path_operator_holds_and_does_not(
    json_path: str, operator: str, good: Any, bad: Any
) -> None:
    assert result(path(json_path, operator, good), observed(DOCUMENT))["valid"]
    assert not result(path(json_path, operator, bad), observed(DOCUMENT))["valid"]


@pytest.mark.parametrize("operator", ["isUndefined", "doesNotExist"])
def test_a_path_may_have_to_select_nothing(operator: str) -> None:
    assert result(path("$.missing", operator), observed(DOCUMENT))["valid"]
    assert not result(path("$.z", operator), observed(DOCUMENT))["valid"]


@pytest.mark.parametrize(
    ("elements", "good", "bad"),
    [
        ("firstElementMatches", "BFRIDAY", "OFF"),
        ("everyElementMatches", "F", "B"),
        ("atLeastOneElementMatches", "OFF", "PARTY"),
        ("serializationMatches", '["BFRIDAY","OFF"]', "[OFF"),
    ],
)
def test_an_elements_operator_holds_and_does_not(elements: str, good: str, bad: str) -> None:
    facts = observed(DISCOUNTS)
    assert result(path("$[*].code", "contains", good, elements), facts)["valid"]
    assert not result(path("$[*].code", "contains", bad, elements), facts)["valid"]


@pytest.mark.parametrize(
    "elements",
    [
        "firstElementMatches",
        "everyElementMatches",
        "atLeastOneElementMatches",
        "serializationMatches",
    ],
)
@pytest.mark.parametrize("operator", ["is", "isNot", "doesNotContain", "lessThan"])
def test_nothing_selected_never_holds(elements: str, operator: str) -> None:
    unmet = result(path("$[*].code", operator, "5", elements), observed([]))
    assert (unmet["valid"], unmet["error_message"]) == (False, "the path selects nothing")


@pytest.mark.parametrize("body", ["Hello from Discounts!", "", "{", "NaN", "[" * 100_000])
@pytest.mark.parametrize("operator", ["isNot", "isUndefined"])
def test_a_body_that_is_not_json_never_holds(body: str, operator: str) -> None:
    unmet = result(path("$.a", operator, "x"), observed(body))
    assert unmet["valid"] is False
    assert unmet["error_message"].startswith("the body is not JSON")


LONG = "9" * 5000


@pytest.mark.parametrize(
    ("body", "json_path", "wanted"),
    [
        ('\ufeff{"a": "ok"}', "$.a", "ok"),
        (f'{{"a": "ok", "b": {LONG}, "c": [-{LONG}, 1e400, -1e999, {LONG}.5]}}', "$.a", "ok"),
        (f'{{"a": {LONG[:4000]}}}', "$.a", LONG[:4000]),
        ('{"a": 1, "a": 2}', "$.a", "2"),
    ],
    ids=["BOM", "long numbers", "a whole number", "a key twice"],
)
def test_a_body_is_read_as_a_browser_reads_it(body: str, json_path: str, wanted: str) -> None:
    assert result(path(json_path, "is", wanted), observed(body))["valid"]
    schema = '{"type": "object", "required": ["a"]}'
    target = {"jsonSchema": schema, "metaSchema": "draft-07"}
    by_schema = {"type": "body", "operator": "validatesJSONSchema", "target": target}
    assert result(by_schema, observed(body))["valid"]


def test_a_number_beyond_all_is_the_largest_one() -> None:
    body = observed(f'{{"a": {LONG}, "b": -{LONG}}}')
    assert result(path("$.a", "moreThan", 10**300), body)["valid"]
    assert result(path("$.b", "lessThan", -(10**300)), body)["valid"]
    assert not result(path("$.a", "lessThan", 10**300), body)["valid"]
