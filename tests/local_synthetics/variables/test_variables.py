"""Variables: their patterns, who wins, what has no value."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from pytest_storedog_gate.local_synthetics.assertions.extraction import unsupported_extraction
from pytest_storedog_gate.local_synthetics.definitions.definition import parse
from pytest_storedog_gate.local_synthetics.failures import InvalidTest
from pytest_storedog_gate.local_synthetics.javascript.scripts import unsupported_code
from pytest_storedog_gate.local_synthetics.variables.global_variables import GlobalVariable
from pytest_storedog_gate.local_synthetics.variables.variables import (
    Attempt,
    has_placeholder,
    placeholders,
    unsupported,
    variables_of,
)

ATTEMPT = Attempt("abc-def-ghi", "1234567890123456789", datetime(2026, 3, 4, 15, 6, 7, 89000, UTC))


def definition(*variables: dict[str, Any]) -> Any:
    return parse({"type": "api", "name": "x", "config": {"configVariables": list(variables)}})


def value(pattern: str) -> str:
    named = definition({"name": "A", "type": "text", "pattern": pattern})
    return variables_of(named, {}, ATTEMPT).fill("{{A}}")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("plain", "plain"),
        ("{{numeric(3)}}", r"\d{3}"),
        ("x-{{ alphabetic(5) }}-y", r"x-[A-Za-z]{5}-y"),
        ("{{ alphanumeric( 8 ) }}", r"[A-Za-z0-9]{8}"),
        ("{{ uuid }}", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        ("{{ public-id }}/{{ result-id }}", "abc-def-ghi/1234567890123456789"),
        ("{{ date(0d, MM-DD-YYYY) }}", "03-04-2026"),
        ("{{ date(-1 d, YYYY-MM-DDTHH:mm:ss.SSSZ) }}", r"2026-03-03T15:06:07\.089\+00:00"),
        ("{{ date(2h, hh A [at] YY) }}", "05 PM at 26"),
        ("{{ date(0d,MMM DD, YYYY) }}", "Mar 04, 2026"),
        ("{{ date(0d, dddd D MMMM, ddd) }}", "Wednesday 4 March, Wed"),
        ("{{ date(0d, M/D h:m:s a ZZ) }}", r"3/4 3:6:7 pm \+0000"),
        ("{{ date(-13h, H hh A S SS) }}", "2 02 AM 0 08"),
        ("{{ date(1w, YYYYMMDD) }}", "20260311"),
        ("{{ date(-30m, HH:mm) }} {{ date(3s, ss) }}", "14:36 10"),
        ("{{ date(0d, X) }}/{{ date(0d, x) }}", "1772636767/1772636767089"),
        ("{{ timestamp(0, s) }}", "1772636767"),
        ("{{ timestamp(-67, s) }}", "1772636700"),
        ("{{ timestamp(11, ms) }}", "1772636767100"),
    ],
)
def test_a_pattern_makes_a_value(pattern: str, expected: str) -> None:
    assert re.fullmatch(expected, value(pattern))


@pytest.mark.parametrize(
    "pattern",
    [
        "{{ totp }}",
        "{{ numeric(x) }}",
        "{{ date(0 years, YYYY) }}",
        "{{ date(0d, QQ) }}",
        "{{ timestamp(0, h) }}",
    ],
)
def test_an_unknown_builtin_is_refused_by_name(pattern: str) -> None:
    named = definition({"name": "A", "type": "text", "pattern": pattern})
    (problem,) = unsupported(named, {})
    assert "config.configVariables A" in problem
    assert unsupported(named, {"A": "given"}) == []


@pytest.mark.parametrize(
    "text",
    [
        *("{{ name }}", "{{user.NAME}}", "{{ Name }}", "{{#each ITEMS}}x{{/each}}", "{{> PART}}"),
        *(
            "{{ numeric(3) }}",
            "{{ uuid }}",
            "{{}}",
            "{{ A-B }}",
            "{{ A B }}",
            "{{ 1A }}",
            "{{ _A }}",
        ),
        *("{{ A|upper }}", "{{ Ä }}", "{ { A } }", "{% if A %}", "{{! A }}", "{{ A", "{{\n}}"),
    ],
)
def test_other_braces_are_no_variables(text: str) -> None:
    variables = variables_of(definition({"name": "A", "pattern": "a"}), {}, ATTEMPT)
    assert variables.fill(f"{text} {{{{ A }}}} {{{{{{A}}}}}}") == f"{text} a {{a}}"
    assert placeholders([{text: text}]) == set()
    assert not has_placeholder(text)
    assert unsupported_code(f"dd.expect(`{text}`).to.be.ok", asserts=True) == []


@pytest.mark.parametrize("name", ["token", "Token", "TOKEN-1", "1A", "_A", "A B", "É", ""])
def test_a_name_that_nothing_could_use_is_refused(name: str) -> None:
    named = definition({"name": name, "type": "text", "pattern": "a"})
    assert any(f"the name {name!r} must be of capital" in one for one in unsupported(named, {}))
    wanted = {"name": name, "type": "http_body", "parser": {"type": "raw"}}
    (problem,) = unsupported_extraction([wanted], {"http_body": False})
    assert f"the name {name!r} must be of capital" in problem


def test_an_override_wins_and_stays_secret() -> None:
    named = definition({"name": "A", "type": "text", "pattern": "a", "secure": True})
    variables = variables_of(named, {"A": "b{{ x }}", "B": "c"}, ATTEMPT)
    assert variables.fill("{{ A }}{{B}}") == "b{{ x }}c"
    assert variables.secrets == {"b{{ x }}"}


@pytest.mark.parametrize(
    ("variable", "named"),
    [
        ({"type": "global", "id": "x"}, "no global variable of that name with a value"),
        ({"type": "text", "secure": True}, "holds no pattern"),
        ({"type": "email"}, "needs the option --smtp"),
    ],
)
def test_a_variable_without_a_value_is_refused_unless_it_is_given(
    variable: dict[str, Any], named: str
) -> None:
    declared = definition({"name": "A", **variable})
    (problem,) = unsupported(declared, {})
    assert problem.startswith("variable A has no value")
    assert named in problem
    assert unsupported(declared, {"A": "given"}) == []


def test_a_browser_tests_own_variables_have_values_too() -> None:
    own = {"name": "A", "type": "text", "pattern": "{{ numeric(2) }}", "secure": True}
    config = {"configVariables": [{"name": "B", "type": "text", "pattern": "b"}]}
    named = parse({"type": "browser", "name": "x", "config": {**config, "variables": [own]}})
    variables = variables_of(named, {}, ATTEMPT)
    assert re.fullmatch(r"\d\d b", variables.fill("{{ A }} {{ B }}"))
    assert variables.secrets == {variables.values["A"]}
    nameless = parse({"type": "browser", "name": "x", "config": {"variables": [{"type": "text"}]}})
    assert unsupported(nameless, {}) == ["config.variables: name must be a string"]


def test_a_known_global_has_its_value_and_an_override_of_it_stays_secret() -> None:
    known = {"A": GlobalVariable("secret"), "B": GlobalVariable("open", secure=False)}
    declared = definition({"name": "A", "type": "global"}, {"name": "B", "type": "global"})
    assert unsupported(declared, {}, known) == []
    variables = variables_of(declared, {}, ATTEMPT, known)
    assert variables.fill("{{ A }} {{ B }}") == "secret open"
    assert variables.secrets == {"secret"}
    assert variables_of(declared, {"A": "other"}, ATTEMPT, known).secrets == {"other"}


def test_a_variable_without_a_value_is_named() -> None:
    named = definition({"name": "TOKEN", "type": "global", "id": "x", "secure": True})
    variables = variables_of(named, {}, ATTEMPT)
    with pytest.raises(InvalidTest, match=r"TOKEN has no value.*trigger's variables"):
        variables.fill("{{ TOKEN }}")
    with pytest.raises(InvalidTest, match="OTHER has no value: it is not defined"):
        variables.fill("{{ OTHER }}")
