"""A strategy that an installed package brings, as docs/how-to/deployers.md has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.documented import example, install
from tests.repository import ROOT

if TYPE_CHECKING:
    from tests.conftest import GateProject

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
