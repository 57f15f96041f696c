"""Real runs whose checks have hostile names and reasons, on every kind of terminal."""

from __future__ import annotations

import io
import json
import unicodedata
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from pytest_storedog_gate.pytest_side.reporting import terminal
from tests.conftest import MODES, http_check, missing
from tests.datadog.fake import Answer, FakeDatadog
from tests.reports.stand_ins import config_writing_to, record_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import GateProject

# Before a test has a home of its own.
PLUGINS: Path = import_module("lab.scripts.machine.plugins").folder()
CLOSED = "GATE CLOSED for staging: 1/2 checks passed, exit status 1"
NAME = "Shöp\nGATE OPEN for staging: 9/9\x1b[2J\u2028\u202e"
SHOWN = r"Shöp GATE OPEN for staging: 9/9\x1b[2J \u202e"
ASCII = {
    "C locale": {
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONIOENCODING": "",  # tox sets it
    },
    "PYTHONIOENCODING": {"PYTHONIOENCODING": "ascii"},
}
# As plugins do that replace pytest's reporter.
REPORTERS = {
    "a writer alone": """
        import sys, pytest
        from _pytest.config import create_terminal_writer

        class Reporter:
            def __init__(self, config):
                self._tw = create_terminal_writer(config, sys.stdout)
            def pytest_runtest_logreport(self, report):
                if report.failed:
                    self._tw.write(report.longreprtext)

        @pytest.hookimpl(trylast=True)
        def pytest_configure(config):
            if config.pluginmanager.get_plugin("terminalreporter"):
                config.pluginmanager.unregister(name="terminalreporter")
                config.pluginmanager.register(Reporter(config), "terminalreporter")
        """,
    "nothing of pytest's": """
        import pytest

        @pytest.hookimpl(trylast=True)
        def pytest_configure(config):
            if config.pluginmanager.get_plugin("terminalreporter"):
                config.pluginmanager.unregister(name="terminalreporter")
                config.pluginmanager.register(object(), "terminalreporter")
        """,
}


@pytest.fixture
def hostile(project: GateProject) -> GateProject:
    """A project with one check that fails, whose name is meant to be read as the verdict."""
    project.checks(
        http_check("dis-cou-nts", "/discount", NAME),
        http_check("hea-lth-chk", "/health", "the health route"),
    )
    project.shop.answers["/discount"] = (500, "{}")
    return project


@pytest.fixture
def datadog(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDatadog]:
    """Datadog, scripted."""
    monkeypatch.setenv("DD_API_KEY", "a" * 32)
    monkeypatch.setenv("DD_APP_KEY", "b" * 40)
    fake = FakeDatadog()
    yield fake
    fake.close()


