"""`storedog-synthetics init`: from an empty folder to a green run and an open gate."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from pytest_storedog_gate.synthetics_cli.command_line import main
from tests.conftest import WITHOUT_OTHERS
from tests.local_synthetics.support.processes import COMMANDS
from tests.local_synthetics.support.service import DEADLINE, Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.prepared.runs import Prepared

HTTP, BROWSER = "checks/http.synthetics.json", "checks/browser.synthetics.json"
PAGE = "<title>Storedog</title><h1>Treats &amp; toys</h1><p>For dogs</p>"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(path: str = HTTP) -> Any:
    """The definition in a file."""
    (test,) = json.loads(Path(path).read_text("utf-8"))["tests"]
    return test["localTestDefinition"]


@pytest.fixture
def is_green(prepared: Prepared) -> Callable[..., bool]:
    """Whether both commands that `init` names are."""

    def run(file: str, environment: str = "staging") -> bool:
        assert main(["validate", file]) == 0
        assert main(["run", file]) == 0
        gate_run = [
            sys.executable,
            "-m",
            "pytest",
            *WITHOUT_OTHERS,
            f"--storedog-env={environment}",
        ]
        gate = prepared.run(gate_run, Path.cwd(), os.environ)
        assert f"GATE OPEN for {environment}" in gate.stdout
        return gate.returncode == 0

    return run


@pytest.mark.parametrize(
    ("status", "body"), [(200, "fine"), (404, "nothing"), (500, ""), (204, "")]
)
def test_the_status_that_is_answered_is_what_the_check_asserts(
    target: Target, capsys: pytest.CaptureFixture[str],
    is_green: Callable[..., bool], status: int, body: str,
) -> None:  # fmt: skip
    target.answer("/", status=status, body=body)
    assert main(["init", target.url]) == 0
    assert len(target.requests) == 1
    said = capsys.readouterr().out
    warning = ", and the check wants just that: if it is an error, mend the check's target"
    assert said.startswith(
        f"GET {target.url}/ answered {status}{warning if status >= 400 else ''}\n"
    )
    assert said.endswith(
        f"next:\n  storedog-synthetics run {HTTP}\n  pytest --storedog-env=staging\n"
    )
    assert written()["config"]["assertions"][0]["target"] == status
    if status in (200, 404):
        assert is_green(HTTP)


def test_a_redirection_is_followed_to_what_a_person_sees(target: Target) -> None:
    target.answer("/", status=302, headers={"Location": "/shop"})
    target.answer("/shop", body="fine")
    assert main(["init", target.url]) == 0
    assert written()["config"]["assertions"][0]["target"] == 200


def test_another_environment_is_named(target: Target, is_green: Callable[..., bool]) -> None:
    assert main(["init", target.url, "--env", "preview-2"]) == 0
    assert is_green(HTTP, "preview-2")


def test_what_is_written_names_the_schemas_that_it_is_valid_by(target: Target) -> None:
    assert main(["init", target.url]) == 0
    content = json.loads(Path(HTTP).read_text("utf-8"))
    named = Path(HTTP).parent / content["$schema"]
    jsonschema.validate(content, json.loads(named.read_text("utf-8")))
    text = Path("storedog.toml").read_text("utf-8")
    assert text.startswith("#:schema ./.storedog/schemas/storedog.schema.json\n")
    schema = Path(text.splitlines()[0].removeprefix("#:schema "))
    jsonschema.validate(tomllib.loads(text), json.loads(schema.read_text("utf-8")))


def test_a_file_of_checks_that_is_there_stays_and_nothing_is_asked(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(HTTP).parent.mkdir()
    Path(HTTP).write_text("mine")
    assert main(["init", target.url]) == 4
    said = capsys.readouterr().err
    assert said.startswith(f"storedog-synthetics: {HTTP} is there, and nothing is overwritten: ")
    assert said.count("\n") == 1
    assert Path(HTTP).read_text() == "mine"
    assert not target.requests
    assert {str(one) for one in Path().rglob("*.*") if one.is_file()} == {HTTP}


CHECKED = """[synthetics]
backend = "local"
definitions = ["more/*.json", "checks/*.synthetics.json"]
[environments.preview]
checks = ["aaa-bbb-ccc"]
[environments.production]
checks = ["aaa-bbb-ccc"]
"""


@pytest.mark.parametrize(
    ("file", "options", "lacking"),
    [
        ("storedog.toml", [], ['[environments.preview]: "{}" in checks']),
        (
            "storedog.toml",
            ["--env=production"],
            ['[environments.production]: "{}" in checks'],
        ),
        ("storedog.toml", ["--env=qa"], ['[environments.qa]: checks = ["{}"]']),
        # A storedog.toml beside it would be taken in its stead.
        (
            "pyproject.toml",
            [],
            [
                '[environments.staging]: checks = ["{}"]',
                '[synthetics]: backend = "local", or send the file to Datadog',
                '[synthetics]: "checks/*.synthetics.json" in definitions',
            ],
        ),
    ],
)
def test_beside_a_configuration_the_check_is_written_and_what_the_gate_lacks_is_told(
    target: Target, capsys: pytest.CaptureFixture[str],
    file: str, options: list[str], lacking: list[str],
) -> None:  # fmt: skip
    text = CHECKED if file == "storedog.toml" else "[tool.storedog-gate]"
    Path(file).write_text(text)
    assert main(["init", target.url, *options]) == 0
    said = capsys.readouterr().out
    told = said.partition("for the gate add to it:\n")[2].partition("next:\n")[0]
    public_id = written()["public_id"]
    assert told.splitlines() == [f"  {line.format(public_id)}" for line in lacking]
    gate = lacking[0].removeprefix("[environments.").partition("]")[0]
    assert said.endswith(f"  pytest --storedog-env={gate}\n")
    assert Path(file).read_text() == text
    assert file == "storedog.toml" or not Path("storedog.toml").exists()
    assert main(["run", HTTP]) == 0


def test_what_is_to_be_added_to_a_configuration_makes_a_gate(
    target: Target, is_green: Callable[..., bool]
) -> None:
    assert main(["init", target.url]) == 0
    first = written()["public_id"]
    Path(HTTP).rename("checks/first.synthetics.json")
    assert main(["init", target.url]) == 0
    path = Path("storedog.toml")
    added = path.read_text().replace(f'"{first}"', f'"{first}", "{written()["public_id"]}"')
    path.write_text(added)
    assert is_green(HTTP)


def test_a_configuration_with_a_fault_comes_first(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("storedog.toml").write_text("[synthetic]\n")
    assert main(["init", target.url]) == 4
    assert "storedog.toml" in (said := capsys.readouterr().err)
    assert "did you mean 'synthetics'?" in said
    assert not target.requests
    assert not Path("checks").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["http://127.0.0.1:9/"], 8, "could not be checked, and nothing is written: CONNREFUSED"),
        ([], 4, "a URL is needed: storedog-synthetics init URL"),
        (["example.com"], 4, "'example.com' is no URL of a page; write it like http://HOST:PORT/"),
        (["ftp://127.0.0.1/"], 4, "is no URL of a page"),
        (["http://rex:bone@127.0.0.1/"], 4, "the URL has a password"),
        (["http://127.0.0.1/?api_key=bone-bone-bone-bone"], 4, "the URL has a password or a key"),
        (["http://127.0.0.1/", "--env", "A b"], 4, "'A b' is no environment name"),
    ],
)
def test_what_cannot_be_checked_is_one_sentence_and_no_file(
    capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, sentence: str
) -> None:
    assert main(["init", *arguments]) == status
    said = capsys.readouterr().err
    assert sentence in said
    assert "bone" not in said
    assert said.count("\n") == 1
    assert not Path("storedog.toml").exists()
    assert not Path("checks").exists()


def test_a_terminal_is_asked_for_the_url(target: Target, folder: Path) -> None:
    ours, theirs = pty.openpty()
    command = [*COMMANDS, "init"]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, start_new_session=True
    ) as process:
        os.close(theirs)
        said = b""
        while not said.endswith(b"Which URL is to be checked? "):
            said += os.read(ours, 1000)
        os.write(ours, f"{target.url}\n".encode())
        assert process.wait(DEADLINE) == 0
    os.close(ours)
    assert written()["config"]["request"]["url"] == f"{target.url}/"


@pytest.mark.browser
@pytest.mark.usefixtures("chromium")
def test_a_browser_check_asserts_what_the_page_shows(
    target: Target, capsys: pytest.CaptureFixture[str], is_green: Callable[..., bool]
) -> None:
    target.answer("/", body=PAGE, headers={"Content-Type": "text/html"})
    assert main(["init", "--browser", target.url]) == 0
    # No person sees the title of this page in it.
    assert f'{target.url}/ shows "Treats & toys"\n' in capsys.readouterr().out
    (step,) = written(BROWSER)["steps"]
    assert step["params"] == {"value": "Treats & toys"}
    assert is_green(BROWSER)


@pytest.mark.browser
@pytest.mark.usefixtures("chromium")
def test_a_page_that_shows_nothing_is_refused(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    target.answer("/", body="<title>x</title>", headers={"Content-Type": "text/html"})
    assert main(["init", "--browser", target.url]) == 8
    assert f"{target.url}/: the page showed no text of its own" in capsys.readouterr().err
    assert not Path("checks").exists()


@pytest.mark.browser
@pytest.mark.usefixtures("chromium")
def test_a_page_of_an_error_is_told_apart(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = {"Content-Type": "text/html; charset=utf-8"}
    target.answer("/", status=503, body="<h1>Schöne Störung</h1>", headers=headers)
    assert main(["init", "--browser", target.url]) == 0
    assert capsys.readouterr().out.startswith(
        f'{target.url}/ shows "Schöne Störung"; it answered 503, and the check wants just that: '
        "if it is an error, mend the check's text\n"
    )
