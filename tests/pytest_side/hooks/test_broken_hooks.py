"""Whatever a project's own proof, store or report does: none opens a gate, and none hides one."""

from __future__ import annotations

import json
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from tests.pytest_side.hooks.pages import IMAGE, NEW, answers_with, configure, watching_conftest
from tests.pytest_side.ways_out.one_word import assert_one_word

if TYPE_CHECKING:
    from tests.conftest import GateProject

BREAKS = {
    "an assertion": "assert 0",
    "skip": "pytest.skip('not today')",
    "fail": "pytest.fail('not today')",
    "pytest.exit(0)": "pytest.exit('enough', returncode=0)",
    "sys.exit(0)": "sys.exit(0)",
    "os._exit(0)": "os._exit(0)",
    "Locked": "from pytest_storedog_gate.errors import Locked; raise Locked('by another run')",
}
# A deployer that says what it does; the next one's folder of verdicts is the gate's own.
DEPLOYER = """
import os, sys
import pytest
from pathlib import Path

def noted(what):
    with open("done", "a") as file:
        file.write(what + " ")

def stage(self, real=Watcher.stage):
    noted("stage")
    return real(self)

def promote(self, real=Watcher.promote):
    noted("promote")
    return real(self)

Watcher.stage, Watcher.promote = stage, promote
Watcher.conclude = lambda self: noted("conclude")
Watcher.put_back = lambda self: noted("put_back") or "put back"
Watcher.rollback = lambda self: noted("rollback") or "rolled back"
"""


@pytest.fixture
def deployed(any_mode: GateProject) -> GateProject:
    """A project whose deployer notes what it is asked for, and puts back."""
    configure(any_mode, on_failure="rollback")
    answers_with(any_mode, NEW)
    return any_mode


def bring(project: GateProject, text: str) -> None:
    own = watching_conftest() + DEPLOYER + dedent(text)
    (project.path / "conftest.py").write_text(own)


def done(project: GateProject) -> list[str]:
    return (project.path / "done").read_text().split()


def kept(project: GateProject) -> str:
    """The state that the gate's own folder holds; empty where there is no record."""
    path = project.path / "verdicts" / "staging" / f"{NEW.replace(':', '-')}.json"
    return str(json.loads(path.read_text("utf-8"))["state"]) if path.exists() else ""


@pytest.mark.parametrize("how", BREAKS)
def test_a_proof_before_traffic(deployed: GateProject, how: str) -> None:
    bring(deployed, f"def pytest_storedog_before_traffic(): {BREAKS[how]}")
    result = deployed.run(IMAGE)
    assert result.ret == (10 if how == "Locked" else 8), f"{result.stdout}{result.stderr}"
    assert_one_word(deployed, result)
    assert done(deployed) == ["stage", "put_back"]
    assert kept(deployed) == "inconclusive"
    assert not deployed.shop.asked["/discount"]


@pytest.mark.parametrize("how", BREAKS)
def test_a_proof_after_the_checks(deployed: GateProject, how: str) -> None:
    bring(deployed, f"def pytest_storedog_after_checks(): {BREAKS[how]}")
    result = deployed.run(IMAGE)
    assert result.ret == (10 if how == "Locked" else 8), f"{result.stdout}{result.stderr}"
    assert_one_word(deployed, result)
    assert done(deployed) == ["stage", "promote", "rollback"]
    assert kept(deployed) == "inconclusive"


@pytest.mark.parametrize("how", ["pytest.exit(0)", "sys.exit(0)", "os._exit(0)", "an assertion"])
def test_a_deployer_that_breaks_while_it_proves_once_more(deployed: GateProject, how: str) -> None:
    """What was not proved after the checks is not open, though it was begun."""
    bring(
        deployed,
        f"""
        def prove(self, times=[]):
            times.append(1)
            if len(times) > 1:
                {BREAKS[how]}
        Watcher.prove = prove
        """,
    )
    result = deployed.run(IMAGE)
    assert result.ret not in (0, 78), f"{result.stdout}{result.stderr}"
    assert_one_word(deployed, result)
    assert done(deployed) == ["stage", "promote", "rollback"]
    assert kept(deployed) == "inconclusive"


