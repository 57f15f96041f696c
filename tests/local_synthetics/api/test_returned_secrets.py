"""Secrets return to where they were, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_storedog_gate.local_synthetics.secrets.returned import with_secrets

MASK = "********"
HELD = [{"name": "a", "key": "1"}, {"name": "b", "key": "2"}, {"name": "b", "key": "3"}]
SHOWN = [{**one, "key": MASK} for one in HELD]
A, B, _ = SHOWN


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (SHOWN, HELD),
        ([A, B, B, A], [HELD[0], HELD[1], HELD[2], HELD[0]]),
        ([{"name": "new"}, A], [{"name": "new"}, HELD[0]]),
        ([{**A, "more": 1}], [{**HELD[0], "more": 1}]),
        ([{**A, "key": "own"}], [{"name": "a", "key": "own"}]),
        # Either of two may be meant, or neither.
        ([B], [B]),
        ([A, A, {**B, "name": "c"}], [HELD[0], HELD[0], {**B, "name": "c"}]),
        ([], []),
        ({"not": "a list"}, {"not": "a list"}),
    ],
)
def test_an_item_is_known_again_alike_or_by_its_name(sent: Any, expected: Any) -> None:
    assert with_secrets(sent, SHOWN, HELD) == expected


def test_what_was_never_shown_is_kept_unless_it_would_be_revealed() -> None:
    held = {"name": "T", "secure": True, "pattern": "sesame"}
    shown = {"name": "T", "secure": True}
    assert with_secrets({**shown, "type": "text"}, shown, held) == {**held, "type": "text"}
    assert with_secrets({**shown, "secure": False}, shown, held) == {"name": "T", "secure": False}
    assert with_secrets({**shown, "pattern": "new"}, shown, held) == {**held, "pattern": "new"}


def test_what_stood_for_a_secret_goes_when_the_secret_returns() -> None:
    held = {"header": "sesame"}
    shown = {"header": "{{ H }}", "variables": [{"name": "H", "secure": True}]}
    assert with_secrets(shown, shown, held) == held
    assert with_secrets({**shown, "more": 1}, shown, held) == {**held, "more": 1}
    added = {**shown, "variables": [*shown["variables"], {"name": "own"}]}
    assert with_secrets(added, shown, held) == {**held, "variables": [{"name": "own"}]}


def test_true_is_not_one() -> None:
    assert with_secrets({"a": True}, {"a": 1}, {"a": 1}) == {"a": True}
