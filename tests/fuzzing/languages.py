"""Texts in the languages that definitions hold: nearly right, and at times wholly."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from pytest_storedog_gate.local_synthetics.assertions.json_path import ELEMENTS_OPERATORS
from pytest_storedog_gate.local_synthetics.kinds.http.check import OPERATORS
from tests.fuzzing.mutations import numbers, scalars, texts, values

OPERATOR_NAMES = sorted({name for names in OPERATORS.values() for name in names})


def _written(*words: str, also: tuple[str, ...] = ()) -> st.SearchStrategy[str]:
    """Sentences of these words, or one of those that are known to be hard."""
    sentences = st.lists(st.sampled_from(words), max_size=8).map("".join)
    return st.one_of(sentences, sentences, st.sampled_from(also or ("",)), texts)


regexes = _written(
    *"ab1.^$*+?|()[]{},-\\", "(?:", "(?=", "(?<n>", "\\k<n>", "\\1", "\\u{61}", "\\p{L}", "{2,1}",
    "[^]", "[a-", "\\d", "\\b", "(?i)", "(?#", "{99999}", "--", "||",
    also=("^(a+)+$", "(.*a){30}", "((a{1,999}){1,999}){9}", "(a*)*b", "(?:a{999}){999}", "(" * 99),
)  # fmt: skip
json_paths = _written(
    "$", ".", "..", "*", "@", "[", "]", "[0]", "[-1]", "[*]", "[::2]", "[?", "(", ")", "?@.value",
    "items", "code", "value", "n", "'", '"', " ", "==", ">", "&&", "!", ",", "|", "&", "~", "^",
    "#", "length(", "count(", "9" * 30, "[::0]", "[?(@.value", ")]", "[(@.length-1",
    "===", ".length", "/a/.test(@)", "%", ";",
    also=(
        "$.items[?(@.value > 3)].code", "$..[?(@ && @.n)]", "$.items[?(/(a|aa)+$/.test(@.code))]",
        "$" + "..*" * 6, "$" + "[?(@" * 60,
    ),
)  # fmt: skip
xpaths = _written(
    "/", "//", "*", "@id", "@", "item", "shop", "[", "]", "[1]", "(", ")", "text()", "|", "=",
    "'1'", "and", " ", "div", "last()", "$x", "a:b", "::", "ancestor::", "count(", "1", ".",
    "string(", "namespace::*", "re:test(", "document('/etc/passwd')", "number(",
    also=("count(//item)", "1 div 0", "//item/@id", "-1 div 0", "//namespace::*", "(" * 500),
)  # fmt: skip
_schemas = st.recursive(
    st.one_of(
        st.booleans(),
        st.fixed_dictionaries(
            {},
            optional={
                "type": st.one_of(st.sampled_from(["object", "array", "number", "dog"]), scalars),
                "pattern": regexes,
                "format": st.one_of(st.sampled_from(["date", "regex", "uri", "dog"]), texts),
                "$ref": st.sampled_from(
                    ["#", "#/items", "#/a/0", "#x", "http://127.0.0.1:1/", "#/%"]
                ),
                "multipleOf": numbers,
                "maximum": numbers,
                "enum": st.lists(values, max_size=2),
                "const": values,
                "minLength": numbers,
                "required": st.one_of(st.lists(texts, max_size=2), values),
                "uniqueItems": st.booleans(),
                "$id": texts,
            },
        ),
    ),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "items": st.one_of(inner, st.lists(inner, max_size=2)),
            "properties": st.dictionaries(st.sampled_from(["items", "n", "code"]), inner),
            "patternProperties": st.dictionaries(regexes, inner, max_size=2),
            "additionalProperties": inner,
            "anyOf": st.lists(inner, max_size=2),
            "not": inner,
            "if": inner,
            "dependencies": st.dictionaries(st.sampled_from(["items", "n"]), inner),
            "definitions": st.dictionaries(texts, inner, max_size=2),
        },
    ),
    max_leaves=5,
)
json_schemas = st.one_of(_schemas.map(json.dumps), _schemas.map(json.dumps), texts)
_operands = st.one_of(texts, regexes, numbers, values)


def _target(operator: str) -> st.SearchStrategy[Any]:
    compared = {"operator": st.sampled_from(OPERATOR_NAMES), "targetValue": _operands}
    match operator:
        case "validatesJSONPath":
            elements = {"elementsOperator": st.sampled_from([*ELEMENTS_OPERATORS])}
            parts = {"jsonPath": json_paths, **compared}
            return st.one_of(st.fixed_dictionaries(parts, optional=elements), _operands)
        case "validatesXPath":
            return st.one_of(st.fixed_dictionaries({"xPath": xpaths, **compared}), _operands)
        case "validatesJSONSchema":
            drafts = {"metaSchema": st.sampled_from(["draft-06", "draft-07"])}
            return st.fixed_dictionaries({"jsonSchema": json_schemas}, optional=drafts)
        case "matches" | "doesNotMatch":
            return regexes
        case _:
            return _operands


def _assertion(kind: str, operator: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"type": st.just(kind), "operator": st.just(operator), "target": _target(operator)},
        optional={"property": st.one_of(st.just("content-type"), texts)},
    )


assertions = st.sampled_from(
    [(kind, operator) for kind, names in OPERATORS.items() for operator in sorted(names)]
).flatmap(lambda pair: _assertion(*pair))

_builtins = st.builds(
    "{{{{ {}({}{}{}, {}) }}}}".format,
    st.sampled_from(["date", "timestamp", "numeric", "alphabetic", "dog"]),
    st.sampled_from(["", "-", "+"]),
    st.integers(0, 10**6),
    st.sampled_from(["s", "w", "d", "", "ms", "y"]),
    st.one_of(_written(*"YMDdHhmsSAaZXxT[]-: "), st.sampled_from(["ms", "s"])),
)
patterns = st.one_of(
    _builtins, texts, st.lists(st.one_of(_builtins, texts), max_size=3).map("".join)
)

_strings = st.dictionaries(texts, texts, max_size=2)
_known_overrides: dict[str, st.SearchStrategy[Any]] = {
    "startUrl": st.one_of(
        texts.map("http://127.0.0.1:1/".__add__), st.sampled_from(["", "127.0.0.1", "http://"])
    ),
    # What it replaces begins with the path, so that no other host is asked.
    "startUrlSubstitutionRegex": st.one_of(
        st.builds("/{}|/{}".format, regexes, st.sampled_from(["", "$1", "$&", "$$", "$<n>"])),
        st.builds("s%/{}%/{}%{}".format, regexes, st.sampled_from(["", "$99", "\\"]), texts),
    ),
    "variables": st.one_of(_strings, st.builds(lambda text: {"WORD": text}, texts)),
    "headers": _strings,
    "body": texts,
    "bodyType": st.sampled_from(["graphql", "multipart/form-data", "text/plain", "dog"]),
    "cookies": st.one_of(texts, st.builds(lambda text: {"value": text, "append": True}, texts)),
    "basicAuth": st.builds(lambda text: {"username": text, "password": text}, texts),
    "followRedirects": st.booleans(),
    "allowInsecureCertificates": st.booleans(),
    "retry": st.just({"count": 1, "interval": 1}),
    "locations": st.lists(texts, min_size=1, max_size=2),
    "deviceIds": st.lists(texts, min_size=1, max_size=2),
    "executionRule": st.sampled_from(["skipped", "non_blocking", "dog"]),
}
_right = st.fixed_dictionaries({}, optional=_known_overrides)
_wrong = st.dictionaries(st.sampled_from([*_known_overrides, "version", "dog"]), values, max_size=1)
overrides = st.one_of(_right, _right, _right, st.builds(dict.__or__, _right, _wrong))
