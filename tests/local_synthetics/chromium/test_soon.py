"""A service that is told which tests will run soon has what they need when they come."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path

import pytest

from tests.local_synthetics.support.browser_tests import browser_test
from tests.local_synthetics.support.processes import SERVICE, below, running
from tests.local_synthetics.support.service import http_test, until

URL = "http://127.0.0.1:1"


@pytest.fixture
def definitions(tmp_path: Path) -> str:
    http = {**http_test(URL), "public_id": "abc-def-htt"}
    browser = {**browser_test(URL), "public_id": "abc-def-bro"}
    for one in (http, browser):
        (tmp_path / f"{one['public_id']}.json").write_text(json.dumps(one))
    return f"{tmp_path}/*.json"


def browsers(pid: int) -> set[str]:
    return {one for one, (command, _) in below(pid).items() if "--type=" in command}


@pytest.mark.usefixtures("chromium")
def test_the_browser_is_there_before_the_first_test(definitions: str) -> None:
    with running("--definitions", definitions, "--soon", "abc-def-bro") as (process, service):
        assert service.get("/api/v1/validate").ok  # it answers meanwhile
        until(lambda: browsers(process.pid), "a Chromium that is ready")
        started = below(process.pid).keys()
        batch_id = service.trigger({"public_id": "abc-def-bro"})
        (entry,) = service.final(batch_id)["results"]
        assert entry["status"] == "failed"  # nobody is at its address
        assert below(process.pid).keys() >= started  # and it is the one that has run the test


@pytest.mark.usefixtures("chromium")
def test_its_driver_starts_beside_the_service(definitions: str) -> None:
    with running("--definitions", definitions, "--soon", "abc-def-bro") as (process, _):
        assert below(process.pid)  # once it answers


@pytest.mark.usefixtures("chromium")
def test_a_service_that_does_not_start_leaves_no_driver(definitions: str) -> None:
    command = [*SERVICE, "serve", "--definitions", definitions, "--soon", "abc-def-bro"]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command.append(f"--port={taken.getsockname()[1]}")
        # A driver would hold standard error open.
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (4, 1)
    assert "cannot listen on 127.0.0.1" in done.stderr


@pytest.mark.usefixtures("chromium")
@pytest.mark.parametrize("until_then", ["it answers", "its driver runs"])
def test_an_end_in_between_leaves_no_browser(definitions: str, until_then: str) -> None:
    with running("--definitions", definitions, "--soon", "abc-def-bro") as (process, _):
        children: set[str] = set()
        if until_then == "its driver runs":
            children |= until(lambda: below(process.pid).keys(), "a driver")
        process.terminate()
        assert process.wait(20) == 0
        children |= below(process.pid).keys()
    until(lambda: not [one for one in children if Path(f"/proc/{one}").exists()], "their end")


@pytest.mark.parametrize("soon", [(), ("abc-def-htt",), ("abc-def-htt", "not-the-re1")])
def test_no_other_test_starts_one(definitions: str, soon: tuple[str, ...]) -> None:
    told = [word for one in soon for word in ("--soon", one)]
    with running("--definitions", definitions, *told) as (process, service):
        batch_id = service.trigger({"public_id": "abc-def-htt"})
        service.final(batch_id)
        assert below(process.pid) == {}
