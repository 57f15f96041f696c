"""`storedog-synthetics run`: which checks, reports, a person's terminal, again on each change."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from pytest_storedog_gate.synthetics_cli.command_line import main
from tests.local_synthetics.support.multistep_tests import multi, step
from tests.local_synthetics.support.processes import COMMANDS
from tests.local_synthetics.support.service import DEADLINE, Target, http_test
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path, target: Target) -> Path:
    """Three checks: one of them fails."""
    target.answer("/bad", status=500)
    tests = [
        {**http_test(target.url), "public_id": "abc-def-ghi", "name": "The Shop"},
        {**http_test(f"{target.url}/bad"), "public_id": "jkl-mno-pqr", "tags": ["team:shop"]},
        {**http_test(target.url), "public_id": "stu-vwx-yza", "name": "\x1b[2J<other>&"},
    ]
    path = tmp_path / "checks.json"
    path.write_text(json.dumps({"tests": [{"localTestDefinition": one} for one in tests]}))
    return path


@pytest.mark.parametrize(
    ("chosen", "run"),
    [
        (["-k", "SHOP"], {"abc-def-ghi", "jkl-mno-pqr"}),
        (["-k", "mno-p"], {"jkl-mno-pqr"}),
        (["stu-vwx-yza"], {"stu-vwx-yza"}),
        (["stu-vwx-yza", "abc-def-ghi", "-k", "the"], {"abc-def-ghi", "stu-vwx-yza"}),
        ([], {"abc-def-ghi", "jkl-mno-pqr", "stu-vwx-yza"}),
    ],
)
def test_a_text_and_public_ids_choose(
    file: Path, capsys: pytest.CaptureFixture[str], chosen: list[str], run: set[str]
) -> None:
    main(["run", str(file), *chosen])
    heads = [line for line in capsys.readouterr().out.splitlines() if line[:2] in {"PA", "FA"}]
    assert {head.split()[1] for head in heads} == run


def test_a_text_that_no_check_has_is_bad_input(
    file: Path, target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(file), "-k", "nothing"]) == 4
    assert "-k nothing: none of 3 checks has that" in capsys.readouterr().err
    assert not target.requests


def test_the_reports_say_what_came_of_each_check(file: Path, tmp_path: Path) -> None:
    junit, document = tmp_path / "out" / "junit.xml", tmp_path / "out" / "run.json"
    assert main(["run", str(file), "--junitxml", str(junit), "--json", str(document)]) == 1
    (suite,) = ET.fromstring(junit.read_text())  # noqa: S314 our own
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "0")
    cases = {str(case.get("classname")): case for case in suite}
    failed = cases["storedog-synthetics.jkl-mno-pqr"]
    (failure,) = failed.findall("failure")
    assert failure.get("message") == "statusCode: expected is 200, actual 500"
    assert "/bad answered 500" in str(failure.text)
    told = {one.get("name"): one.get("value") for one in failed.iter("property")}
    assert (told["public_id"], told["status"]) == ("jkl-mno-pqr", "failed")
    assert "<other>&" in str(cases["storedog-synthetics.stu-vwx-yza"].get("name"))
    data = json.loads(document.read_text())
    assert (data["version"], data["exit_status"]) == (1, 1)
    assert {one["public_id"]: one["status"] for one in data["results"]} == {
        "abc-def-ghi": "passed", "jkl-mno-pqr": "failed", "stu-vwx-yza": "passed",
    }  # fmt: skip


def test_a_run_that_ran_nothing_leaves_no_older_report(file: Path, tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    junit.write_text("<green/>")
    assert main(["run", str(file), "-k", "nothing", "--junitxml", str(junit)]) == 4
    assert not junit.exists()


def test_a_report_that_cannot_be_written_is_told_before_anything_runs(
    file: Path, tmp_path: Path, target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert main(["run", str(file), "--json", str(tmp_path / "link")]) == 4
    assert "no report can be written there" in capsys.readouterr().err
    assert not target.requests


def on_a_terminal(*arguments: str, **environ: str) -> str:
    """What a person sees of the command."""
    ours, theirs = pty.openpty()
    variables = {name: text for name, text in os.environ.items() if name != "NO_COLOR"}
    with subprocess.Popen(
        [*COMMANDS, "run", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        cwd=ROOT,
        env={**variables, "TERM": "xterm", **environ},
    ):
        os.close(theirs)
        seen = b"".join(_until_hung_up(ours))
    os.close(ours)
    return seen.decode().replace("\r\n", "\n")


def _until_hung_up(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            yield os.read(terminal, 4096)
        except OSError:  # the other end is closed
            return


def test_a_terminal_shows_steps_in_colours_and_no_color_none(
    tmp_path: Path, target: Target
) -> None:
    target.answer("/bad", status=500)
    steps = [step(f"{target.url}{path}") for path in ("/", "/bad", "/")]
    file = tmp_path / "a.json"
    file.write_text(json.dumps({**multi(*steps), "name": "\x1b[2Jname"}))
    seen = on_a_terminal(str(file))
    assert seen.startswith("\x1b[31;1mFAILED\x1b[0m ")
    assert "  \x1b[32mok     \x1b[0m \x1b[2m" in seen
    assert "  \x1b[31mFAILED \x1b[0m \x1b[2m" in seen
    assert "  \x1b[2mnot run\x1b[0m " in seen
    assert "\x1b[31m    statusCode: expected is 200, actual 500 <- does not hold\x1b[0m\n" in seen
    assert "\x1b[2J" not in seen
    assert "\x1b" not in on_a_terminal(str(file), NO_COLOR="1")
    assert "\x1b" not in on_a_terminal(str(file), TERM="dumb")


def test_a_change_of_a_file_runs_it_again_until_an_interruption(
    tmp_path: Path, target: Target
) -> None:
    file = tmp_path / "a.json"
    check = http_test(target.url)
    file.write_text(json.dumps(check))
    with subprocess.Popen(
        [*COMMANDS, "run", str(file), "--watch"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            assert "1 passed\n" in _until_it_waits(process)
            file.write_text(json.dumps({**check, "name": "renamed"}))
            assert " renamed (" in _until_it_waits(process)
            file.write_text("{")
            assert "not valid JSON" in _until_it_waits(process)
            file.write_text(json.dumps(check))
            assert "1 passed\n" in _until_it_waits(process)
            process.send_signal(signal.SIGINT)
            assert process.wait(DEADLINE) == 2
        finally:
            process.kill()


def _until_it_waits(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    said = ""
    while "waiting for a change" not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    return said