def test_an_interrupt_that_a_conftest_hides_is_no_proof(deployed: GateProject) -> None:
    """The proof is owed until it is given, whatever status pytest had when it was due."""
    bring(
        deployed,
        """
        @pytest.hookimpl(tryfirst=True, wrapper=True)
        def pytest_sessionfinish(session):
            session.exitstatus = 2
            try:
                return (yield)
            finally:
                session.exitstatus = 0

        def pytest_storedog_after_checks():
            noted("proof")
            raise AssertionError
        """,
    )
    result = deployed.run(IMAGE)
    assert result.ret == 8
    assert_one_word(deployed, result)
    assert done(deployed) == ["stage", "promote", "proof", "rollback"]


STORE = """
from contextlib import contextmanager

class Store:
    def place(self, environment, digest): return "nowhere"
    def holds(self, environment, digest): return False
    def read(self, environment, digest): return None
    def withdraw(self, environment, digest): noted("withdraw")
    @contextmanager
    def prepare(self, environment, digest, record):
        yield self
    def commit(self): noted("commit")

def pytest_storedog_verdict_store(): return Store()
"""
FAULTS = {
    "withdraw": "Store.withdraw = lambda *_: {act}",
    "prepare": "Store.prepare = lambda *_: {act}",
    "commit": "Store.commit = lambda *_: {act}",
    "the hook": "def pytest_storedog_verdict_store(): {act}",
}


@pytest.mark.parametrize("where", FAULTS)
@pytest.mark.parametrize("act", ["{}['key']", "open('/nowhere/at/all')", "os._exit(0)"])
def test_a_store(deployed: GateProject, where: str, act: str) -> None:
    bring(deployed, STORE + FAULTS[where].format(act=act))
    result = deployed.run(IMAGE)
    assert result.ret == 8, f"{result.stdout}{result.stderr}"
    assert "GATE OPEN" not in result.outlines[-1]
    steps = [one for one in done(deployed) if one not in ("withdraw", "commit")]
    # What is promoted is put back; of a store that ends the process the next run has to recover.
    expected = {
        "withdraw": ["put_back"],
        "the hook": ["put_back"],
        "prepare": ["stage", "promote", "rollback"],
        "commit": ["stage", "promote", "conclude", "rollback"],
    }[where]
    assert steps == expected if act != "os._exit(0)" else steps == expected[: len(steps)]


def test_a_store_that_cannot_be_read_lets_nothing_through(deployed: GateProject) -> None:
    bring(deployed, STORE + "Store.read = lambda *_: {}['key']")
    result = deployed.run(IMAGE, env="production")
    assert result.ret == 8
    result.stdout.fnmatch_lines(["the verdict there cannot be asked for: KeyError: 'key'"])
    assert done(deployed) == ["put_back"]


@pytest.mark.parametrize("opened", [True, False])
@pytest.mark.parametrize("how", BREAKS)
def test_a_report_changes_nothing(deployed: GateProject, how: str, opened: bool) -> None:
    """It is told of, and the other reports are made."""
    bring(
        deployed,
        f"""
        class Other:
            def pytest_storedog_report(self, record):
                return f"the other one heard: {{record.verdict.state.value}}"

        def pytest_configure(config):
            config.pluginmanager.register(Other())

        def pytest_storedog_report(): {BREAKS[how].replace("0)", "1)" if opened else "0)")}
        """,
    )
    if not opened:
        deployed.shop.answers["/discount"] = (500, "{}")
    result = deployed.run(IMAGE)
    assert result.ret == (0 if opened else 1), f"{result.stdout}{result.stderr}"
    assert_one_word(deployed, result)
    assert done(deployed) == ["stage", "promote", "conclude" if opened else "rollback"]
    if how != "os._exit(0)":
        said = "the other one heard: " + ("open" if opened else "closed")
        assert sum(line == said for line in result.outlines) == 1
        assert sum(line.startswith("no report of conftest.py: ") for line in result.outlines) == 1
