"""A project's own deployer and its own strategy, as they stand in docs/deployers.md."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from tests.deployers_page import example, install
from tests.repository import ROOT

if TYPE_CHECKING:
    from tests.conftest import GateProject

OLD, NEW = (f"sha256:{letter * 64}" for letter in "ab")
IMAGE = f"--storedog-image=r.example/shop@{NEW}"
TOML = """\
verdicts = "verdicts"
[synthetics]
backend = "local"
definitions = ["*.synthetics.json"]
batch_timeout = 30

[services.shop]
image = "r.example/shop"

[environments.staging]
gate = "shop"
services = ["shop"]
on_failure = "keep"
checks = ["dis-cou-nts", "hea-lth-chk"]
overrides = {{ variables = {{ SHOP = "{shop}" }} }}
"""


def answers_with(project: GateProject, digest: str) -> None:
    project.shop.answers["/version"] = (200, json.dumps({"digest": digest}))


@pytest.fixture
def watched(both_ways: GateProject) -> GateProject:
    """A project with the page's conftest, whose shop is still the old one."""
    conftest = example("what another tool deploys")
    (both_ways.path / "conftest.py").write_text(conftest.replace("PATIENCE = 60", "PATIENCE = 3"))
    both_ways.configuration(TOML.format(shop=both_ways.shop.url))
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


def test_what_never_comes_closes_the_gate(watched: GateProject) -> None:
    result = watched.run(IMAGE)
    assert result.ret == 1
    result.stdout.fnmatch_lines([f"*/version does not answer with {NEW}", "GATE CLOSED*"])
    assert record_of(watched)["state"] == "closed"
    assert not watched.shop.asked["/discount"]


def test_what_goes_away_during_the_checks_closes_the_gate(watched: GateProject) -> None:
    answers_with(watched, NEW)

    def undo(path: str) -> None:
        if path == "/discount":
            answers_with(watched, OLD)

    watched.shop.before_answer = undo
    result = watched.run(IMAGE)
    assert result.ret == 1
    result.stdout.fnmatch_lines([f"*/version answers with {OLD}, not with the digest"])


def test_a_plan_tells_what_it_would_do(watched: GateProject) -> None:
    result = watched.run(IMAGE, "--storedog-plan")
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines([f"*wait until the shop answers with {NEW}"])


def test_a_tag_is_no_digest(watched: GateProject) -> None:
    result = watched.run("--storedog-image=1.2")
    assert result.ret == 8
    result.stdout.fnmatch_lines(["*r.example/shop:1.2 names no digest*"])


CONFTEST = '''\
"""Deploys on the fake engine, on which one version is live."""

import atexit
from functools import partial

from pytest_storedog_gate.deploy.docker import deployer
from tests.deploy.conftest import deploy, staging
from tests.deploy.fake_engine import FakeEngine
from tests.deploy.fake_machine import Machine

MACHINE = Machine()
deploy(MACHINE, staging("recreate"), MACHINE.push("1"))
MACHINE.push("2")
deployer.Engine = partial(FakeEngine, MACHINE)


@atexit.register
def tell():
    print("answers:", MACHINE.answer("staging-shop"), MACHINE.statuses())
'''
STRATEGY = """\
verdicts = "verdicts"
[synthetics]
backend = "local"
definitions = ["*.synthetics.json"]

[services.shop]
image = "r.example/shop"

[environments.staging]
gate = "shop"
services = ["shop"]
network = "net"
strategy = "pause"
checks = ["hea-lth-chk"]
overrides = {{ variables = {{ SHOP = "{shop}" }} }}
"""
ANSWERS = "answers: {} {{'staging-shop': 'running'}}"


class TestOwnStrategy:
    """The gate deploys by a strategy that an installed package brings."""

    @pytest.fixture
    def pausing(self, project: GateProject, monkeypatch: pytest.MonkeyPatch) -> GateProject:
        packages = project.path / "packages"
        packages.mkdir()
        text = example("pausing_strategy.py")
        install(packages, "pausing", "pause = pausing_strategy", pausing_strategy=text)
        monkeypatch.setenv("PYTHONPATH", f"{packages}:{ROOT}")
        project.configuration(STRATEGY.format(shop=project.shop.url))
        (project.path / "conftest.py").write_text(CONFTEST, "utf-8")
        return project

    def test_deploys_by_it(self, pausing: GateProject) -> None:
        result = pausing.run("--storedog-image=2", "-s")
        assert result.ret == 0, result.stdout.str()
        result.stdout.fnmatch_lines(
            ["*; unavailable for 0.1? s", "GATE OPEN for staging*", ANSWERS.format(2)]
        )

    def test_puts_back_what_it_deployed(self, pausing: GateProject) -> None:
        pausing.shop.answers["/health"] = (500, "{}")
        result = pausing.run("--storedog-image=2", "-s")
        assert result.ret == 1, result.stdout.str()
        result.stdout.fnmatch_lines(
            ["*; unavailable for 0.1? s", "GATE CLOSED for staging*", ANSWERS.format(1)]
        )

    def test_its_own_rule_names_the_line(self, pausing: GateProject) -> None:
        publish = 'publish = { shop = "127.0.0.1:80" }'
        text = STRATEGY.format(shop=pausing.shop.url).replace("gate =", f"{publish}\ngate =")
        pausing.configuration(text.replace("[services.shop]", "[services.shop]\nport = 8080"))
        result = pausing.run("--storedog-image=2")
        assert result.ret == 4
        result.stderr.fnmatch_lines(
            ["*storedog.toml:11: environments.staging.publish: strategy pause is not for the*"]
        )

    def test_without_the_package_it_is_unknown(
        self, pausing: GateProject, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        result = pausing.run("--storedog-image=2")
        assert result.ret == 4
        result.stderr.fnmatch_lines(["*staging.strategy: 'pause' is unknown; known: *"])
