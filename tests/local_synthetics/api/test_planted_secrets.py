"""Secrets planted in definitions and triggers stay in the local service, whatever it is asked."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import requests

from pytest_storedog_gate.synthetics_cli.command_line import main
from tests.local_synthetics.support.processes import running
from tests.local_synthetics.support.service import (
    DEADLINE,
    Answer,
    Handler,
    Json,
    Target,
    http_test,
    serving,
)
from tests.planted import ODD, WORD, in_all_forms, planted_in

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

V1 = "/api/v1/synthetics/tests"


def echo(handler: Handler) -> Answer:
    """What was sent, in all forms, and a cookie."""
    asked: Json = handler.asked
    sent = [asked["path"], asked["body"], *asked["headers"].values()]
    body = json.dumps(dict.fromkeys(in_all_forms(sent), "ok"))
    return 200, {"Content-Type": "application/json", "Set-Cookie": f"sid={WORD}-answer"}, body


def planted_test(target: Target) -> Json:
    never = {"operator": "contains", "target": "something else"}
    return http_test(
        f"{target.url.replace('//', f'//me:{WORD}-10@')}/echo?page=1&api_key={WORD}-11",
        {"type": "body", **never},
        {"type": "header", "property": "x-auth", "operator": "is", "target": f"{WORD}-12"},
        {"type": "header", "property": "set-cookie", **never},
        method="POST",
        headers={
            "X-Session-Id": f"{WORD}-13",
            "X-Signature": f"{WORD}-14",
            "X-Passphrase": f"{WORD}-15",
            "X-Auth": f"Bearer {WORD}-16",
            "X-Other": "{{ GLOBAL }}",
        },
        query={"access_token": f"{WORD}-17"},
        body=json.dumps({"password": f"{WORD}-18", "odd": "{{ ODD }}", "given": "{{ TOKEN }}"}),
        basicAuth={"type": "web", "username": "me", "password": f"{WORD}-19"},
        config={
            "configVariables": [
                {"name": "ODD", "type": "text", "secure": True, "pattern": ODD},
                {"name": "TOKEN", "type": "text", "pattern": "unset"},
                {"name": "GLOBAL", "type": "global", "id": "1"},
            ],
        },
    )


def test_no_answer_and_no_file_holds_a_secret(
    tmp_path: Path, target: Target, capfd: pytest.CaptureFixture[str]
) -> None:
    target.routes["/echo"] = echo
    definition = planted_test(target)
    (tmp_path / "a.json").write_text(json.dumps(definition))
    public_id, database = definition["public_id"], tmp_path / "results.db"
    environment = {"STOREDOG_GLOBAL_GLOBAL": f"{WORD}-20"}
    options = ("--definitions", f"{tmp_path}/*.json", "--database", str(database))
    with running(*options, **environment) as (process, service):
        batch_id = service.trigger(
            {
                "public_id": public_id,
                "variables": {"TOKEN": f"{WORD}-21"},
                "cookies": f"a={WORD}-22",
            }
        )
        batch = service.final(batch_id)
        made = http_test(target.url, headers={"X-Api-Key": f"{WORD}-23"})
        made.pop("public_id")
        made["message"] = ""
        answer = requests.post(f"{service.url}{V1}/api", json=made, timeout=DEADLINE)
        assert answer.status_code == 200, answer.text
        result_id = batch["results"][0]["result_id"]
        paths = [
            V1,
            f"{V1}/{public_id}",
            f"{V1}/api/{public_id}",
            f"{V1}/search?text=discounts&include_full_config=true",
            f"{V1}/{public_id}/results",
            f"{V1}/{public_id}/results/{result_id}",
            f"/api/v2/synthetics/tests/{public_id}/results",
            f"/api/v2/synthetics/tests/{public_id}/results/{result_id}",
            f"/api/v2/synthetics/tests/poll_results?result_ids=[%22{result_id}%22]",
            f"/api/v1/synthetics/ci/batch/{batch_id}",
        ]
        answers = {path: service.get(path) for path in paths}
        assert {answer.status_code for answer in answers.values()} == {200}
        (tmp_path / "p").mkdir()
        assert (
            main(["pull", public_id, "--url", service.url, "--directory", str(tmp_path / "p")]) == 0
        )
        process.terminate()
        log = "".join(process.communicate(timeout=DEADLINE))
    with closing(sqlite3.connect(database)) as connection:
        rows = [str(row) for row in connection.iterdump()]
    assert any(result_id in row for row in rows)
    pulled = (tmp_path / "p" / f"{public_id}.synthetics.json").read_text()
    assert "{{ X_SESSION_ID }}" in pulled
    told = {path: answer.text for path, answer in answers.items()}
    told |= {"log": log, "database": "".join(rows), "pulled": pulled}
    told |= dict(zip(("stdout", "stderr"), capfd.readouterr(), strict=True))
    assert "********" in told[paths[-2]]
    assert {place: found for place, text in told.items() if (found := planted_in(text))} == {}


def test_what_a_client_tells_of_its_build_is_kept_without_secrets(target: Target) -> None:
    remote = f"https://me:{WORD}@git.example/shop"
    metadata = {"git": {"repository_url": remote, "branch": "main"}, "ci": {"token": WORD}}
    with serving() as service:
        test = {"local_test_definition": http_test(target.url)}
        answer = service.post({"tests": [test], "metadata": metadata})
        told = service.final(answer.json()["batch_id"])["metadata"]
    assert told["git"] == {"repository_url": "https://********@git.example/shop", "branch": "main"}
    assert told["ci"] == {"token": "********"}


def test_run_shows_no_secret(
    tmp_path: Path,
    target: Target,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target.routes["/echo"] = echo
    definition = planted_test(target)
    (tmp_path / "a.json").write_text(json.dumps(definition))
    monkeypatch.setenv("STOREDOG_GLOBAL_GLOBAL", f"{WORD}-20")
    assert main(["run", f"{tmp_path}/a.json"]) == 1
    shown = "".join(capsys.readouterr())
    assert "something else" in shown
    assert planted_in(shown) == []
