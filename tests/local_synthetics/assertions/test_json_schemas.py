"""JSON Schemas that a body must fit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_storedog_gate.local_synthetics.assertions import json_schema
from pytest_storedog_gate.local_synthetics.assertions.assertion import unsupported
from pytest_storedog_gate.local_synthetics.javascript import regular_expressions
from pytest_storedog_gate.local_synthetics.kinds.http.check import OPERATORS
from tests.local_synthetics.assertions.evaluated import DISCOUNTS, observed, result, schema

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
    assert "no keyword 'if'" in unsupported(schema(rules, "draft-06"), OPERATORS)[0]


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
    assert "fits everything" in unsupported(schema(rules), OPERATORS)[0]


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
    assert named in unsupported(schema(rules), OPERATORS)[0]


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        ({"$defs": {"a": {"type": 5}}}, "is not valid: 5 is not valid"),
        ({"$defs": {"a": {"properties": 5}}}, "is not valid: 5 is not of type 'object'"),
        ({"$defs": {"a": {"pattern": "("}}}, "regular expression '('"),
        ({"$defs": {"b": True}}, "$ref '#/$defs/a' finds nothing"),
        ({"$ref": "#/default", "default": {"pattern": "("}}, "$ref '#/default' finds what is no"),
        ({"$ref": "#/examples", "examples": ["a"]}, "$ref '#/examples' finds what is no schema"),
    ],
)
def test_a_reference_leads_to_a_valid_schema(rules: dict[str, Any], named: str) -> None:
    for draft in ("draft-07", "draft-06"):
        assert named in unsupported(schema({"$ref": "#/$defs/a", **rules}, draft), OPERATORS)[0]


def test_remarks_and_names_of_properties_are_no_keywords() -> None:
    rules = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "x-owner": "dogs",
        "deprecated": False,
        "properties": {"requierd": {"$ref": "#/$defs/a", "description": "as it is"}},
        "$defs": {"a": {"const": {"tpye": 1}}},
        "enum": [{"minimun": 1}],
    }
    assert unsupported(schema(rules), OPERATORS) == []


def test_a_schema_needs_json() -> None:
    assert result(schema({"type": "object"}), observed("<a/>"))["error_message"].startswith(
        "the body is not JSON"
    )


@pytest.mark.parametrize("pattern", [r"^(?<year>\d{4})$", r"^[^]+$"])
def test_a_pattern_of_a_schema_is_javascripts(pattern: str) -> None:
    for rules in ({"pattern": pattern}, {"propertyNames": {"pattern": pattern}}):
        assert unsupported(schema(rules), OPERATORS) == []
    assert result(schema({"pattern": pattern}), observed('"2026"'))["valid"]
    names = {"patternProperties": {pattern: False}}
    assert not result(schema(names), observed({"2026": 1}))["valid"]


def test_a_pattern_of_a_schema_may_not_take_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regular_expressions, "_LIMIT", 0.05)
    rules = {"pattern": "^(a|a)*$"}
    unmet = result(schema(rules), observed(json.dumps("a" * 50 + "b")))
    assert "backtracks too much" in unmet["error_message"]


def test_the_reason_names_no_value_of_the_body() -> None:
    unmet = result(schema(CODES), observed([{"code": "hunter22"}]))
    assert unmet["error_message"] == (
        "$[0].code does not fit the schema's items/properties/code/pattern"
    )


def doubling(word: str, levels: int = 40) -> dict[str, Any]:
    """Each level asks twice for the next one."""
    parts: dict[str, Any] = {
        f"d{level}": {word: [{"$ref": f"#/definitions/d{level + 1}"}] * 2}
        for level in range(levels)
    }
    return {"definitions": {**parts, f"d{levels}": {"type": "string"}}, "allOf": [parts["d0"]]}


def test_a_schema_has_a_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert json_schema._LIMIT == 5.0
    monkeypatch.setattr(json_schema, "_LIMIT", 0.2)
    unmet = result(schema(doubling("allOf")), observed("5"))
    assert (unmet["valid"], unmet["error_message"]) == (False, "the JSON Schema took over 0.2 s")


@pytest.mark.parametrize("word", ["anyOf", "oneOf"])
def test_a_schema_is_refused_where_it_takes_long_to_see_what_it_asks_for(
    monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    assert json_schema._PROOF_LIMIT == 1.0
    monkeypatch.setattr(json_schema, "_PROOF_LIMIT", 0.1)
    assert "took over 0.1 s" in unsupported(schema(doubling(word)), OPERATORS)[0]
