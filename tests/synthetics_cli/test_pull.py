"""`storedog-synthetics pull`: an account's definitions as files, without its secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.local_synthetics.definitions.files import load
from pytest_storedog_gate.local_synthetics.secrets.for_a_file import secretless
from pytest_storedog_gate.synthetics_cli.command_line import main
from tests.local_synthetics.support.service import Json, Target, http_test
from tests.published.data import PUBLISHED, needs_published
from tests.published.recordings import TESTS

if TYPE_CHECKING:
    from pathlib import Path

V1 = "/api/v1/synthetics/tests"
ID = "aaa-aaa-aaa"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, target: Target) -> None:
    monkeypatch.setenv("DD_API_HOST_OVERRIDE", target.url)
    monkeypatch.setenv("DD_API_KEY", "key-a")
    monkeypatch.setenv("DD_APP_KEY", "key-b")


def held(target: Target, **changes: Any) -> Json:
    """A test that the account holds, with what only an account has."""
    test = {
        **http_test(target.url),
        "public_id": ID,
        "monitor_id": 5,
        "created_by": {"email": "a@b"},
    }
    test.update(changes)
    target.answer_json(f"{V1}/{ID}", test)
    return test


def test_what_is_pulled_can_be_run(
    target: Target, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = held(target)
    assert main(["pull", ID, "--directory", str(tmp_path)]) == 0
    file = tmp_path / f"{ID}.synthetics.json"
    assert capsys.readouterr().out == f"{file}\n"
    asked = target.requests[0]["headers"]
    assert (asked["dd-api-key"], asked["dd-application-key"]) == ("key-a", "key-b")
    (entry,) = json.loads(file.read_text())["tests"]
    assert entry["localTestDefinition"] == {
        key: value for key, value in test.items() if key not in ("monitor_id", "created_by")
    }
    assert main(["run", str(file)]) == 0


def test_a_file_is_not_overwritten_unless_forced(
    target: Target, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held(target)
    file = tmp_path / f"{ID}.synthetics.json"
    file.write_text("mine")
    options = ["pull", ID, "--directory", str(tmp_path)]
    assert main(options) == 4
    assert "--force overwrites" in capsys.readouterr().err
    assert (file.read_text(), target.requests) == ("mine", [])
    assert main([*options, "--force"]) == 0
    assert load([str(file)]).tests.keys() == {ID}


@pytest.mark.parametrize("force", [True, False])
@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("where", ["file", "folder"])
def test_nothing_is_written_where_a_link_leads(
    target: Target,
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    force: bool,
    there: bool,
    where: str,
) -> None:
    held(target)
    monkeypatch.chdir(tmp_path)
    precious = tmp_path / "precious" / f"{ID}.synthetics.json"
    precious.parent.mkdir()
    (tmp_path / "checks").mkdir()
    if there:
        precious.write_text("mine")
    if where == "file":
        (tmp_path / "checks" / precious.name).symlink_to(precious)
    else:
        (tmp_path / "checks").rmdir()
        (tmp_path / "checks").symlink_to(precious.parent)
    assert main(["pull", ID, "--directory", "checks", *(["--force"] if force else [])]) == 4
    assert ("is a link" in capsys.readouterr().err) or not force
    assert [one.read_text() for one in precious.parent.iterdir()] == (["mine"] if there else [])


def test_nothing_is_written_unless_all_were_read(
    target: Target, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held(target)
    target.answer(f"{V1}/bbb-bbb-bbb", status=404, body='{"errors": ["no"]}')
    assert main(["pull", ID, "bbb-bbb-bbb", "--directory", str(tmp_path)]) == 4
    assert "has no test bbb-bbb-bbb" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("answer", [{}, {"type": "api"}, {"public_id": "ccc-ccc-ccc"}])
def test_an_answer_that_is_no_test_is_no_verdict(
    target: Target, tmp_path: Path, answer: Json
) -> None:
    target.answer_json(f"{V1}/{ID}", {**http_test(target.url), **answer} if answer else {})
    assert main(["pull", ID, "--directory", str(tmp_path)]) == 8
    assert list(tmp_path.iterdir()) == []


def test_the_steps_of_a_browser_test_are_asked_for(target: Target, tmp_path: Path) -> None:
    test = held(target, type="browser")
    target.answer_json(f"{V1}/browser/{ID}", {**test, "steps": [{"name": "one"}]})
    assert main(["pull", ID, "--directory", str(tmp_path)]) == 0
    definition = load([str(tmp_path / "*.json")]).tests[ID]
    assert definition.data["steps"] == [{"name": "one"}]


def test_a_folder_that_is_not_there_is_bad_input(target: Target, tmp_path: Path) -> None:
    held(target)
    assert main(["pull", ID, "--directory", str(tmp_path / "none")]) == 4


def test_credentials_become_variables(
    target: Target, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = http_test(
        target.url.replace("//", "//dog:sesame-1@") + "/?api_key=sesame-2&page=3",
        headers={
            "Authorization": "Bearer sesame-3",
            "X-Api-Key": "{{ KNOWN }}",
            "Accept": "text/plain",
        },
        basicAuth={"type": "web", "username": "dog", "password": "sesame-4"},
        body='{"password": "sesame-5", "same_password": "sesame-4", "size": "big"}',
        proxy={"url": "http://dog:sesame-6@proxy", "headers": {"Proxy-Authorization": "sesame-7"}},
        form={"session_token": "sesame-8"},
        certificate={"key": {"content": "sesame-9", "filename": "a.pem"}},
        config={
            "configVariables": [
                {"name": "KNOWN", "type": "text", "secure": True, "pattern": "sesame-10"},
                {"name": "PASSWORD", "type": "text", "pattern": "shown"},
            ],
            "setCookie": "a=sesame-11",
        },
    )
    held(target, config=test["config"])
    assert main(["pull", ID, "--directory", str(tmp_path)]) == 0
    text = (tmp_path / f"{ID}.synthetics.json").read_text()
    assert "sesame" not in text
    config = json.loads(text)["tests"][0]["localTestDefinition"]["config"]
    assert config["request"]["url"].endswith("/?api_key={{ API_KEY }}&page=3")
    assert config["request"]["headers"] == {
        "Authorization": "{{ AUTHORIZATION }}",
        "X-Api-Key": "{{ KNOWN }}",
        "Accept": "text/plain",
    }
    # A name that is taken is not used again, and a value has one name.
    assert config["request"]["basicAuth"]["password"] == "{{ PASSWORD_2 }}"
    assert '"same_password": "{{ PASSWORD_2 }}", "size": "big"' in config["request"]["body"]
    said = capsys.readouterr().out
    assert "it wants a value for KNOWN, " in said
    # A value is wanted before anything is sent.
    asked = len(target.requests)
    assert main(["run", str(tmp_path / f"{ID}.synthetics.json")]) == 4
    assert len(target.requests) == asked


@needs_published
def test_what_datadog_returned_is_kept_and_loaded(tmp_path: Path) -> None:
    assert PUBLISHED.is_dir()
    latest = {test["public_id"]: secretless(test) for test in TESTS}
    for public_id, definition in latest.items():
        assert "client-secret" not in json.dumps(definition)
        (tmp_path / f"{public_id}.json").write_text(json.dumps(definition))
    assert load([str(tmp_path / "*.json")]).tests.keys() == latest.keys()
