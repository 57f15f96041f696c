"""The bench's stand-in of Datadog says the same in each way of asking, and the gate can use it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from bench.gates import Work, gate
from bench.stand_in import public_id, seconds
from tests.conftest import WITHOUT_OTHERS

if TYPE_CHECKING:
    from pathlib import Path

_TESTS = 25


def test_the_gate_passes_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(WITHOUT_OTHERS))
    work = Work(tmp_path, 3, 0.1, 0.2)
    work.write()
    figures = gate(work)
    assert figures["calls"] >= 3  # a definition, the trigger, the batch
    parts = ("until the trigger, s", "end told late, s", "after that, s")
    assert all(figures[part] >= 0 for part in parts)
    assert sum(figures[part] for part in parts) == pytest.approx(
        figures["wall above the slowest, s"], abs=0.01
    )


def test_every_way_of_asking_finds_the_same_definitions(tmp_path: Path) -> None:
    with Work(tmp_path, _TESTS).standing_in() as url:
        tests = f"{url}/api/v1/synthetics/tests"
        one_by_one = [_json(f"{tests}/{public_id(number)}") for number in range(_TESTS)]
        pages = [_json(f"{tests}?page_size=10&page_number={page}")["tests"] for page in range(4)]
        assert [len(page) for page in pages] == [10, 10, 5, 0]
        assert [test for page in pages for test in page] == one_by_one
        found = _json(f"{tests}/search?text=x&count=1001")
        assert (found["tests"], found["total"]) == (one_by_one, _TESTS)
        assert requests.get(f"{tests}/{public_id(_TESTS)}", timeout=9).status_code == 404


def test_a_batch_ends_with_its_slowest_test_and_every_result_has_details(tmp_path: Path) -> None:
    with Work(tmp_path, _TESTS, 0.0, 0.5).standing_in() as url:
        tests = [{"public_id": public_id(number)} for number in range(_TESTS)]
        trigger = f"{url}/api/v1/synthetics/tests/trigger/ci"
        begun = time.monotonic()
        batch_id = requests.post(trigger, json={"tests": tests}, timeout=9).json()["batch_id"]
        while (batch := _json(f"{url}/api/v1/synthetics/ci/batch/{batch_id}")["data"])[
            "status"
        ] == "in_progress":
            assert time.monotonic() - begun < 30
        assert time.monotonic() - begun >= 0.5
        assert {result["status"] for result in batch["results"]} == {batch["status"]} == {"passed"}
        ids = [result["result_id"] for result in batch["results"]]
        told = _json(
            f"{url}/api/v2/synthetics/tests/poll_results?result_ids={ids}".replace("'", '"')
        )
        assert [datum["id"] for datum in told["data"]] == ids
        assert [test["id"] for test in told["included"]] == [test["public_id"] for test in tests]


def test_each_tenth_call_is_refused_where_that_is_asked_for(tmp_path: Path) -> None:
    with Work(tmp_path, 1, faults=["--refuse-every=10"]).standing_in() as url:
        answers = [requests.get(f"{url}/api/v1/synthetics/settings", timeout=9) for _ in range(30)]
        refused = [number for number, answer in enumerate(answers, 1) if answer.status_code == 429]
        assert refused == [10, 20, 30]
        assert answers[9].headers["X-RateLimit-Reset"] == "1"
        assert _json(f"{url}/seen")["calls"] == 30


def test_tests_end_evenly() -> None:
    assert [seconds(number, 8, 1, 8) for number in range(8)] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert seconds(0, 1, 1, 8) == 8


def _json(url: str) -> dict[str, Any]:
    answer = requests.get(url, timeout=9)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
