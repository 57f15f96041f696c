"""Results in a file: what had ended is there after a restart."""

from __future__ import annotations

import json
import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.local_synthetics.definitions import parse
from pytest_storedog_gate.local_synthetics.results import Results
from pytest_storedog_gate.local_synthetics.store import Store
from tests.local_synthetics.support import DEADLINE, Json, Target, http_test, until
from tests.local_synthetics.test_cli import refused, running

if TYPE_CHECKING:
    from pathlib import Path


def test_what_had_ended_survives_a_kill(tmp_path: Path, target: Target) -> None:
    held = threading.Event()
    target.routes["/held"] = lambda _: ((held.wait(DEADLINE) and 200) or 500, {}, "")
    definition, waiting = http_test(target.url), http_test(f"{target.url}/held")
    definition["config"]["configVariables"] = [
        {"name": "T", "type": "text", "secure": True, "pattern": "sesame"}
    ]
    for one in (definition, waiting):
        (tmp_path / f"{one['public_id']}.json").write_text(json.dumps(one))
    database = tmp_path / "results.db"
    options = ("--definitions", f"{tmp_path}/*.json", "--database", str(database))
    try:
        with running(*options) as (process, service):
            batch_id = service.trigger({"public_id": definition["public_id"]})
            batch = service.final(batch_id)
            unended = service.trigger({"public_id": waiting["public_id"]})
            until(lambda: len(target.requests) == 2, "the second check")
            result_id = batch["results"][0]["result_id"]
            result = service.poll(result_id)
            process.kill()
            process.wait(DEADLINE)
        with running(*options) as (_, service):
            assert service.batch(batch_id) == batch
            assert service.poll(result_id) == result
            assert service.get(f"/api/v1/synthetics/ci/batch/{unended}").status_code == 404
            path = f"/api/v1/synthetics/tests/{definition['public_id']}/results"
            (listed,) = service.get(path).json()["results"]
            assert listed["result_id"] == result_id
    finally:
        held.set()
    assert b"sesame" not in database.read_bytes()


def attributes(result_id: str) -> Json:
    return {"result": {"id": result_id, "finished_at": 1}}


def test_only_the_last_results_are_kept(tmp_path: Path) -> None:
    path = str(tmp_path / "results.db")
    store = Store(path)
    results = Results(kept=2, store=store)
    for number in "123":
        results.put(parse(http_test("http://h")), attributes(number))
    results.put(parse(http_test("http://h")), {"result": {"id": "4"}})  # has not ended
    store.close()
    store = Store(path)
    assert [found["result"]["id"] for _, found in store.results()] == ["2", "3"]
    assert [one["id"] for one in Results(store=store).poll("1234")["data"]] == ["2", "3"]
    store.close()


def test_only_the_last_batches_are_kept(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "results.db"))
    for batch_id in ("a", "b", "a", "c"):
        store.put_batch(batch_id, {"status": "passed"}, kept=2)
    assert [batch_id for batch_id, _ in store.batches()] == ["a", "c"]
    store.close()


def test_one_service_at_a_time(tmp_path: Path) -> None:
    path = str(tmp_path / "results.db")
    store = Store(path)
    with pytest.raises(ConfigurationError, match="locked"):
        Store(path)
    store.close()


def test_another_file_is_left_alone(tmp_path: Path) -> None:
    text, other = tmp_path / "a.txt", tmp_path / "other.db"
    text.write_text("not a database, but a text that is long enough to be looked at" * 20)
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE theirs (id)")
    connection.close()
    for path in (text, other, tmp_path / "none" / "a.db"):
        before = path.read_bytes() if path.exists() else None
        assert str(path) in refused("serve", "--database", str(path))
        assert (path.read_bytes() if path.exists() else None) == before
