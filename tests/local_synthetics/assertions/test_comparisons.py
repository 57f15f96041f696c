"""The operators that compare a value with a target."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest

from tests.local_synthetics.assertions.evaluated import observed, path, result

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
