"""What is live is watched, each thing by a test of its own, before the gate opens."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.datadog.fake import FakeDatadog
from tests.datadog.watched import (
    ALERT,
    EVALUATION,
    MONITOR,
    begun,
    evaluation,
    monitor,
    passing,
)
from tests.pytest_side.watched import IMAGE, KEY, WELL, ask, configure, said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import GateProject

SHOP, DB = "test_watch[staging-shop]", "test_watch[staging-db]"
ROLLED_BACK = ["locked", "promoted", "rolled back"]


def test_a_test_of_the_project_that_fails_ends_the_watch(by_turns: GateProject) -> None:
    configure(by_turns, WELL, "seconds = 600")
    by_turns.pytester.makepyfile(test_own="def test_own(storedog_trigger):\n    assert False\n")
    result = by_turns.run(IMAGE)
    assert result.ret == 1, result.stdout.str()
    assert said(by_turns) == ROLLED_BACK
    assert by_turns.junit()["test_check[staging-dis-cou-nts]"] == "passed"


TRICKS = {
    "left out": """
        def pytest_collection_modifyitems(items):
            items[:] = [item for item in items if "watch" not in item.name]
        """,
    "skipped": """
        def pytest_collection_modifyitems(items):
            for item in items:
                if "watch" in item.name:
                    item.add_marker("skip")
        """,
    "xfail": """
        def pytest_collection_modifyitems(items):
            for item in items:
                if "watch" in item.name:
                    item.add_marker("xfail")
        """,
    "not run": """
        def pytest_runtest_protocol(item):
            return "watch" in item.name or None
        """,
}


def watched(project: GateProject) -> dict[str, str]:
    """The state of each thing by the report."""
    report = cast("dict[str, Any]", project.report())
    return {each["name"]: each["state"] for each in report["watched"]}


def test_each_thing_is_a_test_and_the_gate_opens_only_then(gate: GateProject) -> None:
    configure(gate)
    result = gate.run(IMAGE, "--storedog-html=evidence.html")
    assert result.ret == 0, result.stdout.str()
    assert said(gate) == ["locked", "promoted", "concluded"]
    assert watched(gate) == {"shop": "open", "db": "open"}
    cases = gate.junit()
    assert (cases[SHOP], cases[DB]) == ("passed", "passed")
    result.stdout.fnmatch_lines(["*watching shop, db for 0.3 s", "*GATE OPEN for staging*"])
    assert min(each["seconds"] for each in gate.report()["watched"]) >= 0.3  # type: ignore[attr-defined]
    page = (gate.path / "evidence.html").read_text("utf-8")
    assert "restarts, health and readiness" in page


@pytest.mark.parametrize(
    ("body", "status", "kind", "words"),
    [
        ("yield {'shop': DeploymentFailed('it restarted')}", 1, "failure", "it restarted"),
        ("yield {'shop': NoVerdict('it cannot be asked')}", 8, "error", "it cannot be asked"),
        ("raise NoVerdict('the platform is gone')\nyield", 8, "error", "the platform is gone"),
        ("raise RuntimeError('odd')\nyield", 8, "error", "RuntimeError: odd"),
        ("yield {'shop': None, 'db': None}", 8, "error", "ended before its time"),
        ("yield {'shop': 'odd'}", 8, "error", "odd"),
        ("return None", 8, "error", "broke"),
    ],
)
def test_what_goes_wrong_is_rolled_back_at_once(
    by_turns: GateProject, body: str, status: int, kind: str, words: str
) -> None:
    configure(by_turns, f"{body}\n", "seconds = 600")
    result = by_turns.run(IMAGE)
    assert result.ret == status, result.stdout.str()
    assert said(by_turns) == ROLLED_BACK
    assert by_turns.junit()[SHOP] == kind
    assert by_turns.junit()[DB] == "error"
    reasons = " ".join(cast("list[str]", by_turns.report()["reasons"]))
    assert words in reasons
    result.stdout.fnmatch_lines([f"*watch of shop*{words}*", "*GATE *"])


def test_a_check_that_fails_ends_the_watch(by_turns: GateProject) -> None:
    configure(by_turns, WELL, "seconds = 600")
    by_turns.shop.answers["/discount"] = (500, "[]")
    result = by_turns.run(IMAGE)
    assert result.ret == 1, result.stdout.str()
    assert said(by_turns) == ROLLED_BACK
    assert watched(by_turns) == {"shop": "inconclusive", "db": "inconclusive"}


@pytest.mark.parametrize("trick", TRICKS)
def test_no_trick_opens_the_gate_without_the_watch(by_turns: GateProject, trick: str) -> None:
    configure(by_turns, WELL, "seconds = 1")
    path = by_turns.path / "conftest.py"
    path.write_text(path.read_text("utf-8") + dedent(TRICKS[trick]), "utf-8")
    result = by_turns.run(IMAGE)
    assert result.ret not in (0, 78), result.stdout.str()
    assert "concluded" not in said(by_turns)


@pytest.mark.parametrize("options", [["-k", "check"], ["--deselect", f"storedog.toml::{DB}"]])
def test_what_leaves_a_watch_out_deploys_nothing(by_turns: GateProject, options: list[str]) -> None:
    configure(by_turns)
    result = by_turns.run(IMAGE, *options)
    assert result.ret == 8, result.stdout.str()
    result.stdout.fnmatch_lines(["*would leave out watch of *"])
    assert said(by_turns) == ["locked", "put back"]


def test_a_rerun_does_not_hide_what_went_wrong(project: GateProject) -> None:
    configure(project, "yield {'shop': DeploymentFailed('it restarted')}\n", "seconds = 600")
    assert project.run(IMAGE, "--reruns=2").ret == 1
    assert said(project) == ROLLED_BACK


def test_a_deployer_that_cannot_watch_is_refused_before_anything_is_touched(
    project: GateProject,
) -> None:
    configure(project, None)
    for more in ([], ["--storedog-plan"]):
        result = project.run(IMAGE, *more)
        assert result.ret == 4, result.stdout.str()
        result.stdout.fnmatch_lines(
            ["*environments.staging.watch: the deployer of this project cannot watch services; *"]
        )
    assert said(project) == []


def test_a_verdict_from_before_the_watch_promotes_nothing(project: GateProject) -> None:
    """A watch that staging asks for today is one that its verdict has to cover."""
    configure(project, WELL)
    file = project.path / "storedog.toml"
    whole = file.read_text("utf-8")
    production = whole[whole.index("[environments.staging]") :].replace("staging", "production")
    whole += production.replace("watch", 'requires = "staging"\n# watch')
    without = whole.replace("watch = { seconds = 0.3 }", "", 1)
    assert without.count("watch =") == 1
    file.write_text(without, "utf-8")
    assert project.run(IMAGE).ret == 0
    file.write_text(whole, "utf-8")
    result = project.run(IMAGE, env="production")
    assert result.ret == 1, result.stdout.str()
    result.stdout.fnmatch_lines(["*its verdict does not cover the watch, which*"])
    assert project.run(IMAGE).ret == 0
    assert project.run(IMAGE, env="production").ret == 0


def test_a_run_that_only_checks_watches_nothing(project: GateProject) -> None:
    configure(project, None)
    assert project.run("--storedog-deploy=never").ret == 0
    assert watched(project) == {}


def test_killed_while_it_watches_the_deployment_stays_open(project: GateProject) -> None:
    """The next run's recovery puts the previous version back: see the tests of deployers."""
    configure(project, "yield {}\nos.kill(os.getpid(), 9)\n", "seconds = 600")
    assert project.run(IMAGE).ret == -9
    assert said(project) == ["locked", "promoted"]


