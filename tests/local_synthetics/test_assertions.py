"""Every operator, with a case that holds and one that does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_storedog_gate.local_synthetics import assertions
from pytest_storedog_gate.local_synthetics.assertions import Observed, evaluate
from pytest_storedog_gate.local_synthetics.failures import InvalidTest

DISCOUNTS = [{"code": "BFRIDAY", "value": 5}, {"code": "OFF", "value": 300}]


def observed(body: Any = "hello world", **changes: Any) -> Observed:
    text = body if isinstance(body, str) else json.dumps(body)
    facts: dict[str, Any] = {
        "status_code": 200,
        "headers": {"content-type": "application/json", "x-count": "7"},
        "body": text,
        "timings": {"dns": 40.0, "total": 100.0},
    }
    return Observed(**{**facts, **changes})


def result(assertion: dict[str, Any], facts: Observed) -> dict[str, Any]:
    assert assertions.unsupported(assertion) == []
    return evaluate(assertion, facts, lambda text: text)


SIMPLE = [
    # type, operator, target that holds, target that does not
    ("statusCode", "is", 200, 201),
    ("statusCode", "is", "200", "20"),
    ("statusCode", "isNot", 500, "200"),
    ("statusCode", "contains", "20", "50"),
    ("statusCode", "doesNotContain", "50", "20"),
    ("statusCode", "matches", "20[04]", "^50"),
    ("statusCode", "doesNotMatch", "^50", "20[04]"),
    ("statusCode", "lessThan", 201, 200),
    ("statusCode", "lessThanOrEqual", 200, 199),
    ("statusCode", "moreThan", "199", "200"),
    ("statusCode", "moreThanOrEqual", 200, 201),
    ("header", "is", "application/json", "application"),
    ("header", "isNot", "text/html", "application/json"),
    ("header", "contains", "json", "html"),
    ("header", "doesNotContain", "html", "json"),
    ("header", "matches", "^application/", "^json"),
    ("header", "doesNotMatch", "^json", "^application/"),
    ("body", "is", "hello world", "hello"),
    ("body", "isNot", "hello", "hello world"),
    ("body", "contains", "world", "moon"),
    ("body", "doesNotContain", "moon", "world"),
    ("body", "matches", "^hello", "^world"),
    ("body", "doesNotMatch", "^world", "^hello"),
    ("responseTime", "is", 100, 99),
    ("responseTime", "isNot", 99, 100),
    ("responseTime", "lessThan", 101, 100),
    ("responseTime", "lessThanOrEqual", 100, 99.9),
    ("responseTime", "moreThan", "99", "100"),
    ("responseTime", "moreThanOrEqual", 100, 101),
]


@pytest.mark.parametrize(("kind", "operator", "good", "bad"), SIMPLE)
def test_an_operator_holds_and_does_not(kind: str, operator: str, good: Any, bad: Any) -> None:
    assertion = {"type": kind, "operator": operator, "property": "Content-Type"}
    assert result({**assertion, "target": good}, observed())["valid"] is True
    unmet = result({**assertion, "target": bad}, observed())
    assert unmet["valid"] is False
    assert unmet["error_message"]
    assert unmet["actual"] is not None


@pytest.mark.parametrize(
    ("operator", "good", "bad"),
    [("lessThan", 8, 7), ("lessThanOrEqual", 7, 6), ("moreThan", 6, 7), ("moreThanOrEqual", 7, 8)],
)
def test_headers_and_bodies_compare_as_numbers(operator: str, good: int, bad: int) -> None:
    for kind in ("header", "body"):
        assertion = {"type": kind, "operator": operator, "property": "X-Count"}
        assert result({**assertion, "target": good}, observed("7"))["valid"]
        assert not result({**assertion, "target": str(bad)}, observed("7"))["valid"]


@pytest.mark.parametrize("text", ["nan", "inf", "1_000", "seven", ""])
def test_what_is_no_number_is_neither_less_nor_more(text: str) -> None:
    for operator in ("lessThan", "moreThanOrEqual"):
        unmet = result({"type": "body", "operator": operator, "target": 7}, observed(text))
        assert (unmet["valid"], unmet["error_message"]) == (
            False,
            "the actual value is not a number",
        )


@pytest.mark.parametrize("operator", ["isUndefined", "doesNotExist"])
def test_a_header_may_have_to_be_absent(operator: str) -> None:
    assertion = {"type": "header", "operator": operator}
    assert result({**assertion, "property": "X-Debug"}, observed())["valid"]
    assert not result({**assertion, "property": "Content-type"}, observed())["valid"]


@pytest.mark.parametrize("operator", ["isNot", "doesNotContain", "doesNotMatch"])
def test_an_absent_header_never_holds(operator: str) -> None:
    assertion = {"type": "header", "property": "X-Debug", "operator": operator, "target": "x"}
    assert result(assertion, observed())["error_message"] == "the header is not there"


def test_response_time_without_dns() -> None:
    assertion = {"type": "responseTime", "operator": "lessThan", "target": 61}
    assert not result(assertion, observed())["valid"]
    without = result({**assertion, "timingsScope": "withoutDNS"}, observed())
    assert (without["valid"], without["actual"]) == (True, 60.0)


def test_a_dollar_is_the_very_end() -> None:
    assertion = {"type": "body", "operator": "matches", "target": "^ok$"}
    assert result(assertion, observed("ok"))["valid"]
    assert not result(assertion, observed("ok\n"))["valid"]


def path(json_path: str, operator: str, target: Any = None, elements: str | None = None) -> Any:
    value = {"jsonPath": json_path, "operator": operator}
    if target is not None:
        value["targetValue"] = target
    if elements:
        value["elementsOperator"] = elements
    return {"type": "body", "operator": "validatesJSONPath", "target": value}


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


@pytest.mark.parametrize(
    ("assertion", "named"),
    [
        ({"type": "bodyHash", "operator": "md5", "target": "a"}, "bodyHash"),
        ({"type": "javascript", "code": "1"}, "javascript"),
        ({"type": "body", "operator": "validatesXPath", "target": {}}, "validatesXPath"),
        ({"type": "body", "operator": "validatesJSONSchema", "target": {}}, "validatesJSONSchema"),
        ({"type": "body", "operator": "isUndefined"}, "isUndefined"),
        ({"type": "statusCode", "operator": "validates", "target": 1}, "validates"),
        ({"type": "responseTime", "operator": "contains", "target": 1}, "contains"),
        ({"type": "body", "operator": "matches", "target": "(?<n>a)"}, "(?<n>a)"),
        ({"type": "body", "operator": "is"}, "target"),
        ({"type": "header", "operator": "is", "target": "a"}, "property"),
        ({"type": "statusCode", "operator": "lessThan", "target": "abc"}, "abc"),
        ({"type": "responseTime", "operator": "is", "target": 1, "timingsScope": "x"}, "'x'"),
        (path("$.list.length", "is", 1), ".length"),
        (path("$[(@.length-1)]", "isUndefined"), "script"),
        (path("$.a[", "is", 1), "$.a["),
        (path("", "is", 1), "empty"),
        (path("$.a", "md5", "x"), "md5"),
        (path("$.a", "is"), "targetValue"),
        (path("$.a", "is", 1, "lastElementMatches"), "lastElementMatches"),
        ({"type": "body", "operator": "validatesJSONPath", "target": "$.a"}, "jsonPath"),
    ],
)
def test_what_is_not_supported_is_named(assertion: dict[str, Any], named: str) -> None:
    problems = assertions.unsupported(assertion)
    assert named in "; ".join(problems)


def test_a_variable_that_breaks_an_assertion_is_a_fault_of_the_test() -> None:
    assertion = {"type": "statusCode", "operator": "lessThan", "target": "{{ LIMIT }}"}
    assert assertions.unsupported(assertion) == []
    with pytest.raises(InvalidTest, match="'soon' is not a number"):
        evaluate(assertion, observed(), lambda text: text.replace("{{ LIMIT }}", "soon"))
