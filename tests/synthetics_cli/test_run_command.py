"""`storedog-synthetics run`: checks in the terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.synthetics_cli.command_line import main
from tests.local_synthetics.support.multistep_tests import OK, multi, step
from tests.local_synthetics.support.processes import COMMANDS
from tests.local_synthetics.support.service import (
    DEADLINE,
    Answer,
    Handler,
    Json,
    Target,
    http_test,
)
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def save(tmp_path: Path) -> Callable[[str, Json], str]:
    def write(name: str, content: Json) -> str:
        path = tmp_path / name
        path.write_text(json.dumps(content))
        return str(path)

    return write


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())


def test_a_passed_check_shows_expected_and_actual(
    save: Callable[[str, Json], str], target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    definition = http_test(target.url)
    assert main(["run", save("a.json", definition)]) == 0
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"PASSED {definition['public_id']} discounts: list (Local (aws:")
    assert second == "  statusCode: expected is 200, actual 200"
    assert last == "1 passed"


def test_a_check_without_locations_runs_here(
    save: Callable[[str, Json], str], target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    definition = {key: one for key, one in http_test(target.url).items() if key != "locations"}
    assert main(["run", save("a.json", definition)]) == 0
    assert "(Local (local), " in capsys.readouterr().out


def test_a_misspelt_key_is_named_and_the_other_checks_of_the_file_run(
    save: Callable[[str, Json], str], target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    tests = [http_test(target.url, options={"followRedirects": True}), http_test(target.url)]
    file = save("a.json", {"tests": [{"localTestDefinition": one} for one in tests]})
    assert main(["run", file]) == 8
    output = capsys.readouterr().out
    assert "options.followRedirects is not supported: there is no such key; did you mean" in output
    assert output.endswith("1 passed, 1 no verdict\n")
    assert len(target.requests) == 1


def test_mail_is_received_where_the_user_says(
    save: Callable[[str, Json], str], target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    variables = [{"name": "EMAIL", "type": "email"}]
    file = save("a.json", http_test(f"{target.url}/", config={"configVariables": variables},
                                    method="POST", body="{{ EMAIL }}"))  # fmt: skip
    assert main(["run", file]) == 8
    assert "--smtp" in capsys.readouterr().out
    assert main(["run", file, "--smtp", "127.0.0.1:0"]) == 0
    assert capsys.readouterr().err.startswith("receiving mail on smtp://127.0.0.1:")
    assert target.requests[0]["body"].endswith("@synthetics.example.com")


def test_a_failure_is_status_1_and_beats_a_missing_verdict(
    save: Callable[[str, Json], str], target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    target.answer("/bad", status=500)
    bad, good = http_test(f"{target.url}/bad"), http_test(target.url)
    refused = http_test(target.url, config={"assertions": []})
    file = save("a.json", {"tests": [{"localTestDefinition": one} for one in (bad, refused, good)]})
    assert main(["run", file]) == 1
    output = capsys.readouterr().out
    assert "  statusCode: expected is 200, actual 500 <- does not hold\n" in output
    assert output.endswith("1 passed, 1 failed, 1 no verdict\n")


def test_a_failure_shows_what_was_asked_and_answered_and_what_holds(
    save: Callable[[str, Json], str], target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    target.answer("/bad", status=500, body=f"the database is \x1b[2J away\n{'x' * 1000}")
    holding = {"type": "responseTime", "operator": "lessThan", "target": 60_000}
    bad = http_test(f"{target.url}/bad", OK, holding)
    assert main(["run", save("a.json", bad)]) == 1
    _, status, time, asked, body, _ = capsys.readouterr().out.splitlines()
    assert status == "  statusCode: expected is 200, actual 500 <- does not hold"
    assert time.startswith("  responseTime: expected lessThan 60000, actual ")
    assert time.endswith(" <- holds")
    assert asked == f"  GET {target.url}/bad answered 500"
    assert body.startswith(r"  body: the database is \x1b[2J away xxx")
    assert body.endswith("xxx... (1026 characters)")
    assert len(body) == len("  body: ") + 500


def test_a_failed_step_shows_what_it_asked(
    save: Callable[[str, Json], str], target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    target.answer("/bad", status=500, body="")
    steps = [step(f"{target.url}{path}") for path in ("/", "/bad", "/")]
    assert main(["run", save("a.json", multi(*steps))]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-3:-1] == [
        f"  step 2: GET {target.url}/bad answered 500",
        "  step 2: the body is empty",
    ]
    assert "    statusCode: expected is 200, actual 200 <- holds" in lines


def test_who_gives_no_answer_is_named(
    save: Callable[[str, Json], str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", save("a.json", http_test("http://127.0.0.1:1/gone"))]) == 1
    assert "  asked GET http://127.0.0.1:1/gone\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    "change",
    [
        {"options": {"ci": {"executionRule": "skipped"}}},
        {"type": "mobile", "subtype": None},
        {"config": {"request": {"method": "GET", "url": "http://127.0.0.1"}, "assertions": []}},
    ],
)
def test_what_proves_nothing_is_status_8(
    save: Callable[[str, Json], str], target: Target, change: Json
) -> None:
    good = http_test(target.url)
    file = save("a.json", {**http_test(target.url), **change})
    assert main(["run", file, save("b.json", good)]) == 8
    assert len(target.requests) == 1


def test_each_outcome_is_shown_as_soon_as_it_is_known(
    save: Callable[[str, Json], str], target: Target
) -> None:
    seen = threading.Event()

    def late(_: Handler) -> Answer:
        return (200 if seen.wait(DEADLINE) else 500), {}, ""

    target.routes["/late"] = late
    skipped = http_test(target.url, options={"ci": {"executionRule": "skipped"}})
    tests = [http_test(f"{target.url}/late"), http_test(target.url), skipped]
    file = save("a.json", {"tests": [{"localTestDefinition": one} for one in tests]})
    command = [*COMMANDS, "run", file]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        heads = [line for line in (process.stdout.readline() for _ in range(4)) if line[0] != " "]
        seen.set()
        heads += [line for line in process.stdout if line[0] != " "]
    last, first, never = (one["public_id"] for one in tests)
    shown = [f"NO VERDICT {never} ", f"PASSED {first} ", f"PASSED {last} ", "2 passed, "]
    assert [head[: len(words)] for head, words in zip(heads, shown, strict=True)] == shown


def test_a_check_by_id_with_the_address_of_another_service(
    save: Callable[[str, Json], str], target: Target, tmp_path: Path
) -> None:
    definition, other = http_test("http://127.0.0.1:1"), http_test("http://127.0.0.1:1")
    save("a.json", definition)
    save("b.json", other)
    options = ["--definitions", f"{tmp_path}/*.json", "--start-url", f"{target.url}/"]
    assert main(["run", definition["public_id"], *options]) == 0
    assert len(target.requests) == 1


def test_the_overrides_of_a_file_hold_and_the_command_line_wins(
    save: Callable[[str, Json], str], target: Target
) -> None:
    variables = [{"name": name, "type": "text", "pattern": "own"} for name in "ABC"]
    definition = http_test(
        target.url,
        headers={"X-Said": "{{ A }} {{ B }} {{ C }}"},
        config={"configVariables": variables},
    )
    overrides = {"variables": {"A": "file", "B": "file"}}
    file = save(
        "a.json", {"tests": [{"localTestDefinition": definition, "testOverrides": overrides}]}
    )
    assert main(["run", file, "--variable", "B=line=1"]) == 0
    assert target.requests[0]["headers"]["x-said"] == "file line=1 own"


def secretive(target: Target) -> Json:
    """A check with a secure and a global variable, whose values its target sends back."""

    def echo(handler: Handler) -> Answer:
        asked: Json = handler.asked
        return 200, {}, asked["headers"]["x-said"]

    target.routes["/echo"] = echo
    return http_test(
        f"{target.url}/echo",
        {"type": "body", "operator": "is", "target": "nothing"},
        headers={"X-Said": "{{ TOKEN }} {{ ACCOUNT }}"},
        config={
            "configVariables": [
                {"name": "TOKEN", "type": "text", "secure": True},
                {"name": "ACCOUNT", "type": "global", "id": "x"},
            ]
        },
    )


def test_what_has_no_value_is_refused_by_name_and_the_others_run(
    save: Callable[[str, Json], str], target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    target.answer("/other")
    wanting, other = secretive(target), http_test(f"{target.url}/other")
    assert main(["run", save("a.json", wanting)]) == 4
    assert "no value for TOKEN, ACCOUNT: give --variable" in capsys.readouterr().err
    assert not target.requests
    file = save("a.json", {"tests": [{"localTestDefinition": one} for one in (wanting, other)]})
    assert main(["run", file]) == 8
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert line.startswith(f"check {wanting['public_id']}: no value for TOKEN, ACCOUNT: give")
    assert f"NO VERDICT {wanting['public_id']} " in said.out
    assert f"PASSED {other['public_id']} " in said.out
    assert "variable TOKEN has no value" in said.out
    assert [asked["path"] for asked in target.requests] == ["/other"]


def test_values_from_the_command_line_are_not_shown(
    save: Callable[[str, Json], str], target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--variable", "TOKEN=sesame-1", "--variable", "ACCOUNT=sesame-2"]
    assert main(["run", save("a.json", secretive(target)), *given]) == 1
    assert target.requests[0]["headers"]["x-said"] == "sesame-1 sesame-2"
    shown = capsys.readouterr()
    assert "sesame" not in shown.out + shown.err
    assert "actual ******** ********" in shown.out


def test_a_terminal_is_asked_by_name(save: Callable[[str, Json], str], target: Target) -> None:
    file = save("a.json", secretive(target))
    ours, theirs = pty.openpty()
    command = [*COMMANDS, "run", file]
    with subprocess.Popen(
        command,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        said = b""
        for name, value in ((b"TOKEN: ", b"sesame-1\n"), (b"ACCOUNT: ", b"sesame-2\n")):
            while not said.endswith(name):
                said += os.read(ours, 1000)
            os.write(ours, value)
        output, _ = process.communicate(timeout=DEADLINE)
    os.close(ours)
    assert process.returncode == 1
    assert target.requests[0]["headers"]["x-said"] == "sesame-1 sesame-2"
    assert "sesame" not in output + said.decode()


def test_what_a_target_sends_cannot_steer_the_terminal(
    save: Callable[[str, Json], str], target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    target.answer("/", body="\x1b[2Jred")
    wanted = {"type": "body", "operator": "is", "target": "red"}
    assert main(["run", save("a.json", http_test(target.url, wanted))]) == 1
    output = capsys.readouterr().out
    assert "\x1b" not in output
    assert r"actual \x1b[2Jred" in output


def test_a_name_stays_within_its_line_on_a_terminal_of_ascii_too(
    save: Callable[[str, Json], str], target: Target
) -> None:
    definition = {**http_test(target.url), "name": "Shöp\n9 passed\x1b[2J\u202e"}
    file = save("a.json", definition)
    done = subprocess.run(
        [*COMMANDS, "run", file],
        capture_output=True,
        check=False,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    first, _, last = done.stdout.splitlines()
    assert r" Sh\xf6p 9 passed\x1b[2J\u202e (" in first
    assert last == "1 passed"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["abc-def-ghi"], "no file is named that defines abc-def-ghi: name the file"),
        (["FILE", "abc-def-ghi"], "a.json defines abc-def-ghi: name the file that does as well"),
        (["no-such.json"], "no-such.json"),
        (["FILE", "FILE-ID", "FILE-ID"], "twice"),
        (["FILE", "FILE"], "twice"),
        (["FILE", "--start-url", ""], "startUrl"),
        (["FILE", "--globals", "none.json"], "none.json"),
        (["FILE", "--pause-on-failure"], "standard input is not a terminal"),
    ],
)
def test_bad_input_is_one_sentence(
    save: Callable[[str, Json], str],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    named: str,
) -> None:
    definition = http_test("http://127.0.0.1:1")
    names = {"FILE": save("a.json", definition), "FILE-ID": definition["public_id"]}
    assert main(["run", *(names.get(one, one) for one in arguments)]) == 4
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert named in shown.err


def test_a_malformed_variable_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="4"):
        main(["run", "a.json", "--variable", "sesame"])
    assert "sesame" not in capsys.readouterr().err
