"""Which open deployments stay, by what the targets have noted and what is live there."""

from __future__ import annotations

import pytest

from pytest_storedog_gate.deploy.several.agreement import staying

NOTE = {"us": "a", "eu": "b"}
LIVE = {
    "as noted": ({"us": "a", "eu": "b"}, {"us", "eu"}),
    "one was put back": ({"us": "a", "eu": "old"}, set()),
    "one is gone": ({"us": "a", "eu": None}, set()),
    "one was added": ({"us": "a", "eu": "b", "ap": "old"}, {"us", "eu"}),
    "one was taken out": ({"us": "a"}, {"us"}),
    "one was taken out, and the other was put back": ({"us": "old"}, set()),
    "they have each other's names": ({"us": "b", "eu": "a"}, {"us", "eu"}),
    "one has another name": ({"us": "a", "new": "b"}, {"us", "new"}),
    "one has another name, and was put back": ({"us": "a", "new": "old"}, set()),
    "all have other names": ({"one": "a", "two": "b"}, {"one", "two"}),
    "none of them is there": ({"one": "old", "two": None}, set()),
}


@pytest.mark.parametrize(("live", "found"), LIVE.values(), ids=LIVE)
def test_a_note_counts_as_long_as_what_it_names_is_live(
    live: dict[str, str | None], found: set[str]
) -> None:
    assert staying([NOTE], live) == found
    assert staying([{}, {"us": "older", "eu": "older"}, NOTE], live) == found
    assert staying([{}], live) == set()


def test_targets_may_have_deploy_ids_that_are_the_same() -> None:
    note = {"us": "a", "eu": "a"}
    assert staying([note], {"us": "a", "eu": "a"}) == {"us", "eu"}
    assert staying([note], {"us": "a", "eu": "old"}) == set()
