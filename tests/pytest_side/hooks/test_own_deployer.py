"""A project's own deployer: the documented one, as it stands in docs/how-to/deployers.md."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.pytest_side.hooks.pages import (
    IMAGE,
    NEW,
    OLD,
    answers_with,
    configure,
    watching_conftest,
)

if TYPE_CHECKING:
    from tests.conftest import GateProject


@pytest.fixture
def watched(both_ways: GateProject) -> GateProject:
    """A project with the page's conftest, whose shop is still the old one."""
    (both_ways.path / "conftest.py").write_text(watching_conftest())
    configure(both_ways)
    answers_with(both_ways, OLD)
    return both_ways


def record_of(project: GateProject) -> dict[str, object]:
    path = project.path / "verdicts" / "staging" / f"{NEW.replace(':', '-')}.json"
    data: dict[str, object] = json.loads(path.read_text("utf-8"))
    return data


def test_what_another_tool_deploys_is_waited_for(watched: GateProject) -> None:
    asked = threading.Event()

    def deploy(path: str) -> None:
        if path == "/version" and not asked.is_set():
            asked.set()  # the gate has seen the old version; the other tool deploys now
        elif path == "/version":
            answers_with(watched, NEW)

    watched.shop.before_answer = deploy
    result = watched.run(IMAGE)
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines(
        ["*/version now answers with r.example/shop@bbbbbbbbbbbb", "GATE OPEN for staging: 2/2*"]
    )
    record = record_of(watched)
    assert (record["state"], record["digest"], record["deploy_id"]) == ("open", NEW, "watched")
    assert watched.junit()["deployment[staging]"] == "passed"


@pytest.mark.parametrize("tells", [False, True])
def test_where_the_time_went_is_told_for_any_deployer(watched: GateProject, *, tells: bool) -> None:
    """One that tells no parts of its own has the gate's; what it tells is a part of its own."""
    conftest = watching_conftest()
    if tells:
        conftest = conftest.replace(
            "_deployer(environment, progress):", "_deployer(environment, progress, timing):"
        )
        conftest = conftest.replace(
            "return watching(environment, progress)",
            "with timing('asking around'):\n        return watching(environment, progress)",
        )
    (watched.path / "conftest.py").write_text(conftest)
    answers_with(watched, NEW)
    result = watched.run(IMAGE, "-v")
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines(["time: * s: *waiting *, and the slowest check took *"])
    seconds = record_of(watched)["seconds"]
    assert isinstance(seconds, dict)
    assert ("asking around" in seconds) == tells
    parts = {"pytest", "lock", "checks", "resolve", "pull", "candidate", "swap", "proof", "trigger"}
    told = {*parts, "verdicts", "waiting", "checks read beside", "slowest check"}
    assert told == seconds.keys() - {"asking around"}
    assert seconds["waiting"] + 0.1 >= seconds["slowest check"]


BESIDE = """
from pathlib import Path
from pytest_storedog_gate.errors import Locked

def services():
    tasks = Path("/proc/self/task").glob("*/children")
    children = [pid for task in tasks for pid in task.read_text().split()]
    said = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
    return [pid for pid in said if b"local_synthetics" in said[pid]]

def lock(self, *, wait=0.0):
    while not (found := services()):  # a process has no command line for a moment
        time.sleep(0.01)
    Path("service").write_text(*found)
    raise Locked("somebody else is at it")

Watcher.lock = lock
"""


@pytest.mark.usefixtures("started_as_usual")
def test_the_service_starts_beside_the_deployment_and_ends_with_it(watched: GateProject) -> None:
    (watched.path / "conftest.py").write_text(watching_conftest() + BESIDE)
    assert watched.run(IMAGE).ret == 10
    assert not (Path("/proc") / (watched.path / "service").read_text()).exists()


MENDING = """
from pathlib import Path

locked = Watcher.lock
def lock(self, *, wait=0.0):
    Path("mended").touch()
    return locked(self, wait=wait)

Watcher.lock = lock
"""


