"""What all tests share: a clean process environment, a shop to check, and ways to run the gate."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import zlib
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from xml.etree import ElementTree as ET

import hypothesis
import pytest

from pytest_storedog_gate.local_synthetics.chromium.executable import NoChromiumError, find_chromium
from pytest_storedog_gate.reading.ci.systems import SYSTEMS
from tests.prepared import runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.prepared.runs import Prepared

# A busy machine takes its time for what is no measure of speed.
hypothesis.settings.register_profile("storedog", deadline=None)
hypothesis.settings.load_profile("storedog")

# Plugins that only some tests want: those of tests/fuzzing, which would take each pytest that a
# test starts a second or two, and those with which the gate has to get along.
OTHERS = (
    "anyio",
    "schemathesis",
    "hypothesispytest",
    "flaky",
    "repeat",
    "socket",
    "timeout",
    "tldr",
    "html",
    "html_fixtures",
    "metadata",
    "allure_pytest",
    "ctrf",
)

# Keys, facts of CI systems, and what pytest reads: whole messages in its summary where CI is set.
_CI = {mark for system in SYSTEMS.values() for mark in system["marks"]} | {"CI", "BUILD_NUMBER"}
CHANGES_A_RUN = re.compile(
    r"^(?:(?:DD|DATADOG|DRONE|STOREDOG|GITHUB|GITLAB)_.*|PYTEST_ADDOPTS|PYTEST_XDIST_WORKER"
    rf"|NO_COLOR|FORCE_COLOR|PY_COLORS|COLUMNS|{'|'.join(sorted(_CI))})$",
    re.MULTILINE,
)


def without_others(*but: str) -> list[str]:
    """The options that keep them away, but for these."""
    return [word for name in OTHERS if name not in but for word in ("-p", f"no:{name}")]


WITHOUT_OTHERS = without_others()
MODES = {
    "no-xdist": ["-p", "no:xdist", *WITHOUT_OTHERS],
    "n0": ["-n0", *WITHOUT_OTHERS],
    "n2": ["-n2", *WITHOUT_OTHERS],
    "loadscope": ["-n2", "--dist=loadscope", *WITHOUT_OTHERS],
}


def missing(requirement: str, what: str) -> NoReturn:
    """Skips, or fails where STOREDOG_REQUIRE names these tests."""
    if requirement in os.environ.get("STOREDOG_REQUIRE", ""):
        pytest.fail(what)
    pytest.skip(what)


def need_chromium() -> None:
    """Skips or fails where Playwright or a Chromium is missing."""
    try:
        find_chromium(os.environ, playwrights_own())
    except ImportError:
        missing("browser", "no playwright: pip install 'pytest-storedog-gate[browser]'")
    except NoChromiumError as error:
        missing("browser", str(error))


def playwrights_own() -> Path:
    """Where Playwright puts the Chromium that it installs. Raises ImportError without it."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as driver:
        return Path(driver.chromium.executable_path)


def pytest_configure() -> None:
    """Takes Ctrl-C as usual: a shell's background job ignores it, and so would what we start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes away what would change a run: keys, CI facts, pytest's own additions."""
    for name in CHANGES_A_RUN.findall("\n".join(os.environ)):
        if name not in {"STOREDOG_REQUIRE", "STOREDOG_MODE"}:
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def chromium() -> None:
    """Playwright and a Chromium are there."""
    need_chromium()


class Shop:
    """A real HTTP server with answers that a test chooses; it counts what it is asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, str]] = {}
        self.asked: Counter[str] = Counter()
        self.before_answer: Callable[[str], None] = lambda _path: None
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                shop.asked[path] += 1
                shop.before_answer(path)
                status, body = shop.answers.get(path, (404, "{}"))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                """Says nothing: the test's output is not the place."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                """Nor does it tell of a client that ended before it had read its answer."""
                if not isinstance(sys.exc_info()[1], ConnectionError):
                    super().handle_error(request, client_address)

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A shop whose discounts are in order."""
    server = Shop()
    server.answers = {"/discount": (200, '[{"code": "BFRIDAY"}]'), "/health": (200, "{}")}
    yield server
    server.close()


def http_check(public_id: str, path: str, name: str, **options: object) -> dict[str, object]:
    """One HTTP API test as datadog-ci's files hold it."""
    return {
        "localTestDefinition": {
            "public_id": public_id,
            "type": "api",
            "subtype": "http",
            "name": name,
            "locations": ["aws:eu-central-1"],
            "options": options,
            "config": {
                "request": {"method": "GET", "url": "{{ SHOP }}" + path, "timeout": 5},
                "assertions": [{"type": "statusCode", "operator": "is", "target": 200}],
                "configVariables": [{"name": "SHOP", "type": "text", "pattern": "http://unset"}],
            },
        }
    }


