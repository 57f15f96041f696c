"""The lab's table of what catches which release: it is whole, and no bad release slips through."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pytest_storedog_gate.local_synthetics.definitions.files import load
from tests.live import lab_table
from tests.repository import ROOT

IMAGES: Any = import_module("lab.scripts.images")
CHECKS = ROOT / "lab" / "checks" / "*.json"


def test_every_check_and_every_release_of_the_lab_is_in_it() -> None:
    checks = set(load([str(CHECKS)]).tests)
    assert (lab_table.columns()[0], set(lab_table.columns()[1:])) == ("deployment", checks)
    assert list(lab_table.rows()) == [*IMAGES.GOOD, *IMAGES.BAD]


def test_every_bad_release_is_caught_and_no_good_one() -> None:
    caught = [release for release, cells in lab_table.rows().items() if {*cells} - {"", "not run"}]
    assert caught == list(IMAGES.BAD)
