"""The service as a process."""

from __future__ import annotations

import json
import signal
import smtplib
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import requests

from pytest_storedog_gate.local_synthetics.running.results import KEPT_RESULTS
from tests.local_synthetics.support.processes import SERVICE, running
from tests.local_synthetics.support.refusals import refused
from tests.local_synthetics.support.service import DEADLINE, Target, http_test, until
from tests.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_quietly(tmp_path: Path, target: Target, number: signal.Signals) -> None:
    definition = http_test(target.url)
    (tmp_path / "a.json").write_text(json.dumps(definition))
    with running("--definitions", f"{tmp_path}/*.json", "--concurrency", "2") as (process, service):
        batch_id = service.trigger({"public_id": definition["public_id"]})
        assert service.final(batch_id)["status"] == "passed"
        process.send_signal(number)
        output, errors = process.communicate(timeout=DEADLINE)
        assert (process.returncode, output, errors) == (0, "", "")


def test_every_kept_result_can_be_asked_for_in_one_url() -> None:
    with running() as (_, service):
        assert service.poll(*(str(10**18 + number) for number in range(KEPT_RESULTS))) == {
            "data": [],
            "included": [],
        }


def test_keys_come_from_the_environment() -> None:
    with running(DD_API_KEY="key-a", DD_APP_KEY="") as (_, service):
        assert service.get("/api/v1/synthetics/settings").status_code == 403
        service.headers = {"DD-API-KEY": "key-a"}
        assert service.get("/api/v1/synthetics/settings").status_code == 200


def test_it_ends_with_its_standard_input() -> None:
    with running("--until-stdin-closes") as (process, _):
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(DEADLINE) == 0


PARENT = """
import subprocess, sys, time
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)
print(child.pid, flush=True)
time.sleep(600)
"""


def test_it_ends_with_a_parent_that_is_killed() -> None:
    command = [*SERVICE, "serve", "--until-stdin-closes"]
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, *command], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    with parent:
        assert parent.stdout is not None
        lines = [parent.stdout.readline(), parent.stdout.readline()]
        (url,) = (line.split()[-1] for line in lines if line.startswith("listening"))
        assert requests.get(f"{url}/", timeout=DEADLINE).status_code == 404
        parent.kill()
    until(lambda: not answers(url), "the end of the service")


def answers(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    try:
        socket.create_connection((host, int(port)), timeout=DEADLINE).close()
    except OSError:
        return False
    return True


def test_it_says_where_it_receives_mail() -> None:
    with running("--smtp", "127.0.0.1:0") as (process, _):
        assert process.stdout is not None
        scheme, address = process.stdout.readline().split()[-1].split("://")
        assert scheme == "smtp"
        host, _, port = address.partition(":")
        with smtplib.SMTP(host, int(port), timeout=DEADLINE) as client:
            assert client.ehlo()[0] == 250
            # One that is still connected does not hold up the end.
            process.terminate()
            assert process.wait(DEADLINE) == 0


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = refused("serve", "--port", str(port))
    assert f"port {port}: Address already in use" in sentence


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["serve", "--port", "99999"], "99999"),
        (["serve", "--concurrency", "0"], "--concurrency"),
        (["serve", "--definitions", "no/such/*.json"], "no/such/*.json"),
        (["serve", "--host", "256.1.1.1"], "256.1.1.1"),
        (["serve", "--key-from-stdin"], "--key-from-stdin: standard input has no key"),
        (["serve", "--smtp", "2525"], "2525 is not HOST:PORT"),
        (["serve", "--smtp", "127.0.0.1:99999"], "99999 is not a port"),
        (["run", "x.json", "--artifacts", "/dev/null/x"], "/dev/null/x: Not a directory"),
        ([], "COMMAND"),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], named: str) -> None:
    assert named in refused(*arguments)


@pytest.mark.parametrize("command", ["serve", "run"])
def test_artifacts_are_not_kept_where_a_link_leads(tmp_path: Path, command: str) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    more = ["x.json"] if command == "run" else []
    assert f"{tmp_path}/link is a link" in refused(
        command, *more, "--artifacts", str(tmp_path / "link")
    )


def test_a_malformed_file_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text("{\n  oops\n}")
    assert f"{path}:2: " in refused("serve", "--definitions", str(path))


@pytest.mark.parametrize(
    ("module", "options"),
    [
        *(("starlette", []), ("uvicorn", []), ("uvloop", []), ("quickjs", [])),
        ("aiosmtpd", ["--smtp", "127.0.0.1:0"]),
    ],
)
def test_a_missing_extra_is_named(module: str, options: list[str]) -> None:
    extra = "mail" if module == "aiosmtpd" else "local"
    code = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "from pytest_storedog_gate.synthetics_cli.command_line import main\n"
        f"sys.exit(main(['serve', *{options}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 4
    assert done.stderr == (
        f"storedog-synthetics: {module} is not installed; "
        f"run: pip install 'pytest-storedog-gate[{extra}]'\n"
    )