def test_interrupted_while_it_watches_the_previous_version_is_back(both_ways: GateProject) -> None:
    body = "yield {}\nos.kill(os.getpid(), 2)\nwhile True:\n    yield {}\n    time.sleep(0.1)\n"
    configure(both_ways, body, "seconds = 600")
    result = both_ways.run(IMAGE)
    assert result.ret == 2, result.stdout.str()
    assert said(both_ways) == ROLLED_BACK


@pytest.fixture
def datadog() -> Iterator[FakeDatadog]:
    fake = FakeDatadog()
    yield fake
    fake.close()


MONITORED = f"seconds = 0.3, monitors = [{MONITOR}], deployment_gate = {{}}"
OF_DATADOG = ("datadog:monitor-12345678", "datadog:deployment-gate")


@pytest.mark.parametrize("alerts", [False, True])
def test_datadog_is_asked_where_it_is_named(
    by_turns: GateProject,
    datadog: FakeDatadog,
    monkeypatch: pytest.MonkeyPatch,
    *,
    alerts: bool,
) -> None:
    """Also where the deployer itself can watch nothing."""
    configure(by_turns, None, MONITORED)
    ask(by_turns, datadog, monkeypatch)
    datadog.script = {
        f"/monitor/{MONITOR}": [monitor("OK"), ALERT if alerts else monitor("Warn")],
        f"/evaluation/{EVALUATION}": [evaluation("pass")],
        "/gates/evaluation": [begun()],
        **passing("dis-cou-nts"),
    }
    result = by_turns.run(IMAGE)
    assert result.ret == alerts, result.stdout.str()
    assert said(by_turns) == (ROLLED_BACK if alerts else ["locked", "promoted", "concluded"])
    (begun_with,) = (asked.body for asked in datadog.asked if asked.path.endswith("/evaluation"))
    attributes = begun_with["data"]["attributes"]
    assert attributes == {"service": "shop", "env": "staging", "version": "aaaaaaaaaaaa"}
    assert list(watched(by_turns)) == list(OF_DATADOG)
    kinds = [by_turns.junit()[f"test_watch[staging-{name}]"] for name in OF_DATADOG]
    assert kinds[0] == ("failure" if alerts else "passed")
    assert KEY not in result.stdout.str()


def test_an_unknown_monitor_is_told_before_anything_is_deployed(
    project: GateProject, datadog: FakeDatadog, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(project, WELL, MONITORED)
    ask(project, datadog, monkeypatch)
    datadog.script = passing("dis-cou-nts")
    result = project.run(IMAGE)
    assert result.ret == 8, result.stdout.str()
    result.stdout.fnmatch_lines(["*has no monitor 12345678: name another one*"])
    assert said(project) == ["locked", "put back"]


def test_a_watch_of_datadogs_needs_its_keys_whoever_runs_the_checks(project: GateProject) -> None:
    configure(project, WELL, MONITORED)
    result = project.run(IMAGE)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*DD_API_KEY*the environment's `watch` asks Datadog*"])
    assert said(project) == []