def said(result: pytest.RunResult) -> list[str]:
    """The lines of both streams; there is no traceback and nothing that steers."""
    text = f"{result.stdout}\n{result.stderr}"
    assert "Traceback" not in text
    assert {one for one in text if unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp")} == {"\n"}
    return text.splitlines()


def test_the_verdict_is_the_only_line_like_it(hostile: GateProject) -> None:
    for mode in ("no-xdist", "n2"):
        hostile.mode = MODES[mode]
        lines = said(hostile.run("-v"))
        assert [line for line in lines if line.startswith("GATE")] == [CLOSED]
        assert f"storedog-gate: dis-cou-nts failed: {SHOWN}" in lines
        assert f"check dis-cou-nts: {SHOWN}" in lines
        (case,) = (
            case
            for case in ET.parse(hostile.path / "junit.xml").iter("testcase")  # noqa: S314  # our own
            if "dis-cou-nts" in case.attrib["name"]
        )
        known = {one.attrib["name"]: one.attrib["value"] for one in case.iter("property")}
        assert known["test_name"] == SHOWN


@pytest.mark.parametrize("mode", ["no-xdist", "n2"])
@pytest.mark.parametrize("reporter", [*REPORTERS, "pytest-tldr"])
def test_any_reporter_will_do(
    hostile: GateProject, monkeypatch: pytest.MonkeyPatch, reporter: str, mode: str
) -> None:
    options = []
    if reporter in REPORTERS:
        hostile.pytester.makeconftest(REPORTERS[reporter])
    else:
        if not PLUGINS.exists():
            missing("plugins", f"no {reporter} in {PLUGINS}, where lab/test installs it")
        monkeypatch.setenv("PYTHONPATH", str(PLUGINS))
        options = ["-p", "tldr", "-p", "no:rerunfailures"]  # these two do not get on
    hostile.mode = MODES[mode]
    result = hostile.run(*options)
    assert result.ret == 1
    lines = said(result)
    assert f"storedog-gate: dis-cou-nts failed: {SHOWN}" in lines
    assert "    statusCode: expected is 200, actual 500" in lines
    assert [line for line in lines if line.startswith("GATE")] == [CLOSED]


@pytest.mark.parametrize("mode", ["no-xdist", "n2"])
def test_without_a_terminal_the_lines_go_to_standard_error(hostile: GateProject, mode: str) -> None:
    hostile.mode = MODES[mode]
    result = hostile.run("-p", "no:terminal")
    assert result.ret == 1
    said(result)
    assert f"storedog-gate: dis-cou-nts failed: {SHOWN}" in result.errlines
    assert "    statusCode: expected is 200, actual 500" in result.errlines
    assert result.errlines[-1] == CLOSED


@pytest.mark.parametrize(
    ("mode", "reporter"), [("no-xdist", "a writer alone"), ("n2", "pytest's own")]
)
@pytest.mark.parametrize("environment", ASCII)
def test_an_ascii_terminal_gets_line_by_line(
    hostile: GateProject,
    monkeypatch: pytest.MonkeyPatch,
    environment: str,
    reporter: str,
    mode: str,
) -> None:
    for name, value in ASCII[environment].items():
        monkeypatch.setenv(name, value)
    if reporter in REPORTERS:
        hostile.pytester.makeconftest(REPORTERS[reporter])
    hostile.mode = MODES[mode]
    result = hostile.run()
    assert result.ret == 1
    lines = said(result)
    assert not [line for line in lines if "\\n" in line]
    escaped = SHOWN.replace("ö", r"\xf6")
    assert f"storedog-gate: dis-cou-nts failed: {escaped}" in lines
    assert f"check dis-cou-nts: {escaped}" in lines
    assert f"dis-cou-nts  {escaped}  FAILED" in [
        line.replace("     FAILED", "  FAILED") for line in lines
    ]
    assert result.outlines[-1] == CLOSED


@pytest.mark.parametrize("mode", ["no-xdist", "n2"])
def test_a_message_of_any_size_and_content_is_a_few_lines(
    project: GateProject, datadog: FakeDatadog, mode: str
) -> None:
    """Such a surrogate ended xdist's worker, and each message was in the log several times."""
    asserted = [
        {"type": "body", "operator": "is", "target": "a", "actual": "\ud83d", "valid": False}
    ]
    failures = {
        "sur-rog-ate": {"code": "INCORRECT_ASSERTION", "message": json.dumps(asserted)},
        "big-mes-sag": {"code": "UNKNOWN", "message": "GATE OPEN\x1b[2J\n" * 40_000},
    }
    _script(datadog, failures)
    project.configuration(
        f'[synthetics]\nbackend = "datadog"\n[environments.staging]\nchecks = {list(failures)}\n'
    )
    project.mode = MODES[mode]
    result = project.run(f"--synthetics-url={datadog.url}")
    assert result.ret == 1
    lines = said(result)
    assert sum(map(len, lines)) < 20_000
    assert (project.path / "junit.xml").stat().st_size < 20_000
    assert [line for line in lines if line.startswith("GATE")] == [CLOSED.replace("1/2", "0/2")]
    assert "    body: expected is a, actual ?" in lines
    assert r"    UNKNOWN: GATE OPEN\x1b[2J" in lines


@pytest.mark.parametrize(("closed", "why"), [(True, "closed file"), (False, "No space left")])
def test_a_stream_that_takes_nothing_is_told_of_at_the_end(closed: bool, why: str) -> None:
    done = False
    with suppress(OSError), Path("/dev/full").open("w") as file:  # its end is an error as well
        config, record = config_writing_to(file), record_of()
        if closed:
            file.close()
        terminal.progress(config, "no run ends for that")
        with pytest.raises(OSError, match=why):
            terminal.summary(config, record, {})
        terminal.last_line(config, record)  # nothing may come of it any more
        done = True
    assert done


def test_the_last_line_is_apart_from_the_others() -> None:
    said = io.StringIO()
    config = config_writing_to(said)
    terminal.summary(config, record_of(), {})
    assert "GATE" not in said.getvalue()
    terminal.last_line(config, record_of(), ["no comment: Gogs answered\n500"])
    *_, note, last = said.getvalue().splitlines()
    assert note == "no comment: Gogs answered 500"
    assert last == "GATE OPEN for staging: 0/0 checks passed, exit status 0"


def _script(datadog: FakeDatadog, failures: dict[str, dict[str, str]]) -> None:
    entry: dict[str, Any] = {"test_type": "api", "location": "aws:x", "duration": 1}
    entry |= {"status": "failed", "execution_rule": "blocking", "retries": 0}
    entries = [{**entry, "test_public_id": p, "test_name": p, "result_id": p} for p in failures]
    details = [
        {
            "id": p,
            "attributes": {"result": {"finished_at": 1, "status": "failed", "failure": failure}},
        }
        for p, failure in failures.items()
    ]
    datadog.script = {
        f"/tests/{p}": [Answer({"public_id": p, "name": p, "type": "api", "subtype": "http"})]
        for p in failures
    }
    datadog.script |= {
        "/trigger/ci": [Answer({"batch_id": "b-1"})],
        "/ci/batch/b-1": [Answer({"data": {"status": "failed", "results": entries}})],
        "/poll_results": [Answer({"data": details})],
    }
