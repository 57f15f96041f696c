"""What the database keeps: results that had ended, and what became of tests."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.local_synthetics.account.database import Store
from pytest_storedog_gate.local_synthetics.definitions.definition import parse
from pytest_storedog_gate.local_synthetics.running.results import Results
from tests.local_synthetics.support.browser_tests import browser_test, step
from tests.local_synthetics.support.processes import running
from tests.local_synthetics.support.refusals import refused
from tests.local_synthetics.support.service import (
    DEADLINE,
    Json,
    Service,
    Target,
    http_test,
    serving,
    until,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
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


def test_a_batch_ends_although_the_disk_is_full(
    tmp_path: Path, target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(str(tmp_path / "results.db"))
    store._connection.execute("PRAGMA query_only = 1")  # stands for a full disk
    definition = http_test(target.url)
    with serving(definition, store=store) as service:
        batch = service.final(service.trigger({"public_id": definition["public_id"]}))
    assert batch["status"] == "passed"
    assert "results.db: what ended is lost: attempt to write" in capsys.readouterr().err


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


V1 = "/api/v1/synthetics/tests"
SECRET: Json = {"name": "T", "type": "text", "secure": True, "pattern": "sesame"}


def call(service: Service, method: str, path: str, body: Any = None) -> Any:
    answer = requests.request(method, service.url + V1 + path, json=body, timeout=DEADLINE)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(service: Service) -> list[str]:
    return [test["public_id"] for test in call(service, "GET", "")["tests"]]


def secretive(url: str, **parts: Any) -> Json:
    """A test with a secure variable and with a credential in a header."""
    headers = {"Authorization": "Bearer of-the-ring", "X-Said": "{{ T }}"}
    config = {"configVariables": [SECRET]}
    return {**http_test(url, config=config, headers=headers), "message": "", **parts}


class Kept:
    """A service with a folder of definitions and a database, which can be started again."""

    def __init__(self, folder: Path, *definitions: Json) -> None:
        self.folder = folder
        self.database = folder / "kept.db"
        for one in definitions:
            self.define(one)

    def define(self, definition: Json) -> None:
        (self.folder / f"{definition['public_id']}.json").write_text(json.dumps(definition))

    @contextmanager
    def started(self) -> Iterator[Service]:
        options = ("--definitions", f"{self.folder}/*.json", "--database", str(self.database))
        with running(*options) as (process, service):
            yield service
            process.kill()
            process.wait(DEADLINE)


def test_changes_of_tests_survive_a_kill(tmp_path: Path, target: Target) -> None:
    url = target.url
    edited, paused, deleted, untouched = (secretive(url) for _ in range(4))
    kept = Kept(tmp_path, edited, paused, deleted, untouched)
    with kept.started() as service:
        made = call(service, "POST", "/api", {**http_test(url), "message": "", "public_id": None})
        patch = [{"op": "replace", "path": "/name", "value": "edited"}]
        call(service, "PATCH", f"/{edited['public_id']}", {"data": patch})
        call(service, "PUT", f"/{paused['public_id']}/status", {"new_status": "paused"})
        call(service, "POST", "/delete", {"public_ids": [deleted["public_id"]]})
        before = call(service, "GET", "")
    with kept.started() as service:
        after = call(service, "GET", "")
        assert sorted(after["tests"], key=str) == sorted(before["tests"], key=str)
        names = {one["public_id"]: (one["name"], one.get("status")) for one in after["tests"]}
        assert names == {
            made["public_id"]: (made["name"], "live"),
            edited["public_id"]: ("edited", None),
            paused["public_id"]: (paused["name"], "paused"),
            untouched["public_id"]: (untouched["name"], None),
        }
        # What the file holds, the database need not.
        for one in (edited, paused):
            batch = service.final(service.trigger({"public_id": one["public_id"]}))
            assert batch["status"] == "passed"
            headers = target.requests[-1]["headers"]
            assert (headers["authorization"], headers["x-said"]) == ("Bearer of-the-ring", "sesame")
        version = f"/api/v2/synthetics/tests/{edited['public_id']}/version_history/1"
        assert service.get(version).status_code == 404
        call(service, "POST", "/delete", {"public_ids": [made["public_id"]]})
    with kept.started() as service:
        assert made["public_id"] not in ids(service)


def test_a_secret_that_came_by_the_api_is_asked_for_after_a_restart(
    tmp_path: Path, target: Target
) -> None:
    file = secretive(target.url)
    kept = Kept(tmp_path, file)
    with kept.started() as service:
        body = {key: value for key, value in secretive(target.url).items() if key != "public_id"}
        made = call(service, "POST", "/api", body)["public_id"]
        other = [{**SECRET, "pattern": "open"}]
        patch = [{"op": "replace", "path": "/config/configVariables", "value": other}]
        call(service, "PATCH", f"/{file['public_id']}", {"data": patch})
        asks = step("runApiTest", request={"config": secretive(target.url)["config"]})
        browser = {**browser_test(target.url, asks), "message": ""}
        call(service, "POST", "/browser", browser)
    written = kept.database.read_bytes()
    assert not [one for one in (b"sesame", b"open", b"of-the-ring") if one in written]
    with kept.started() as service:
        for public_id in (made, file["public_id"]):
            batch = service.final(service.trigger({"public_id": public_id}))
            result = service.result(batch["results"][0]["result_id"])
            assert (result["failure"]["code"], result["inconclusive"]) == ("INVALID_TEST", True)
            assert "variable T has no value" in result["failure"]["message"]
            assert "variable AUTHORIZATION has no value" in result["failure"]["message"]
        assert target.requests == []
        given = {"T": "sesame", "AUTHORIZATION": "Bearer of-the-ring"}
        batch = service.final(service.trigger({"public_id": made, "variables": given}))
        assert batch["status"] == "passed"
        assert target.requests[-1]["headers"]["authorization"] == "Bearer of-the-ring"


def test_whichever_was_changed_last_counts(tmp_path: Path) -> None:
    edited, deleted, same = (http_test("http://127.0.0.1:1") for _ in range(3))
    kept = Kept(tmp_path, edited, deleted, same)
    patch = [{"op": "replace", "path": "/name", "value": "by the API"}]
    with kept.started() as service:
        for one in (edited, same):
            call(service, "PATCH", f"/{one['public_id']}", {"data": patch})
        call(service, "POST", "/delete", {"public_ids": [deleted["public_id"]]})
    for one in (edited, deleted):
        kept.define({**one, "name": "by the file"})
    for _ in range(2):
        with kept.started() as service:
            tests = call(service, "GET", "")["tests"]
            assert {one["public_id"]: one["name"] for one in tests} == {
                edited["public_id"]: "by the file",
                deleted["public_id"]: "by the file",
                same["public_id"]: "by the API",
            }


def test_a_change_waits_for_its_file(tmp_path: Path) -> None:
    edited = http_test("http://127.0.0.1:1")
    kept = Kept(tmp_path, edited, http_test("http://127.0.0.1:1"))
    patch = [{"op": "replace", "path": "/name", "value": "edited"}]
    with kept.started() as service:
        call(service, "PATCH", f"/{edited['public_id']}", {"data": patch})
    file = tmp_path / f"{edited['public_id']}.json"
    aside = file.rename(tmp_path / "aside")
    with kept.started() as service:
        assert edited["public_id"] not in ids(service)
    aside.rename(file)
    with kept.started() as service:
        assert call(service, "GET", f"/{edited['public_id']}")["name"] == "edited"


def test_a_test_that_a_suite_has_since_is_there_again(tmp_path: Path) -> None:
    definition = http_test("http://127.0.0.1:1")
    kept = Kept(tmp_path, definition, http_test("http://127.0.0.1:1"))
    with kept.started() as service:
        call(service, "POST", "/delete", {"public_ids": [definition["public_id"]]})
    suite = {"name": "s", "tests": [{"public_id": definition["public_id"]}]}
    content = {"data": {"type": "suites", "id": "sss-sss-sss", "attributes": suite}}
    (tmp_path / "suite.json").write_text(json.dumps(content))
    with kept.started() as service:
        assert call(service, "GET", f"/{definition['public_id']}")["name"] == definition["name"]


def test_a_database_of_the_first_format_is_taken_on(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    store = Store(str(path))
    store.put_batch("a", {"status": "passed"}, kept=2)
    store.close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("DROP TABLE account")
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    store = Store(str(path))
    store.put_made("test", "b", {"definition": None})
    assert ([*store.batches()], store.made("test")) == (
        [("a", {"status": "passed"})],
        [("b", {"definition": None})],
    )
    store.close()


def test_changed_tests_of_an_earlier_format_are_taken_on(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    opened(path)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("CREATE TABLE tests (id TEXT PRIMARY KEY, change TEXT NOT NULL)")
    connection.execute("""INSERT INTO tests VALUES ('b', '{"edited": true}'), ('a', '{}')""")
    connection.execute("PRAGMA user_version = 3")
    connection.close()
    store = Store(str(path))
    assert store.made("test") == [("b", {"edited": True}), ("a", {})]
    store.close()


def opened(path: Path) -> None:
    Store(str(path)).close()


@pytest.mark.parametrize("there", [True, False])
def test_nobody_else_reads_it(tmp_path: Path, there: bool) -> None:
    path = tmp_path / "results.db"
    if there:  # as earlier versions left it
        opened(path)
        path.chmod(0o644)
    before = os.umask(0)
    try:
        store = Store(str(path))
        store.put_made("test", "abc-def-ghi", {"a": 1})
        modes = {one.name: one.stat().st_mode & 0o777 for one in tmp_path.iterdir()}
        store.close()
    finally:
        os.umask(before)
    assert modes["results.db"] == 0o600
    assert set(modes.values()) == {0o600}


def test_what_is_no_database_of_ours_keeps_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_text("mine")
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="cannot be used as a database"):
        opened(path)
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("mine", 0o644)


@pytest.mark.parametrize("end", ["", "-journal", "-wal", "-shm"])
@pytest.mark.parametrize("there", [True, False])
def test_no_link_is_followed_to_it(tmp_path: Path, end: str, there: bool) -> None:
    precious = tmp_path / "precious"
    if there:
        precious.write_bytes(b"")
    (tmp_path / f"results.db{end}").symlink_to(precious)
    with pytest.raises(ConfigurationError, match=f"results.db{end} is a link"):
        opened(tmp_path / "results.db")
    assert precious.exists() is there
    assert not there or precious.read_bytes() == b""


def test_a_folder_that_every_user_can_change_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(ConfigurationError, match=f"every user can change {folder}"):
        opened(folder / "results.db")
    folder.chmod(0o1777)  # as /tmp: there a file can be changed by its own user only
    opened(folder / "results.db")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
@pytest.mark.parametrize("end", ["", "-journal"])
def test_a_file_of_another_user_is_refused(tmp_path: Path, end: str) -> None:
    folder = tmp_path / "like-tmp"
    folder.mkdir()
    folder.chmod(0o1777)
    planted = folder / f"results.db{end}"
    planted.touch(0o666)
    os.chown(planted, 65534, -1)
    with pytest.raises(ConfigurationError, match=f"{planted} is another user"):
        opened(folder / "results.db")
    assert planted.read_bytes() == b""
    os.chown(folder, 65534, -1)
    with pytest.raises(ConfigurationError, match=f"{folder} is another user"):
        opened(folder / "mine.db")