def test_a_service_that_cannot_be_started_is_told_after_recovery(watched: GateProject) -> None:
    (watched.path / "conftest.py").write_text(watching_conftest() + MENDING)
    file = watched.path / "storedog.toml"
    file.write_text(file.read_text().replace('definitions = ["*.synthetics.json"]\n', ""))
    result = watched.run(IMAGE)
    assert result.ret == 4
    result.stdout.fnmatch_lines(["*the local Synthetics service has nothing to run*"])
    assert (watched.path / "mended").exists()


LOGS = """
def logs(self):
    {}

Watcher.logs = logs
Watcher.jobs = {{"the job": "migrated\\n3 tables"}}
"""


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("return {'the shop': 'its last line'}", "its last line"),
        ("raise RuntimeError('the log has gone')", "the log has gone"),
    ],
)
def test_what_a_deployer_tells_of_logs_is_on_the_page_and_decides_nothing(
    watched: GateProject, body: str, told: str
) -> None:
    (watched.path / "conftest.py").write_text(watching_conftest() + LOGS.format(body))
    answers_with(watched, NEW)
    assert watched.run(IMAGE, "--storedog-html=evidence.html").ret == 0
    page = (watched.path / "evidence.html").read_text("utf-8")
    assert told in page
    assert "3 tables" in page
    assert record_of(watched)["jobs"] == {"the job": ["migrated", "3 tables"]}


def test_a_deployer_need_not_tell_logs(watched: GateProject) -> None:
    answers_with(watched, NEW)
    assert watched.run(IMAGE, "--storedog-html=evidence.html").ret == 0
    assert "containers said" not in (watched.path / "evidence.html").read_text("utf-8")


def test_what_never_comes_closes_the_gate(watched: GateProject) -> None:
    result = watched.run(IMAGE)
    assert result.ret == 1
    result.stdout.fnmatch_lines([f"*/version does not answer with {NEW}", "GATE CLOSED*"])
    assert record_of(watched)["state"] == "closed"
    assert not watched.shop.asked["/discount"]


BROKEN = """
def fails(self):
    raise RuntimeError("its own fault")


Watcher.put_back = Watcher.rollback = fails
"""


@pytest.mark.parametrize("image", [IMAGE, "--storedog-image=1"], ids=["live", "held"])
def test_a_deployer_that_breaks_as_it_puts_back_needs_a_person(
    watched: GateProject, image: str
) -> None:
    configure(watched, on_failure="rollback")
    (watched.path / "conftest.py").write_text(watching_conftest() + BROKEN)
    answers_with(watched, NEW)
    watched.shop.answers["/discount"] = (500, "[]")
    result = watched.run(image)
    assert result.ret == 9
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    result.stdout.fnmatch_lines(
        ["staging was not put back (RuntimeError: its own fault): *", "GATE * exit status 9"]
    )


def test_what_goes_away_during_the_checks_closes_the_gate(watched: GateProject) -> None:
    answers_with(watched, NEW)

    def undo(path: str) -> None:
        if path == "/discount":
            answers_with(watched, OLD)

    watched.shop.before_answer = undo
    result = watched.run(IMAGE)
    assert result.ret == 1
    result.stdout.fnmatch_lines([f"*/version answers with {OLD}, not with the digest"])


def test_what_goes_away_while_it_is_watched_closes_the_gate(watched: GateProject) -> None:
    answers_with(watched, NEW)
    file = watched.path / "storedog.toml"
    checks = 'checks = ["dis-cou-nts", "hea-lth-chk"]'
    file.write_text(file.read_text().replace(checks, f"{checks}\nwatch = {{ seconds = 600 }}"))

    def undo(path: str) -> None:
        if path == "/version" and watched.shop.asked[path] > 4:
            answers_with(watched, OLD)

    watched.shop.before_answer = undo
    result = watched.run(IMAGE)
    assert result.ret == 1, result.stdout.str()
    result.stdout.fnmatch_lines(["watch of shop: */version answers with another digest"])
    assert watched.junit()["test_watch[staging-shop]"] == "failure"


def test_a_plan_tells_what_it_would_do(watched: GateProject) -> None:
    result = watched.run(IMAGE, "--storedog-plan")
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines([f"*wait until the shop answers with {NEW}"])


def test_a_tag_is_no_digest(watched: GateProject) -> None:
    result = watched.run("--storedog-image=1.2")
    assert result.ret == 8
    result.stdout.fnmatch_lines(["*r.example/shop:1.2 names no digest*"])
