"""How long checks lasted is kept in pytest's cache, and believed within reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.pytest_side import lasted

if TYPE_CHECKING:
    from tests.conftest import GateProject

_FILE = ".pytest_cache/v/storedog-gate/lasted"


def of(pytester: pytest.Pytester, kept: Any) -> dict[str, float]:
    config = pytester.parseconfigure()
    file = pytester.path / _FILE
    file.parent.mkdir(parents=True)
    file.write_text(kept if isinstance(kept, str) else json.dumps(kept))
    return dict(lasted.read(config))


@pytest.mark.parametrize(
    "kept",
    [
        [],
        "no JSON",
        "",
        "[" * 100_000,
        None,
        {"aaa-aaa-aaa": "8"},
        {"aaa-aaa-aaa": True},
        {"aaa-aaa-aaa": -1},
        {"aaa-aaa-aaa": 0},
        {"aaa-aaa-aaa": 1e9},
        '{"aaa-aaa-aaa": NaN}',
        '{"aaa-aaa-aaa": Infinity}',
    ],
    ids=lambda kept: repr(kept)[:30],
)
def test_what_is_no_time_is_nothing(pytester: pytest.Pytester, kept: Any) -> None:
    assert of(pytester, kept) == {}


def test_what_is_a_time_is_believed_beside_what_is_none(pytester: pytest.Pytester) -> None:
    assert of(pytester, {"aaa-aaa-aaa": 8, "bbb-bbb-bbb": None}) == {"aaa-aaa-aaa": 8.0}


def test_a_run_keeps_how_long_its_checks_lasted(any_mode: GateProject) -> None:
    assert any_mode.run().ret == 0
    kept = json.loads((any_mode.path / _FILE).read_text())
    assert set(kept) == {"dis-cou-nts", "hea-lth-chk"}
    assert all(0 < seconds < 30 for seconds in kept.values())


def test_a_cache_that_lies_changes_no_verdict(any_mode: GateProject) -> None:
    file = any_mode.path / _FILE
    file.parent.mkdir(parents=True)
    file.write_text('{"dis-cou-nts": 86400, "hea-lth-chk": 0.001}')
    any_mode.shop.answers["/discount"] = (500, "")
    assert any_mode.run().ret == 1


@pytest.mark.parametrize("without", ["-pno:cacheprovider", "-pno:cacheprovider -x"])
def test_a_run_without_a_cache_is_as_another(any_mode: GateProject, without: str) -> None:
    assert any_mode.run(*without.split()).ret == 0
    assert not (any_mode.path / ".pytest_cache").exists()


def test_a_cache_that_cannot_be_written_is_no_matter(any_mode: GateProject) -> None:
    (any_mode.path / "pytest.ini").write_text("[pytest]\ncache_dir = /dev/null/cache\n")
    result = any_mode.run()
    assert result.ret == 0
    assert "Traceback" not in result.stderr.str()
