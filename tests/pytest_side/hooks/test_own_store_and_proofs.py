"""A project's own store, proofs and report, as docs/how-to/hooks.md has them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.documented import example
from tests.pytest_side.hooks.pages import IMAGE, NEW, answers_with, configure, watching_conftest

if TYPE_CHECKING:
    from tests.conftest import GateProject

PROMOTED = "*/version now answers with r.example/shop@bbbbbbbbbbbb"


@pytest.fixture
def brought(both_ways: GateProject) -> GateProject:
    """A project with both pages' conftest files, whose shop has been deployed."""
    text = watching_conftest() + example("verdicts in a database", "hooks.md")
    (both_ways.path / "conftest.py").write_text(text)
    configure(both_ways)
    answers_with(both_ways, NEW)
    both_ways.shop.answers["/errors"] = (200, '{"count": 0}')
    return both_ways


def kept(project: GateProject) -> dict[str, Any]:
    """The states of the database's records, by environment."""
    with closing(sqlite3.connect(project.path / "verdicts.sqlite3")) as database:
        rows = database.execute("SELECT environment, digest, record FROM verdicts").fetchall()
    assert {digest for _, digest, _ in rows} <= {NEW}
    return {environment: json.loads(record)["state"] for environment, _, record in rows}


def history(project: GateProject) -> list[list[str]]:
    lines = (project.path / "history.txt").read_text().splitlines()
    return [line.split()[1:] for line in lines]


def test_what_holds_is_kept_and_reported_once_and_can_be_promoted(brought: GateProject) -> None:
    refused = brought.run(IMAGE, env="production")
    assert refused.ret == 1
    refused.stdout.fnmatch_lines(["*has no open verdict of staging*: there is no record of it*"])
    result = brought.run(IMAGE)
    assert result.ret == 0, result.stdout.str()
    assert result.outlines[-2:] == [
        "history.txt has one line more",
        "GATE OPEN for staging: 2/2 checks passed, exit status 0",
    ]
    assert kept(brought) == {"staging": "open"}
    assert brought.run(IMAGE, env="production").ret == 0
    assert kept(brought) == {"staging": "open", "production": "open"}
    assert history(brought) == [
        ["production", "closed", NEW],
        ["staging", "open", NEW],
        ["production", "open", NEW],
    ]
    assert not (brought.path / "verdicts").exists()


def test_what_a_proof_before_traffic_refuses_gets_none(brought: GateProject) -> None:
    assert brought.run(IMAGE).ret == 0
    (brought.path / "called-back.txt").write_text(NEW)
    brought.shop.asked.clear()
    result = brought.run(IMAGE)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["r.example/shop@* was called back: see called-back.txt"])
    result.stdout.no_fnmatch_line(PROMOTED)
    assert not brought.shop.asked
    assert kept(brought) == {"staging": "closed"}


@pytest.mark.parametrize(
    ("answer", "status", "state", "said"),
    [
        ((200, '{"count": 3}'), 1, "closed", "the shop counts 3 errors since it was deployed"),
        ((500, "{}"), 8, "inconclusive", "*/errors answers 500"),
        ((200, "{}"), 8, "inconclusive", "pytest_storedog_after_checks broke: KeyError: 'count'"),
    ],
)
def test_a_proof_after_the_checks_can_only_close(
    brought: GateProject, answer: tuple[int, str], status: int, state: str, said: str
) -> None:
    brought.shop.answers["/errors"] = answer
    result = brought.run(IMAGE)
    assert result.ret == status
    result.stdout.fnmatch_lines([PROMOTED, said])
    assert kept(brought) == {"staging": state}
    assert brought.junit()["verdict[staging]"] == {1: "failure", 8: "error"}[status]


def test_a_check_that_failed_is_not_made_good_by_a_proof(brought: GateProject) -> None:
    brought.shop.answers["/discount"] = (500, "{}")
    assert brought.run(IMAGE).ret == 1
    assert not brought.shop.asked["/errors"], "nothing is to be proved any more"


def test_a_run_that_only_checks_asks_for_no_proof_and_keeps_nothing(brought: GateProject) -> None:
    brought.shop.answers["/errors"] = (500, "{}")
    result = brought.run("--storedog-deploy=never")
    assert result.ret == 0, result.stdout.str()
    assert not (brought.path / "verdicts.sqlite3").exists()
    assert history(brought) == [["staging", "open", "None"]]


def test_a_plan_tells_whose_proofs_are_asked(brought: GateProject) -> None:
    result = brought.run(IMAGE, "--storedog-plan")
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines(
        [
            "*ask the project's own proof before traffic: conftest.py",
            "*wait until the shop answers*",
            "*ask the project's own proof after the checks: conftest.py",
            f"*record the verdict in */verdicts.sqlite3, staging, {NEW}",
        ],
    )
    assert not (brought.path / "verdicts.sqlite3").exists()
