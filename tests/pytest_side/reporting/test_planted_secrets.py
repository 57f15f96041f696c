"""Secrets planted wherever an input can hold them reach no outlet of a run, in no form."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.planted import ODD, WORD, in_all_forms, planted_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import GateProject

TOML = """\
[synthetics]
backend = "local"
definitions = ["*.synthetics.json"]
batch_timeout = 30

[services.db]
image = "db"
environment = { POSTGRES_PASSWORD = "pl4nted-14-service", POSTGRES_USER = "dog" }

[environments.staging]
checks = ["ech-oes-all", "sec-ond-one"]

[environments.staging.overrides]
headers = { X-Passphrase = "pl4nted-10-toml-header" }
cookies = "sid=pl4nted-11-toml-cookie"
basicAuth = { username = "me", password = "pl4nted-12-basic" }
variables = { SHOP = "SHOP_URL", PW = "${PW}", API_TOKEN = "pl4nted-13-variable" }
"""


@pytest.fixture
def echo() -> Iterator[str]:
    """A server that sends back what it was sent, in several forms."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            forms = in_all_forms([self.path, sent, *self.headers.values()])
            body = json.dumps(dict.fromkeys(forms, "ok"), indent=1).encode()
            self.send_response(200)
            for name in ("X-Session-Id", "Set-Cookie"):
                self.send_header(name, f"{WORD}-of-the-answer")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def check(public_id: str, *assertions: dict[str, Any]) -> dict[str, Any]:
    return {
        "public_id": public_id,
        "type": "api",
        "subtype": "http",
        "name": "echoes",
        "locations": ["aws:eu-central-1"],
        "options": {},
        "config": {
            "request": {
                "method": "POST",
                "url": "{{ SHOP }}/a?page=1&api_key=pl4nted-20-query",
                "headers": {
                    "X-Session-Id": "pl4nted-21-header",
                    "X-Signature": "pl4nted-22-header",
                    "X-Auth": "Bearer {{ API_TOKEN }}",
                    "X-Other": "{{ HIDDEN }} {{ GLOBAL }} {{ NEUTRAL }}",
                },
                "query": {"access_token": "pl4nted-23-query"},
                "body": '{"password": "pl4nted-24-body", "pw": "{{ PW }}"}',
                "timeout": 5,
            },
            "assertions": list(assertions),
            "configVariables": [
                {"name": "SHOP", "type": "text", "pattern": "http://unset"},
                {"name": "PW", "type": "text", "pattern": "unset"},
                {"name": "API_TOKEN", "type": "text", "pattern": "unset"},
                {"name": "NEUTRAL", "type": "text", "pattern": "unset"},
                {"name": "HIDDEN", "type": "text", "secure": True, "pattern": "pl4nted-25-secure"},
                {"name": "GLOBAL", "type": "global", "id": "1"},
            ],
        },
    }


CONFTEST = """
import os, warnings, logging, pytest

@pytest.fixture
def password():
    return os.environ["PW"]
"""
TEST = """
import logging, os, pytest

@pytest.mark.synthetics("ech-oes-all")
def test_of_the_project(password, storedog_outcome):
    print("printed", password, repr(password), os.environ["STOREDOG_GLOBAL_GLOBAL"])
    logging.getLogger().warning("logged %r", password)
    found = [password, str(storedog_outcome)]
    assert password == "something else"

def test_of_parts(password, subtests):
    with subtests.test(password, given=password):
        assert False
"""
ENDS = {
    "pytest.exit": "pytest.exit('bye ' + os.environ['PW'])",
    "Ctrl-C": "raise KeyboardInterrupt('bye ' + os.environ['PW'])",
}


def test_no_outlet_shows_a_planted_secret(
    both_ways: GateProject, echo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = both_ways
    for name, value in {
        "PW": ODD,
        "DD_API_KEY": f"{WORD}-30-api-key",
        "DD_APP_KEY": f"{WORD}-31-app-key",
        "GOGS_TOKEN": f"{WORD}-32-gogs",
        "STOREDOG_GLOBAL_GLOBAL": f"{WORD}-33-global",
        "DATADOG_SYNTHETICS_OVERRIDE_START_URL": f"{echo.replace('//', f'//me:{WORD}-34@')}/b",
        "DATADOG_SYNTHETICS_OVERRIDE_HEADERS": f'{{"X-Neutral": "{WORD}-35"}}',
        "DATADOG_SYNTHETICS_OVERRIDE_VARIABLES": f'{{"NEUTRAL": "{WORD}-36", "SHOP": "{echo}"}}',
        "DATADOG_SYNTHETICS_OVERRIDE_COOKIES": f"lang=en; sid={WORD}-37",
        "DRONE": "true",
        "DRONE_CARD_PATH": str(project.path / "card"),
    }.items():
        monkeypatch.setenv(name, value)
    project.configuration(TOML.replace("SHOP_URL", echo))
    never = {"operator": "contains", "target": "something else"}
    assertions = [
        {"type": "body", **never},
        {"type": "header", "property": "x-session-id", **never},
        {"type": "header", "property": "set-cookie", **never},
    ]
    definitions = [check("ech-oes-all", *assertions), check("sec-ond-one", assertions[0])]
    files: list[dict[str, object]] = [{"localTestDefinition": one} for one in definitions]
    project.checks(*files)
    (project.path / "conftest.py").write_text(CONFTEST)
    (project.path / "test_own.py").write_text(TEST)
    result = project.run(
        "--storedog-deploy=never", "-vv", "--showlocals", "-o", "junit_logging=all", "-rA"
    )
    assert result.ret == 1, str(result.stdout) + str(result.stderr)
    result.stdout.fnmatch_lines(["*CHECKS DID NOT PASS on staging: 0/2*"])
    outlets = {
        "stdout": str(result.stdout),
        "stderr": str(result.stderr),
        **{
            name: (project.path / name).read_text("utf-8", "replace")
            for name in ("junit.xml", "report.json")
        },
        "card": _decoded(project.path / "card"),
    }
    assert "********" in outlets["stdout"]
    assert "********" in outlets["junit.xml"]
    assert {name: found for name, text in outlets.items() if (found := planted_in(text))} == {}


def _decoded(card: Path) -> str:
    content = card.read_bytes().partition(b"1338;")[2].partition(b"\x1b")[0]
    return base64.b64decode(content).decode()


@pytest.mark.parametrize("how", ENDS)
def test_the_reason_of_an_end_shows_none(
    project: GateProject, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setenv("PW", ODD)
    project.configuration(TOML.replace("SHOP_URL", project.shop.url))
    project.checks({"localTestDefinition": check("ech-oes-all", {})})
    (project.path / "test_own.py").write_text(f"import os, pytest\ndef test(): {ENDS[how]}\n")
    result = project.run("--storedog-deploy=never", "test_own.py", "-vv")
    assert result.ret != 0
    result.stdout.fnmatch_lines(["!!!* bye ******** !!!*"])
    assert planted_in(str(result.stdout) + str(result.stderr)) == []
