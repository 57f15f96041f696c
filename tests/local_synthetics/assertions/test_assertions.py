"""Every operator, with a case that holds and one that does not."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.local_synthetics.assertions import assertion as assertions
from pytest_storedog_gate.local_synthetics.assertions.assertion import NoValue
from pytest_storedog_gate.local_synthetics.assertions.operators import EXPIRY, GENERAL, Elements
from pytest_storedog_gate.local_synthetics.failures import InvalidTest
from pytest_storedog_gate.local_synthetics.kinds.http.check import OPERATORS, Observed

if TYPE_CHECKING:
    from pathlib import Path

DISCOUNTS = [{"code": "BFRIDAY", "value": 5}, {"code": "OFF", "value": 300}]


def observed(body: Any = "hello world", **changes: Any) -> Observed:
    text = body if isinstance(body, str) else json.dumps(body)
    facts: dict[str, Any] = {
        "status_code": 200,
        "headers": {"content-type": "application/json", "x-count": "7"},
        "content": text.encode(),
        "body": text,
        "timings": {"dns": 40.0, "total": 100.0},
    }
    return Observed(**{**facts, **changes})


def result(assertion: dict[str, Any], facts: Observed) -> dict[str, Any]:
    assert assertions.unsupported(assertion, OPERATORS) == []
    return assertions.evaluate(assertion, OPERATORS, facts.actual, lambda text: text)


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


@pytest.mark.parametrize(
    ("said", "target", "held"),
    [
        ("3.14159265358979323846", "3.14159265358979323846", True),
        ("3.14159265358979323846", "3.141592653589793", True),
        ("0.30000000000000004", "0.3", False),
        ("1.0", "1", True),
        ("1e2", "100.0", True),
        ("9007199254740993", "9007199254740992", False),
    ],
)
def test_a_fraction_is_as_exact_as_a_float(said: str, target: str, held: bool) -> None:
    facts = observed(f'{{"x": {said}}}')
    assert result(path("$.x", "is", target), facts)["valid"] is held
    assert result(path("$.x", "isNot", target), facts)["valid"] is not held


LARGE = 2**53  # from here on floats leave out integers


@pytest.mark.parametrize("large", [LARGE, LARGE + 1, -LARGE - 1, 10**20 + 1, 10**300 + 1])
@pytest.mark.parametrize(
    ("operator", "good", "bad"),
    [
        ("is", 0, 1),
        ("is", 0, -1),
        ("isNot", 1, 0),
        ("contains", 0, 1),
        ("lessThan", 1, 0),
        ("lessThanOrEqual", 0, -1),
        ("moreThan", -1, 0),
        ("moreThanOrEqual", 0, 1),
    ],
)
@pytest.mark.parametrize("as_target", [int, str, "{}.0".format])
def test_large_integers_are_exact(
    large: int, operator: str, good: int, bad: int, as_target: Any
) -> None:
    assertion = {"type": "header", "property": "X-Count", "operator": operator}
    facts = observed({"n": large, "l": [large]}, headers={"x-count": str(large)})

    for difference, holds in ((good, True), (bad, False)):
        target = as_target(large + difference)
        if operator != "contains":
            assert result(path("$.n", operator, target), facts)["valid"] is holds
            assert result(path("$..n", operator, target), facts)["valid"] is holds
        else:
            assert result(path("$.l", operator, target), facts)["valid"] is holds
        if "Than" in operator:
            assert result({**assertion, "target": target}, facts)["valid"] is holds


def test_a_large_integer_is_exact_in_a_filter_and_in_a_text() -> None:
    facts = observed({"l": [{"id": LARGE}, {"id": LARGE + 1}]})
    assert result(path("$.l[?(@.id === @root.l[1].id)].id", "is", str(LARGE + 1)), facts)["valid"]
    whole = path("$.l[*].id", "is", f"[{LARGE},{LARGE + 1}]", "serializationMatches")
    assert result(whole, facts)["valid"]
    assert not result(path("$.l", "is", f'[{{"id":{LARGE}}},{{"id":{LARGE}}}]'), facts)["valid"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e21, "1e+21"), (1e20, "1" + "0" * 20), (1e-7, "1e-7"), (1.5e-5, "0.000015"), (2.0, "2")],
)
def test_a_number_is_a_text_as_in_javascript(value: float, text: str) -> None:
    assert result(path("$.n", "matches", f"^{re.escape(text)}$"), observed({"n": value}))["valid"]


@pytest.mark.parametrize(("actual", "target"), [("[1]", "[true]"), ('{"a":0}', '{"a":false}')])
def test_a_truth_value_is_no_number(actual: str, target: str) -> None:
    facts = observed(f'{{"x": {actual}}}')
    assert result(path("$.x", "is", actual), facts)["valid"]
    assert not result(path("$.x", "is", target), facts)["valid"]


def test_digits_are_those_of_javascript() -> None:
    facts = observed(headers={"x-count": "٣"})
    assertion = {"type": "header", "property": "X-Count", "operator": "lessThan", "target": 5}
    assert result(assertion, facts)["error_message"] == "the actual value is not a number"


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


HASHES = {
    "md5": "5eb63bbbe01eeed093cb22bb8f5acdc3",
    "sha1": "2aae6c35c94fcfb415dbe95f408b9ce91ee846ed",
    "sha256": "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9",
}


@pytest.mark.parametrize("operator", HASHES)
def test_a_hash_holds_and_does_not(operator: str) -> None:
    assertion = {"type": "bodyHash", "operator": operator, "target": HASHES[operator]}
    assert result(assertion, observed())["valid"]
    assert result({**assertion, "target": HASHES[operator].upper()}, observed())["valid"]
    unmet = result(assertion, observed("hello moon"))
    assert unmet["valid"] is False
    assert len(unmet["actual"]) == len(HASHES[operator])


def test_a_hash_is_of_the_bytes_that_came() -> None:
    assertion = {
        "type": "bodyHash",
        "operator": "md5",
        "target": "7cae0d5d3b3ef5c5c5a5c9b3ab1d9b5f",
    }
    facts = observed(content=b"\xff\x00", body="not these")
    assert result(assertion, facts)["actual"] == hashlib.md5(b"\xff\x00").hexdigest()  # noqa: S324


def xpath(path: str, operator: str, target: Any = None) -> Any:
    value = {"xPath": path, "operator": operator}
    if target is not None:
        value["targetValue"] = target
    return {"type": "body", "operator": "validatesXPath", "target": value}


XML = '<?xml version="1.0" encoding="latin-1"?><s n="7"><a>é</a><b>two<i> words</i></b></s>'
HTML = "<!doctype html><html><body><p class=x>Hello<br>dog &amp; cat</body>"


@pytest.mark.parametrize(
    ("body", "path", "operator", "good", "bad"),
    [
        (XML, "//a", "is", "é", "e"),
        (XML, "//b", "is", "two words", "two"),
        (XML, "//a/text()", "is", "é", ""),
        (XML, "/s/@n", "is", "7", "8"),
        (XML, "/s/@n", "isNot", "8", "7"),
        (XML, "//b", "contains", "wo", "wa"),
        (XML, "//b", "doesNotContain", "wa", "wo"),
        (XML, "//b", "matches", "^two", "^words"),
        (XML, "//b", "doesNotMatch", "^words", "^two"),
        (XML, "/s/@n", "lessThan", 8, 7),
        (XML, "/s/@n", "lessThanOrEqual", 7, 6),
        (XML, "/s/@n", "moreThan", 6, 7),
        (XML, "/s/@n", "moreThanOrEqual", 7, 8),
        (XML, "count(//a)", "is", "1", "2"),
        (XML, "count(//*) > 3", "is", "true", "false"),
        (XML, "string(//a)", "is", "é", "e"),
        (HTML, "//p[@class='x']", "is", "Hellodog & cat", "Hello"),
        ("\ufeff\n<a>1</a>", "//a", "is", "1", "2"),
    ],
)
def test_an_xpath_operator_holds_and_does_not(
    body: str, path: str, operator: str, good: Any, bad: Any
) -> None:
    assert result(xpath(path, operator, good), observed(body))["valid"]
    assert not result(xpath(path, operator, bad), observed(body))["valid"]


@pytest.mark.parametrize("operator", ["isUndefined", "doesNotExist"])
def test_an_xpath_may_have_to_select_nothing(operator: str) -> None:
    assert result(xpath("//missing", operator), observed(XML))["valid"]
    assert not result(xpath("//a", operator), observed(XML))["valid"]


@pytest.mark.parametrize("operator", ["isNot", "doesNotContain"])
def test_an_xpath_that_selects_nothing_never_holds(operator: str) -> None:
    unmet = result(xpath("//missing", operator, "x"), observed(XML))
    assert (unmet["valid"], unmet["error_message"]) == (False, "the path selects nothing")


@pytest.mark.parametrize("body", ["", "Hello from Discounts!", '{"a": 1}'])
@pytest.mark.parametrize("operator", ["isNot", "isUndefined"])
def test_a_body_that_is_no_markup_never_holds(body: str, operator: str) -> None:
    unmet = result(xpath("//a", operator, "x"), observed(body))
    assert unmet["error_message"].startswith("the body is neither XML nor HTML")


@pytest.mark.parametrize("operator", ["is", "isUndefined"])
def test_a_path_that_cannot_be_evaluated_never_holds(operator: str) -> None:
    assert (
        "cannot be evaluated"
        in result(xpath("//n:a", operator, "x"), observed(XML))["error_message"]
    )


def test_a_namespace_hides_nothing() -> None:
    body = '<s xmlns="urn:shop" xmlns:e="urn:e"><e:error>no</e:error><a>1</a></s>'
    assert result(xpath("//a", "is", "1"), observed(body))["valid"]
    assert not result(xpath("//error", "isUndefined"), observed(body))["valid"]


def test_entities_of_a_body_reach_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter22")
    body = f'<!DOCTYPE a [<!ENTITY e SYSTEM "{secret.as_uri()}">]><a>x&e;</a>'
    unmet = result(xpath("//a", "contains", "hunter22"), observed(body))
    assert (unmet["valid"], unmet["actual"]) == (False, None)
    assert "hunter22" not in unmet["error_message"]


def schema(rules: Any, meta_schema: str | None = "draft-07") -> Any:
    text = rules if isinstance(rules, str) else json.dumps(rules)
    target = {"jsonSchema": text}
    if meta_schema:
        target["metaSchema"] = meta_schema
    return {"type": "body", "operator": "validatesJSONSchema", "target": target}


CODES = {
    "type": "array",
    "minItems": 1,
    "items": {"$ref": "#/definitions/discount"},
    "definitions": {
        "discount": {
            "type": "object",
            "required": ["code"],
            "properties": {"code": {"pattern": "^[A-Z]+$"}, "value": {"type": "integer"}},
            "additionalProperties": False,
        }
    },
}


@pytest.mark.parametrize("draft", ["draft-06", "draft-07", None])
@pytest.mark.parametrize(
    "bad", [[], {}, [{"value": 5}], [{"code": "off"}], [{"code": "A", "value": "5"}], [{"x": 1}]]
)
def test_a_schema_holds_and_does_not(draft: str | None, bad: Any) -> None:
    assert result(schema(CODES, draft), observed(DISCOUNTS))["valid"]
    unmet = result(schema(CODES, draft), observed(bad))
    assert unmet["valid"] is False
    assert "does not fit the schema's" in unmet["error_message"]


@pytest.mark.parametrize(
    ("rules", "good", "bad"),
    [
        ({"patternProperties": {"^n": {"type": "number"}}}, {"n1": 1, "s": "a"}, {"n1": "a"}),
        (
            {"patternProperties": {"^n": {}}, "additionalProperties": {"type": "null"}},
            {"n": 1, "s": None},
            {"n": 1, "s": 1},
        ),
        (
            {"patternProperties": {"^ok$": {}}, "additionalProperties": False},
            {"ok": 1},
            {"ok\n": 1},
        ),
        ({"if": {"type": "string"}, "then": {"minLength": 2}}, "ab", "a"),
        ({"format": "date-time"}, "2026-03-04T05:06:07.8Z", "2026-02-30T05:06:07Z"),
        ({"format": "date"}, "2026-03-04", "2026-13-04"),
        ({"format": "time"}, "05:06:07+01:00", "25:06:07Z"),
        ({"format": "uri"}, "https://shop.example/a?b=%20", "shop example"),
        ({"format": "email"}, "a@b", "ab"),
        ({"format": "ipv4"}, "10.0.0.1", "10.0.0.256"),
        ({"format": "ipv6"}, "::1", "::g"),
        ({"format": "hostname"}, "a-b.example", "-a"),
        ({"format": "uuid"}, "123e4567-e89b-12d3-a456-426614174000", "123e4567"),
        ({"format": "regex"}, "a+", "("),
        ({"format": "date"}, 5, "x"),
    ],
)
def test_a_rule_of_a_schema_holds_and_does_not(rules: Any, good: Any, bad: Any) -> None:
    assert result(schema(rules), observed(json.dumps(good)))["valid"]
    assert not result(schema(rules), observed(json.dumps(bad)))["valid"]


def test_a_schema_without_end_never_holds() -> None:
    unmet = result(schema({"$ref": "#"}), observed("{}"))
    assert unmet["error_message"] == "the document is nested too deeply for the schema"


def test_a_schema_may_be_a_truth_value() -> None:
    assert not result(schema("false"), observed("{}"))["valid"]


def test_drafts_differ() -> None:
    """`if` is of draft-07: to draft-06 it is an unknown word."""
    rules = {"if": {"type": "string"}, "then": {"minLength": 2}}
    assert not result(schema(rules, "draft-07"), observed('"a"'))["valid"]
    assert "no keyword 'if'" in assertions.unsupported(schema(rules, "draft-06"), OPERATORS)[0]


@pytest.mark.parametrize(
    "rules",
    [
        *("true", {}, {"title": "Dogs"}, {"definitions": {"dog": {"type": "string"}}}),
        *({"properties": {}}, {"properties": {"a": {}, "b": True}}, {"required": []}),
        *({"items": {}}, {"items": [{}, True]}, {"additionalProperties": True}, {"minLength": 0}),
        *({"allOf": [{}]}, {"anyOf": [{"type": "string"}, {}]}, {"if": {"type": "string"}}),
        *({"not": False}, {"uniqueItems": False}, {"dependencies": {"a": []}}),
        {"$ref": "#/definitions/any", "definitions": {"any": {}}},
        {"properties": {"child": {"$ref": "#"}}},
    ],
)
def test_a_schema_that_everything_fits_is_refused(rules: Any) -> None:
    assert "fits everything" in assertions.unsupported(schema(rules), OPERATORS)[0]


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        ({"type": "object", "requierd": ["a"]}, "'requierd' in this draft; did you mean required"),
        ({"type": "object", "properties": {"a": {"tpye": "string"}}}, "'tpye'"),
        ({"type": "array", "items": [{"minimun": 1}]}, "'minimun'"),
        ({"type": "array", "minContains": 2}, "'minContains'"),
        ({"anyOf": [{"type": "string", "unevaluatedItems": False}]}, "'unevaluatedItems'"),
        (
            {
                "$ref": "#/definitions/a",
                "required": ["b"],
                "definitions": {"a": {"type": "object"}},
            },
            "'required' beside $ref",
        ),
    ],
)
def test_a_word_that_a_schema_would_pass_over_is_refused(rules: Any, named: str) -> None:
    assert named in assertions.unsupported(schema(rules), OPERATORS)[0]


def test_remarks_and_names_of_properties_are_no_keywords() -> None:
    rules = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "x-owner": "dogs",
        "deprecated": False,
        "properties": {"requierd": {"$ref": "#/$defs/a", "description": "as it is"}},
        "$defs": {"a": {"const": {"tpye": 1}}},
        "enum": [{"minimun": 1}],
    }
    assert assertions.unsupported(schema(rules), OPERATORS) == []


@pytest.mark.parametrize("name", ["", " ", "Content-Length:", " Content-Length", "content length",
                                  "X-Ü", "a\n", "{}", "a,b", ":status"])  # fmt: skip
@pytest.mark.parametrize("operator", ["isUndefined", "doesNotExist", "is", "doesNotContain"])
@pytest.mark.parametrize("kind", ["header", "grpcMetadata"])
def test_what_can_be_no_name_is_refused(kind: str, operator: str, name: str) -> None:
    wanted = {"type": kind, "property": name, "operator": operator, "target": "x"}
    operators = {kind: OPERATORS["header"]}
    assert f"property {name!r} is no name" in assertions.unsupported(wanted, operators)[0]
    for fine in ("Content-Length", "x_count", "{{ NAME }}"):
        assert assertions.unsupported({**wanted, "property": fine}, operators) == []


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
    problems = assertions.unsupported(
        {"type": kind, "operator": operator, "target": target}, OPERATORS
    )
    assert "nothing would be proved" in "; ".join(problems)


def test_a_schema_needs_json() -> None:
    assert result(schema({"type": "object"}), observed("<a/>"))["error_message"].startswith(
        "the body is not JSON"
    )


def test_a_pattern_of_a_schema_may_not_take_for_ever() -> None:
    rules = {"pattern": "^(a|a)*$"}
    unmet = result(schema(rules), observed(json.dumps("a" * 50 + "b")))
    assert "backtracks too much" in unmet["error_message"]


def test_the_reason_names_no_value_of_the_body() -> None:
    unmet = result(schema(CODES), observed([{"code": "hunter22"}]))
    assert unmet["error_message"] == (
        "$[0].code does not fit the schema's items/properties/code/pattern"
    )


OTHER_KINDS: assertions.Operators = {
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
    assert assertions.unsupported(assertion, OTHER_KINDS) == []
    outcome = assertions.evaluate(assertion, OTHER_KINDS, lambda _: actual, lambda text: text)
    assert outcome["valid"] is valid


def test_without_an_operator_a_value_must_be_there() -> None:
    def missing(_: object) -> Any:
        raise NoValue("no session")

    assertion = {"type": "mcpRespectsSpecification"}
    outcome = assertions.evaluate(assertion, OTHER_KINDS, missing, lambda text: text)
    assert (outcome["valid"], outcome["error_message"]) == (False, "no session")
    assert assertions.unsupported({**assertion, "operator": "is"}, OTHER_KINDS)
    listed = {"type": "mcpServerCapabilities", "operator": "contains", "target": "tools"}
    assert "must be a list" in assertions.unsupported(listed, OTHER_KINDS)[0]


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
    problems = assertions.unsupported(assertion, OPERATORS)
    assert named in "; ".join(problems)


def test_a_variable_that_breaks_an_assertion_is_a_fault_of_the_test() -> None:
    assertion = {"type": "statusCode", "operator": "lessThan", "target": "{{ LIMIT }}"}
    assert assertions.unsupported(assertion, OPERATORS) == []
    with pytest.raises(InvalidTest, match="'soon' is not a number"):
        assertions.evaluate(
            assertion,
            OPERATORS,
            observed().actual,
            lambda text: text.replace("{{ LIMIT }}", "soon"),
        )


@pytest.mark.parametrize("operator", ["isNot", "doesNotContain", "is", "isUndefined"])
@pytest.mark.parametrize("entity", ['"error"', 'SYSTEM "file:///etc/passwd"'])
def test_an_entity_of_its_own_hides_nothing_in_xml(operator: str, entity: str) -> None:
    body = f"<!DOCTYPE a [<!ENTITY a9 {entity}>]><a><state>&a9;</state></a>"
    path = "//none" if operator == "isUndefined" else "//state"
    unmet = result(xpath(path, operator, "error"), observed(body))
    assert not unmet["valid"]
    assert "entities of its own" in unmet["error_message"]


def test_the_entities_that_xml_has_are_text() -> None:
    body = "<?xml version='1.0'?><a>&lt;&amp;&#65;</a>"
    assert result(xpath("//a", "is", "<&A"), observed(body))["valid"]