TOML = """\
[synthetics]
backend = "local"
definitions = ["*.synthetics.json"]
batch_timeout = 30

[environments.staging]
checks = ["dis-cou-nts", "hea-lth-chk"]
overrides = {{ variables = {{ SHOP = "{shop}" }} }}
"""


def junit_cases(path: Path) -> dict[str, str]:
    """Each test case's name with passed, failure, error or skipped."""
    root = ET.parse(path).getroot()  # noqa: S314  # our own file
    cases = {}
    for case in root.iter("testcase"):
        kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        name = case.attrib["name"]
        assert name not in cases, f"two test cases named {name}"
        cases[name] = kinds[0] if kinds else "passed"
    return cases


@pytest.fixture(scope="session")
def prepared() -> Iterator[Prepared]:
    """A process that runs of the gate start from within milliseconds."""
    with runs.prepared(WITHOUT_OTHERS) as process:
        yield process


@pytest.fixture
def pytester(
    pytester: pytest.Pytester, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> pytest.Pytester:
    """Pytest's own, whose runs of the gate start within milliseconds."""
    monkeypatch.setattr(pytester, "popen", prepared.popen_or(pytester.popen))
    return pytester


class GateProject:
    """A folder with nothing but a configuration and checks, and the gate run in it."""

    def __init__(self, pytester: pytest.Pytester, shop: Shop) -> None:
        self.pytester = pytester
        self.shop = shop
        self.mode = WITHOUT_OTHERS
        self.configuration(TOML.format(shop=shop.url))
        self.checks(
            http_check("dis-cou-nts", "/discount", "the list of discounts"),
            http_check("hea-lth-chk", "/health", "the health route"),
        )

    @property
    def path(self) -> Path:
        return self.pytester.path

    def configuration(self, text: str) -> None:
        (self.path / "storedog.toml").write_text(text, encoding="utf-8")

    def checks(self, *checks: dict[str, object]) -> None:
        text = json.dumps({"tests": checks}, indent=1)
        (self.path / "all.synthetics.json").write_text(text, encoding="utf-8")

    def run(self, *args: str, env: str | None = "staging") -> pytest.RunResult:
        switch = [f"--storedog-env={env}"] if env else []
        return self.pytester.runpytest_subprocess(
            *self.mode, *switch, "--storedog-report=report.json", "--junitxml=junit.xml", *args
        )

    def run_at_a_service(self, *args: str) -> pytest.RunResult:
        """The same at a service that goes on when the run has ended, so that links lead there."""
        from tests.local_synthetics.support.service import serving  # noqa: PLC0415

        tests = json.loads((self.path / "all.synthetics.json").read_text("utf-8"))["tests"]
        with serving(*(test["localTestDefinition"] for test in tests)) as service:
            return self.run(f"--synthetics-url={service.url}", *args)

    def with_plugin(self, *names: str) -> None:
        """Lets these of `OTHERS` be loaded in this project's runs."""
        self.mode = [*self.mode[: -len(WITHOUT_OTHERS)], *without_others(*names)]

    def report(self) -> dict[str, object]:
        data: dict[str, object] = json.loads((self.path / "report.json").read_text("utf-8"))
        return data

    def junit(self) -> dict[str, str]:
        return junit_cases(self.path / "junit.xml")


@pytest.fixture
def project(pytester: pytest.Pytester, shop: Shop) -> GateProject:
    """The gate on two checks of the shop, with nothing to deploy."""
    return GateProject(pytester, shop)


@pytest.fixture(params=list(MODES))
def gate(request: pytest.FixtureRequest, project: GateProject) -> GateProject:
    """The same in every mode of xdist."""
    project.mode = MODES[request.param]
    return project


@pytest.fixture(params=[("no-xdist", "n0"), ("n2", "loadscope")], ids=["one process", "workers"])
def by_turns(request: pytest.FixtureRequest, project: GateProject) -> GateProject:
    """The same in one process and over workers, each test in another mode of each kind.

    So what a test is one of many for is there in each mode of xdist.
    """
    project.mode = MODES[request.param[_number(request.node.name) % 2]]
    return project


@pytest.fixture(params=["no-xdist", "n2"])
def both_ways(request: pytest.FixtureRequest, project: GateProject) -> GateProject:
    """The same in one process and over workers, where the other modes could not differ."""
    project.mode = MODES[request.param]
    return project


@pytest.fixture
def any_mode(request: pytest.FixtureRequest, project: GateProject) -> GateProject:
    """The same in one of the modes, each test in another one; STOREDOG_MODE names one for all."""
    in_turn = list(MODES)[_number(request.node.name) % len(MODES)]
    project.mode = MODES[os.environ.get("STOREDOG_MODE") or in_turn]
    return project


def _number(name: str) -> int:
    """Some number of a test, always the same."""
    return zlib.crc32(name.encode())
