"""Regular expressions: JavaScript's meaning, and an end to those that take too long."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_storedog_gate.local_synthetics.assertions import json_path
from pytest_storedog_gate.local_synthetics.javascript import quickjs, regular_expressions
from pytest_storedog_gate.local_synthetics.javascript.regular_expressions import (
    MatchTimeout,
    compile_javascript,
)
from tests.local_synthetics.support.service import Service, Target, http_test

ENDLESS = "^(a|aa)+$"
VICTIM = "a" * 100 + "b"


@pytest.mark.parametrize(
    ("source", "matching", "other"),
    [
        ("^ok$", "ok", "ok\n"),
        ("a{e}", "a{e}", "b"),
        ("a{,2}b", "a{,2}b", "aab"),
        ("^a{2,3}b{1}$", "aaab", "ab"),
        ("[[:alpha:]]", "a]", "x"),
        ("^[a&&b]$", "&", "c"),
        ("^[^]$", "\n", ""),
        ("[]|x", "x", "y"),
        (r"\$[$]\{", "$${", "$$"),
        (r"^\d+$", "34", "٣٤"),
        (r"^(?<year>\d{4})-\k<year>$", "2026-2026", "2026-2025"),
        (r"^\A\p{L}$", "Ap{L}", "Ä"),
        ("^..$", "😀", "."),
        ("a\0b", "a\0b", "a"),
        ("[+--]", ",", "a"),
    ],
)
def test_the_meaning_is_javascripts(source: str, matching: str, other: str) -> None:
    pattern = compile_javascript(source)
    assert pattern.found_in(matching)
    assert not pattern.found_in(other)


@pytest.mark.parametrize(
    "source",
    [
        *("(", "[z-a]", "(?|a)", "(?R)", "a" * 9 + "(?&x)", "(?i)a", "(?P<n>a)", "(?>a)", "a*+"),
        *("(?i:a)", "(?-s:.)", "(?<n>a)|(?<n>b)", "(?<n>(?<n>a))", r"\k<n>(?<m>(?<n>a))"),
    ],
)
def test_what_is_not_supported_is_named(source: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(source))):
        compile_javascript(source)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regular_expressions, "_LIMIT", 0.05)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("operator", ["matches", "doesNotMatch"])
def test_an_endless_assertion_fails(target: Target, service: Service, operator: str) -> None:
    target.answer("/", body=VICTIM)
    endless = {"type": "body", "operator": operator, "target": ENDLESS}
    result = service.run(http_test(target.url, endless))
    assert (result["status"], result["inconclusive"]) == ("failed", False)
    assert result["failure"]["code"] == "INCORRECT_ASSERTION"
    (assertion,) = result["assertions"]
    assert "regular expression '^(a|aa)+$' took over 0.05 s" in assertion["error_message"]


@pytest.mark.usefixtures("impatient")
def test_an_endless_substitution_refuses_the_test(service: Service) -> None:
    definition = http_test(f"http://127.0.0.1/{VICTIM}")
    result = service.run(definition, startUrlSubstitutionRegex="s,(a|aa)+$,,")
    assert (result["status"], result["inconclusive"]) == ("failed", True)
    assert "startUrlSubstitutionRegex: regular expression" in result["failure"]["message"]


def test_a_pattern_cannot_take_all_of_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quickjs, "_MEGABYTES", 20)
    with ThreadPoolExecutor(1) as pool:  # whose thread has an engine of its own
        greedy = pool.submit(compile_javascript("^(a|b)*$").found_in, "ab" * 1_000_000)
        with pytest.raises(MatchTimeout, match=r"'\^\(a\|b\)\*\$' took over 20 MB"):
            greedy.result()
        again = pool.submit(compile_javascript("^(a|b)*$").found_in, "ab")
        assert again.result()


def test_an_endless_match_holds_up_no_other_thread() -> None:
    with ThreadPoolExecutor(1) as pool:
        endless = pool.submit(compile_javascript(ENDLESS).found_in, VICTIM)
        assert [compile_javascript("^(a)+b$").extracted_from(VICTIM) for _ in range(5)] == ["a"] * 5
        assert not endless.done()
        with pytest.raises(MatchTimeout):
            endless.result()


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud83d", "😀", "\u2028", '"\\', "é" * 3, ""])
def test_any_text_is_whole_on_both_sides(text: str) -> None:
    assert compile_javascript("^[^]*$").extracted_from(text) == text
    assert compile_javascript("^([^])?").replace(text, "$1") == text


@pytest.mark.parametrize(
    "path",
    ["$[?(@.a =~ /(a|aa)+b/)]", "$[?match(@.a, '(a|aa)+b')]", "$[?search (@.a, '(a|aa)+b')]"],
)
def test_a_json_path_has_none(target: Target, service: Service, path: str) -> None:
    target.answer_json("/", [{"a": VICTIM}])
    condition = {"jsonPath": path, "operator": "isUndefined"}
    assertion = {"type": "body", "operator": "validatesJSONPath", "target": condition}
    result = service.run(http_test(target.url, assertion))
    assert result["failure"]["code"] == "INVALID_TEST"
    assert "regular expressions in a path are not supported" in result["failure"]["message"]
    assert target.requests == []


def test_an_endless_script_in_a_json_path_fails(
    target: Target, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_path, "_LIMIT", 0.05)
    target.answer_json("/", [{"a": VICTIM}])
    condition = {"jsonPath": f"$[?(/{ENDLESS}/.test(@.a))]", "operator": "isUndefined"}
    assertion = {"type": "body", "operator": "validatesJSONPath", "target": condition}
    result = service.run(http_test(target.url, assertion))
    assert (result["status"], result["inconclusive"]) == ("failed", False)
    assert "test(@.a))]' took over 0.05 s" in result["failure"]["message"]


def test_a_substitution_without_an_end_is_refused_at_once(service: Service) -> None:
    test = {"local_test_definition": http_test("http://127.0.0.1")}
    answer = service.post({"tests": [{**test, "startUrlSubstitutionRegex": r"s/" + r"\a" * 200}]})
    assert answer.status_code == 400
