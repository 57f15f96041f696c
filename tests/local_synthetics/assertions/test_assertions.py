"""Every operator, with a case that holds and one that does not."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_storedog_gate.local_synthetics.assertions.assertion import (
    NoValue,
    Operators,
    evaluate,
    unsupported,
)
from pytest_storedog_gate.local_synthetics.assertions.operators import EXPIRY, GENERAL, Elements
from pytest_storedog_gate.local_synthetics.failures import InvalidTest
from pytest_storedog_gate.local_synthetics.kinds.http.check import OPERATORS
from tests.local_synthetics.assertions.evaluated import observed, path, result, schema, xpath


def test_a_dollar_is_the_very_end() -> None:
    assertion = {"type": "body", "operator": "matches", "target": "^ok$"}
    assert result(assertion, observed("ok"))["valid"]
    assert not result(assertion, observed("ok\n"))["valid"]


@pytest.mark.parametrize("name", ["", " ", "Content-Length:", " Content-Length", "content length",
                                  "X-Ü", "a\n", "{}", "a,b", ":status"])  # fmt: skip
@pytest.mark.parametrize("operator", ["isUndefined", "doesNotExist", "is", "doesNotContain"])
@pytest.mark.parametrize("kind", ["header", "grpcMetadata"])
def test_what_can_be_no_name_is_refused(kind: str, operator: str, name: str) -> None:
    wanted = {"type": kind, "property": name, "operator": operator, "target": "x"}
    operators = {kind: OPERATORS["header"]}
    assert f"property {name!r} is no name" in unsupported(wanted, operators)[0]
    for fine in ("Content-Length", "x_count", "{{ NAME }}"):
        assert unsupported({**wanted, "property": fine}, operators) == []


@pytest.mark.parametrize(
    ("kind", "operator", "target"),
    [
        *(("statusCode", "isNot", one) for one in ("abc", "", "20", "5xx", "200 OK", -1, 2.5)),
        ("statusCode", "doesNotContain", "OK"),
        ("statusCode", "doesNotContain", "5xx"),
        ("statusCode", "doesNotMatch", "5xx"),
        ("statusCode", "matches", r"^\d+$"),
        ("statusCode", "moreThan", 0),
        ("statusCode", "lessThan", 1000),
        ("responseTime", "isNot", "abc"),
        ("responseTime", "isNot", ""),
    ],
)
def test_a_target_of_which_the_operator_always_holds_is_refused(
    kind: str, operator: str, target: Any
) -> None:
    problems = unsupported({"type": kind, "operator": operator, "target": target}, OPERATORS)
    assert "nothing would be proved" in "; ".join(problems)


OTHER_KINDS: Operators = {
    "certificate": EXPIRY,
    "recordSome": GENERAL,
    "mcpServerCapabilities": frozenset({"contains", "doesNotContain"}),
    "mcpRespectsSpecification": frozenset(),
}


@pytest.mark.parametrize(
    ("kind", "operator", "target", "actual", "valid"),
    [
        ("certificate", "isInMoreThan", 10, 11.5, True),
        ("certificate", "isInMoreThan", 10, 10, False),
        ("certificate", "isInLessThan", "10", 9, True),
        ("certificate", "isInLessThan", "10", 10, False),
        ("recordSome", "is", "b", Elements(["a", "b"], every=False), True),
        ("recordSome", "is", "b", Elements(["a", "b"]), False),
        ("recordSome", "isNot", "c", Elements([]), False),
        ("mcpServerCapabilities", "contains", ["a", "b"], ["a", "b", "c"], True),
        ("mcpServerCapabilities", "contains", ["a", "b"], ["a"], False),
        ("mcpServerCapabilities", "doesNotContain", ["a", "b"], ["c"], True),
        ("mcpServerCapabilities", "doesNotContain", ["a", "b"], ["a"], False),
        ("mcpRespectsSpecification", None, None, True, True),
    ],
)
def test_other_kinds_bring_their_own_types(
    kind: str, operator: str | None, target: Any, actual: Any, valid: bool
) -> None:
    assertion = {"type": kind}
    if operator:
        assertion |= {"operator": operator, "target": target}
    assert unsupported(assertion, OTHER_KINDS) == []
    outcome = evaluate(assertion, OTHER_KINDS, lambda _: actual, lambda text: text)
    assert outcome["valid"] is valid


def test_without_an_operator_a_value_must_be_there() -> None:
    def missing(_: object) -> Any:
        raise NoValue("no session")

    assertion = {"type": "mcpRespectsSpecification"}
    outcome = evaluate(assertion, OTHER_KINDS, missing, lambda text: text)
    assert (outcome["valid"], outcome["error_message"]) == (False, "no session")
    assert unsupported({**assertion, "operator": "is"}, OTHER_KINDS)
    listed = {"type": "mcpServerCapabilities", "operator": "contains", "target": "tools"}
    assert "must be a list" in unsupported(listed, OTHER_KINDS)[0]


@pytest.mark.parametrize(
    ("assertion", "named"),
    [
        ({"type": "bodyHash", "operator": "md5", "target": "a"}, "not an md5 hash"),
        ({"type": "bodyHash", "operator": "sha512", "target": "a"}, "sha512"),
        ({"type": "certificate", "operator": "isInMoreThan", "target": 1}, "certificate"),
        ({"type": "javascript", "code": "1"}, "the code asserts nothing"),
        ({"type": "body", "operator": "validatesXPath", "target": {}}, "target.xPath"),
        ({"type": "body", "operator": "validatesJSONSchema", "target": {}}, "target.jsonSchema"),
        ({"type": "statusCode", "operator": "isInMoreThan", "target": 1}, "isInMoreThan"),
        (xpath("//a[", "is", 1), "//a["),
        (xpath("", "is", 1), "XPath is empty"),
        (xpath("//a", "md5", "x"), "md5"),
        (xpath("//a", "is"), "targetValue"),
        (xpath("//a", "matches", "("), "'('"),
        (schema("{"), "not JSON"),
        (schema('{"type": 5}'), "not valid"),
        (schema({"pattern": "(?P<n>a)"}), "(?P<n>a)"),
        (schema({"patternProperties": {"(": True}}), "'('"),
        (schema({"format": "iri"}), "format 'iri'"),
        (schema({"$ref": "http://127.0.0.1/x.json"}), "must start with #"),
        (schema({"$ref": "#/definitions/none"}), "finds nothing"),
        (schema({}, "draft-04"), "draft-04"),
        (schema({"const": "x" * 100_001}), "over 100000"),
        ({"type": "body", "operator": "isUndefined"}, "isUndefined"),
        ({"type": "statusCode", "operator": "validates", "target": 1}, "validates"),
        ({"type": "responseTime", "operator": "contains", "target": 1}, "contains"),
        ({"type": "body", "operator": "matches", "target": "(?i)a"}, "(?i)a"),
        ({"type": "body", "operator": "is"}, "target"),
        ({"type": "header", "operator": "is", "target": "a"}, "property"),
        ({"type": "statusCode", "operator": "lessThan", "target": "abc"}, "abc"),
        ({"type": "responseTime", "operator": "is", "target": 1, "timingsScope": "x"}, "'x'"),
        (path("$[?(@.a == 1 or @.b)]", "isUndefined"), "or is not defined"),
        (path("$[?(@.a = 1)]", "isUndefined"), "Invalid left-hand side"),
        (path("$[?(@===1)]", "isUndefined"), "after @ alone there must be a space"),
        (path("$[?(@.id == 9007199254740993)]", "isUndefined"), "from 2**53 on"),
        (path("$[?(@.id !== 9007199254740992)]", "isUndefined"), "from 2**53 on"),
        (path("$[?(@.id < 12345678901234567890)]", "isUndefined"), "from 2**53 on"),
        (path("$[?@.a == 1]", "isUndefined"), "a filter is written [?(...)]"),
        (path("[0].a", "isUndefined"), "it begins with $ or a name"),
        (path("$[-1]", "isUndefined"), "[-1:] or [(@.length-1)]"),
        (path("$['a','b']", "isUndefined"), "without quotes"),
        (path("$.list.length()", "isUndefined"), "from '()' on"),
        (path("$.a[", "is", 1), "$.a["),
        (path("", "is", 1), "empty"),
        (path("$.a", "md5", "x"), "md5"),
        ({"type": "body", "operator": "contains", "target": ""}, "target is empty"),
        ({"type": "header", "property": "X", "operator": "matches", "target": ""}, "is empty"),
        (path("$.a", "contains", ""), "targetValue is empty"),
        (path("$.a", "is"), "targetValue"),
        (path("$.a", "is", 1, "lastElementMatches"), "lastElementMatches"),
        ({"type": "body", "operator": "validatesJSONPath", "target": "$.a"}, "jsonPath"),
    ],
)
def test_what_is_not_supported_is_named(assertion: dict[str, Any], named: str) -> None:
    problems = unsupported(assertion, OPERATORS)
    assert named in "; ".join(problems)


def test_a_variable_that_breaks_an_assertion_is_a_fault_of_the_test() -> None:
    assertion = {"type": "statusCode", "operator": "lessThan", "target": "{{ LIMIT }}"}
    assert unsupported(assertion, OPERATORS) == []
    with pytest.raises(InvalidTest, match="'soon' is not a number"):
        evaluate(
            assertion,
            OPERATORS,
            observed().actual,
            lambda text: text.replace("{{ LIMIT }}", "soon"),
        )
