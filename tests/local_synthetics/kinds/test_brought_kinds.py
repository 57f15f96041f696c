"""A package of a user's brings a kind of check: the one that docs/how-to/kinds.md shows."""

from __future__ import annotations

from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest
import requests

from tests.documented import example
from tests.local_synthetics.support.multistep_tests import extracted, multi, step
from tests.local_synthetics.support.network_tests import network_test, that
from tests.local_synthetics.support.processes import running
from tests.local_synthetics.support.service import DEADLINE, http_test

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.local_synthetics.support.service import Json, Service, Target

GREETING = that("greeting", "contains", "220 kennel")


class Greeter(StreamRequestHandler):
    """Says a line, and keeps what it is told."""

    def handle(self) -> None:
        self.wfile.write(b"220 kennel ready\r\n")
        if told := self.rfile.read():
            self.server.told.append(told)  # type: ignore[attr-defined]


@contextmanager
def greeting() -> Iterator[ThreadingTCPServer]:
    with ThreadingTCPServer(("127.0.0.1", 0), Greeter) as server:
        server.told = []  # type: ignore[attr-defined]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with greeting() as server:
        yield server.server_address[1]


def install(folder: Path, package: str, name: str, value: str, code: str) -> None:
    """What pip leaves of a package with a module of its name and one entry point."""
    (folder / f"{package}.py").write_text(code)
    described = folder / f"{package}-1.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n")
    (described / "entry_points.txt").write_text(f"[storedog_gate.kinds]\n{name} = {value}\n")


def documented() -> str:
    """The module that the page shows."""
    return example("The first line that a server sends", "kinds.md")


@pytest.fixture(scope="module")
def greeted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service beside which the package is installed."""
    folder = tmp_path_factory.mktemp("packages")
    install(folder, "greeting", "api.greeting", "greeting:GreetingCheck", documented())
    with running(PYTHONPATH=str(folder)) as (_, service):
        yield service


def greeting_test(port: int, *assertions: Json, **request: str) -> Json:
    asked = {"host": "127.0.0.1", "port": port, **request}
    return network_test("greeting", asked, *(assertions or (GREETING,)))


def test_its_tests_are_run(greeted: Service, port: int) -> None:
    result = greeted.run(greeting_test(port))
    assert (result["status"], result["assertions"][0]["actual"]) == ("passed", "220 kennel ready")
    failed = greeted.run(greeting_test(port, that("greeting", "is", "220 cattery ready")))
    assert failed["failure"]["code"] == "INCORRECT_ASSERTION"


def test_a_key_that_only_it_has_is_one_of_its_tests_and_of_no_others(
    greeted: Service, target: Target
) -> None:
    with greeting() as server:
        result = greeted.run(greeting_test(server.server_address[1], farewell="QUIT"))
        assert result["status"] == "passed", result["failure"]
    assert server.told == [b"QUIT"]  # type: ignore[attr-defined]
    other = network_test("tcp", {"host": "127.0.0.1", "port": 1, "farewell": "QUIT"})
    assert "config.request.farewell is not supported" in greeted.run(other)["failure"]["message"]


@pytest.mark.parametrize(
    ("request_part", "assertion", "named"),
    [
        ({"farewel": "QUIT"}, GREETING, "farewel is not supported: there is no such key"),
        ({"url": "http://a"}, GREETING, "config.request.url is not supported"),
        ({"timeout": "soon"}, GREETING, "config.request.timeout must be seconds"),
        ({}, that("statusCode", "is", 200), "type 'statusCode' is not supported"),
        ({}, that("greeting", "lessThan", 2), "operator 'lessThan' is not supported"),
    ],
)
def test_what_it_does_not_have_is_refused_by_name(
    greeted: Service, port: int, request_part: Json, assertion: Json, named: str
) -> None:
    result = greeted.run(greeting_test(port, assertion, **request_part))
    assert result["failure"]["code"] == "INVALID_TEST"
    assert named in result["failure"]["message"]


def test_it_is_a_step_whose_value_goes_into_the_next_one(
    greeted: Service, port: int, target: Target
) -> None:
    test = greeting_test(port, farewell="QUIT")
    first = {
        "subtype": "greeting",
        "name": "greet",
        "request": test["config"]["request"],
        "assertions": [GREETING],
        "extractedValues": [extracted("greeting", "regex", r"\d+ (\w+)")],
    }
    result = greeted.run(multi(first, step(f"{target.url}/?place={{{{ CODE }}}}")))
    assert result["status"] == "passed", result["failure"]
    assert target.requests[-1]["path"] == "/?place=kennel"
    foreign = step(target.url, request={"farewell": "QUIT"})
    refused = greeted.run(multi(first, foreign))["failure"]["message"]
    assert "config.steps[1]: config.request.farewell is not supported" in refused


def test_the_api_makes_its_tests(greeted: Service, port: int) -> None:
    body = {**greeting_test(port, farewell="QUIT"), "message": ""}
    del body["public_id"]
    answer = requests.post(
        f"{greeted.url}/api/v1/synthetics/tests/api", json=body, timeout=DEADLINE
    )
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert made["config"]["request"]["farewell"] == "QUIT"
    batch = greeted.final(greeted.trigger({"public_id": made["public_id"]}))
    assert batch["status"] == "passed"
    wrong = {**body, "config": {**body["config"], "request": {"farewel": "QUIT"}}}
    answer = requests.post(
        f"{greeted.url}/api/v1/synthetics/tests/api", json=wrong, timeout=DEADLINE
    )
    assert "config.request.farewel is not supported" in answer.json()["errors"][0]


BROKEN = {
    "an import": ("import no_such_library", "No module named 'no_such_library'"),
    "a class": ("", "has no attribute 'Check'"),
    "a fault": ("class Check:\n    def __init__(self): pass", "TypeError"),
    "no kind": ("class Check:\n    def __init__(self, _equipment): pass", "is no Kind"),
}


@pytest.mark.parametrize(("code", "named"), BROKEN.values(), ids=BROKEN)
def test_one_that_cannot_be_used_refuses_its_tests_and_no_others(
    tmp_path: Path, target: Target, code: str, named: str
) -> None:
    install(tmp_path, "broken", "api.greeting", "broken:Check", code)
    with running(PYTHONPATH=str(tmp_path)) as (_, service):
        message = service.run(greeting_test(1))["failure"]["message"]
        assert "kind api.greeting of broken cannot be used: " in message
        assert named in message
        assert service.run(network_test("tcp", {"host": "127.0.0.1", "port": 1}))["failure"]


def test_one_that_two_packages_bring_is_refused(tmp_path: Path) -> None:
    for package in ("one", "two"):
        install(tmp_path, package, "api.greeting", f"{package}:Check", "")
    with running(PYTHONPATH=str(tmp_path)) as (_, service):
        message = service.run(greeting_test(1))["failure"]["message"]
    assert "kind api.greeting is brought by one and two: uninstall all but one" in message


def test_a_kind_of_the_services_own_cannot_be_replaced(tmp_path: Path, target: Target) -> None:
    install(tmp_path, "other", "api.http", "other:Check", "")
    with running(PYTHONPATH=str(tmp_path)) as (_, service):
        result = service.run(http_test(target.url))
    assert result["status"] == "passed"
