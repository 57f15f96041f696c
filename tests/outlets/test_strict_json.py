"""Whatever the data is, what is written of it is JSON by RFC 8259."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_storedog_gate.datadog.models import Assertion, Status, Step
from pytest_storedog_gate.errors import ExitStatus
from pytest_storedog_gate.outlets.strict_json import strict
from pytest_storedog_gate.verdicts.record_json import encoded
from tests.fuzzing.profile import examples

TEXTS = st.text(st.characters(categories=["Cs", "Cc", "L", "Zl"]), max_size=8)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.binary(max_size=3), TEXTS
)
VALUES = st.recursive(
    st.one_of(SCALARS, st.sampled_from([10**400, -(10**4000), Status.PASSED, ExitStatus.LOCKED])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.frozensets(SCALARS, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(SCALARS, inner, max_size=3),
        st.builds(Step, TEXTS, st.none(), duration=st.floats(), assertions=st.tuples(inner)),
    ),
    max_leaves=8,
)


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def is_sound(data: Any) -> bool:
    """What a strict reader finds: no half characters, no numbers that only infinity is."""
    match data:
        case dict():
            return all(is_sound(part) for pair in data.items() for part in pair)
        case list():
            return all(is_sound(item) for item in data)
        case str():
            return not any("\ud800" <= character <= "\udfff" for character in data)
        case int() | float():
            return math.isfinite(data)
    return data is None


@examples(300)
@given(data=VALUES)
def test_any_data_is_written_as_strict_json(data: Any) -> None:
    told = json.loads(encoded({"data": data}).decode("ascii"), parse_constant=refuse)
    assert is_sound(told)
    assert told == strict(told) == strict({"data": data})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (float("1e400"), None),
        (float("nan"), None),
        (10**400, None),
        (10**300, 10**300),
        (True, True),
        (-0.0, -0.0),
        (ExitStatus.LOCKED, 10),
        (Status.NO_VERDICT, "no verdict"),
        ("\ud83d\ude00 \ud83d!", "\N{GRINNING FACE} \N{REPLACEMENT CHARACTER}!"),
        ("\ufeffa", "\ufeffa"),
        (
            {1: "\udc00", "\ud800": 2},
            {"1": "\N{REPLACEMENT CHARACTER}", "\N{REPLACEMENT CHARACTER}": 2},
        ),
        ((1, [2], {3}), [1, [2], [3]]),
        (b"\xff", "b'\\xff'"),
        (
            Assertion("status", "is 200", math.inf, valid=False),
            {
                "subject": "status",
                "expected": "is 200",
                "actual": None,
                "valid": False,
                "message": "",
            },
        ),
    ],
    ids=repr,
)
def test_each_kind_has_its_nearest(data: object, expected: object) -> None:
    assert strict(data) == expected
    assert type(strict(data)) is type(expected)


def test_what_is_nested_without_an_end_ends() -> None:
    deep: list[object] = []
    deep.append(deep)
    told = json.loads(encoded({"deep": deep, "beside": 1}))
    assert told["beside"] == 1
    assert "(nested too deeply)" in str(told["deep"])
