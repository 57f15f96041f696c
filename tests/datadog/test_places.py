"""Where a check is asked to run: what a run overrides, else what its definition says."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_storedog_gate.datadog.models import Check, Place

X, Y = "aws:x", "pl:office-abc"
TABLET, PHONE = "chrome.tablet", "chrome.mobile_small"


@pytest.mark.parametrize(
    ("definition", "overrides", "places"),
    [
        ({}, {}, []),
        ({"locations": None, "options": None}, {}, []),
        ({"locations": []}, {"locations": []}, []),
        ({"locations": [X, Y]}, {}, [(X, ""), (Y, "")]),
        ({"locations": [X, X]}, {}, [(X, "")]),
        ({"locations": [X, Y]}, {"locations": [Y]}, [(Y, "")]),
        ({"locations": [X]}, {"locations": [X, Y]}, [(X, ""), (Y, "")]),
        ({"locations": [X]}, {"locations": []}, [(X, "")]),
        ({}, {"deviceIds": [TABLET]}, []),
        ({"locations": [X], "options": {"device_ids": [TABLET]}}, {}, [(X, "")]),
    ],
)
def test_api_check_runs_at_locations(
    definition: dict[str, Any], overrides: dict[str, Any], places: list[tuple[str, str]]
) -> None:
    check = Check.from_json({"public_id": "aaa-aaa-aaa", "type": "api", **definition})
    assert list(check.places(overrides)) == places


@pytest.mark.parametrize("kind", ["browser", "mobile", None])
@pytest.mark.parametrize(
    ("overrides", "places"),
    [
        ({}, [(X, TABLET), (Y, TABLET)]),
        ({"deviceIds": [TABLET, PHONE], "locations": [X]}, [(X, TABLET), (X, PHONE)]),
        ({"deviceIds": []}, [(X, TABLET), (Y, TABLET)]),
    ],
)
def test_other_checks_run_on_devices_as_well(
    kind: str | None, overrides: dict[str, Any], places: list[tuple[str, str]]
) -> None:
    definition = {"locations": [X, Y], "options": {"device_ids": [TABLET]}, "type": kind}
    check = Check.from_json({"public_id": "aaa-aaa-aaa", **definition})
    assert list(check.places(overrides)) == places


@pytest.mark.parametrize(
    ("one", "another", "fit"),
    [
        (Place(X, TABLET), Place(X, TABLET), True),
        (Place(X, TABLET), Place(Y, TABLET), False),
        (Place(X, TABLET), Place(X, PHONE), False),
        (Place(X, "tablet"), Place(X, TABLET), True),
        (Place(X, "tablet"), Place(X, "firefox.tablet"), False),
        (Place(X), Place(X, TABLET), True),
        (Place("", TABLET), Place(X), True),
        (Place(), Place(X, TABLET), True),
    ],
)
def test_what_is_not_told_may_be_anything(one: Place, another: Place, fit: bool) -> None:
    assert one.fits(another) is another.fits(one) is fit


@pytest.mark.parametrize(
    ("place", "words"),
    [(Place(Y), Y), (Place(X, TABLET), f"{X} on {TABLET}"), (Place("", TABLET), TABLET)],
)
def test_place_in_words(place: Place, words: str) -> None:
    assert str(place) == words
