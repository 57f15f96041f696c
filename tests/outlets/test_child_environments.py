"""No process that the gate or the local service starts inherits a secret, under whatever name."""

from __future__ import annotations

import base64
import json
import os
import zlib
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.outlets.child_environment import child_environment, only_for_children
from tests.local_synthetics.servers.grpc_service import PROTO, SERVICE, grpc_server
from tests.local_synthetics.support.browser_tests import browser_test, says
from tests.local_synthetics.support.network_tests import network_test, that
from tests.local_synthetics.support.processes import below, running
from tests.local_synthetics.support.service import Target, targeting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import GateProject
    from tests.local_synthetics.support.service import Handler

PLANTED = {
    name: f"planted-{number}-of-the-dog"
    for number, name in enumerate(
        [
            "DD_API_KEY", "DD_APP_KEY", "DATADOG_API_KEY", "DATADOG_APP_KEY", "GOGS_TOKEN",
            "SHOP_TOKEN", "DRONE_NETRC_PASSWORD", "AWS_SECRET_ACCESS_KEY", "PATH_TO_TOKEN",
            "MY_HOME", "HTTPS_PROXY", "PLAYWRIGHT_SERVICE_ACCESS_TOKEN", "NODE_OPTIONS_TOKEN",
            "STOREDOG_DB_PASSWORD", "password", "lc_all", "STOREDOG_SIGNING_KEY",
            "STOREDOG_SIGNING_PASSWORD",
        ]
    )
}  # fmt: skip
GLOBAL = "planted-global-of-the-dog"
"""What the service itself needs, and nobody below it."""


def planted_in(text: str) -> list[str]:
    """The names of the secrets in a text."""
    every = {**PLANTED, "STOREDOG_GLOBAL_TOKEN": GLOBAL}
    return [name for name, value in every.items() if value in text]


@pytest.fixture
def target() -> Iterator[Target]:
    with targeting() as site:
        yield site


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("STOREDOG_GLOBAL_TOKEN", GLOBAL)


CONFIGURATION = """
[synthetics]
backend = "local"
definitions = ["*.synthetics.json"]

[environments.staging]
checks = ["{check}"]
overrides = {{ variables = {{ GIVEN = "${{SHOP_TOKEN}}" }} }}
"""


@pytest.mark.browser
@pytest.mark.usefixtures("chromium", "planted", "started_as_usual")
def test_a_run_with_a_browser(project: GateProject, target: Target) -> None:
    seen: dict[str, tuple[str, str]] = {}

    def look(handler: Handler) -> tuple[int, dict[str, str], str]:
        if handler.path == "/":
            seen.update(below(os.getpid()))
        words = f"{GLOBAL} {PLANTED['SHOP_TOKEN']}"
        return 200, {"Content-Type": "text/html"}, f"<p id='said'>{words}</p>"

    target.routes["/"] = target.routes["/favicon.ico"] = look
    given = [{"name": "TOKEN", "type": "global", "id": "x"}, {"name": "GIVEN", "type": "text"}]
    said = says("{{ TOKEN }} {{ GIVEN }}")
    check = browser_test(target.url, said, configVariables=given)
    project.checks({"localTestDefinition": check})
    project.configuration(CONFIGURATION.format(check=check["public_id"]))
    assert project.run().ret == 0
    kinds = {
        kind: [held for held in seen.values() if word in held[0]]
        for kind, word in (
            ("service", "local_synthetics"),
            ("driver", "run-driver"),
            ("browser", "--remote-debugging-pipe"),
            ("page", "--type=renderer"),
        )
    }
    assert all(kinds.values()), kinds.keys()
    for kind, found in kinds.items():
        for command, environment in found:
            own = ["STOREDOG_GLOBAL_TOKEN"] if kind == "service" else []
            assert (planted_in(command), planted_in(environment)) == ([], own), kind
    # Chromium's own children write their title over it.
    assert all("PATH=" in held[1] for held in kinds["driver"])


# Python imports this wherever it starts, if it is on its path.
SITE = """
import json, os, pathlib, sys
report = {"command": sys.orig_argv, "environment": dict(os.environ)}
(pathlib.Path(__file__).parent / f"{os.getpid()}.json").write_text(json.dumps(report))
"""


@pytest.mark.usefixtures("planted")
def test_the_compiler_of_a_grpc_test(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(SITE)
    with grpc_server() as server, running(PYTHONPATH=str(tmp_path), DD_API_KEY="") as (_, service):
        packed = base64.b64encode(zlib.compress(PROTO.encode())).decode()
        call = {"callType": "unary", "service": SERVICE, "method": "Get"}
        request = {"host": "127.0.0.1", "port": server.port, "compressedProtoFile": packed, **call}
        service.headers = {"DD-APPLICATION-KEY": PLANTED["DD_APP_KEY"]}
        definition = network_test("grpc", request, that("grpcProto", "contains", "dog"))
        assert service.run(definition)["status"] == "passed"
    reports = [json.loads(path.read_text()) for path in tmp_path.glob("*.json")]
    (compiler,) = [one for one in reports if "grpc_tools.protoc" in one["command"]]
    assert planted_in(json.dumps(compiler)) == []
    assert compiler["environment"]["PYTHONPATH"] == str(tmp_path)


@pytest.mark.usefixtures("planted")
def test_overlapping_blocks_hide_all_and_give_all_back() -> None:
    before = dict(os.environ)
    first, second = only_for_children(), only_for_children()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert dict(os.environ) == child_environment()
    assert planted_in(json.dumps(dict(os.environ))) == []
    second.__exit__(None, None, None)
    assert dict(os.environ) == before
