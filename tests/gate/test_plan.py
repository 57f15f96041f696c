"""The plan tells the steps that a run takes, in the order in which it takes them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.gate.steps import Step
from tests.conftest import http_check
from tests.deploy.fake_machine import digest_of
from tests.repository import ROOT

if TYPE_CHECKING:
    from tests.conftest import GateProject

TOML = """\
verdicts = "verdicts"
[synthetics]
backend = "local"
definitions = ["*.synthetics.json"]
batch_timeout = 30

[services.shop]
image = "r.example/shop"

[environments.staging]
checks = ["dis-cou-nts"]

[environments.production]
requires = "staging"
gate = "shop"
services = ["shop"]
network = "net"
strategy = "rename"
checks = ["dis-cou-nts", "hea-lth-chk"]
execution_rules = {{ hea-lth-chk = "non_blocking" }}
overrides = {{ variables = {{ SHOP = "{shop}" }} }}
"""
# An engine and a registry that can be asked, and what they were asked for.
CONFTEST = """
from pytest_storedog_gate.datadog.client import SyntheticsClient
from pytest_storedog_gate.deploy.docker import deployer, deployment
from pytest_storedog_gate.verdicts import promotion
from tests.conftest import http_check
from tests.deploy.fake_engine import FakeEngine
from tests.deploy.fake_machine import Machine

MACHINE = Machine()
MACHINE.push("new")
for name in {standing}:
    MACHINE.stand(name)
deployer.Engine = lambda address, redact: FakeEngine(MACHINE, address, redact)

def noted(step, real):
    def note(*args, **kwargs):
        with open("taken", "a") as file:
            file.write(step + "\\n")
        return real(*args, **kwargs)
    return note

promotion.require_open = noted("REQUIRE", lambda *_, **__: None)
SyntheticsClient.check = noted("CHECKS", SyntheticsClient.check)
"""
# What a run does there.
RUN = """
from pytest_storedog_gate.deploy.docker.traffic import stopping

stopping._LONGEST_DRAIN = 0.0
SyntheticsClient.trigger = noted("TRIGGER", SyntheticsClient.trigger)
for stage, name, step in (
    (deployer.DockerDeployer, "lock", "LOCK"),
    (deployer.DockerDeployer, "resolve", "RESOLVE"),
    (deployer.HeldEnvironment, "fetch", "FETCH"),
    (deployment.FetchedImage, "stage", "STAGE"),
    (deployment.StagedCandidate, "promote", "PROMOTE"),
    (deployment.LiveDeployment, "prove", "PROVE"),
    (deployment.LiveDeployment, "conclude", "DECIDE"),
):
    setattr(stage, name, noted(step, getattr(stage, name)))
"""
NOTHING, SOMETHING = "()", "('production-shop',)"
SHOP = "production-shop"


@pytest.fixture
def promotion(project: GateProject, monkeypatch: pytest.MonkeyPatch) -> GateProject:
    """A project with a service under the gate."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    project.configuration(TOML.format(shop=project.shop.url))
    return project


def plan_of(project: GateProject, *args: str) -> list[str]:
    result = project.run("--storedog-plan", "--storedog-image=new", *args, env="production")
    assert result.ret == 0, result.stdout.str()
    return [m[1] for line in result.outlines if (m := re.match(r"storedog-gate: \d+\. (.*)", line))]


@pytest.mark.parametrize("standing", [NOTHING, SOMETHING])
def test_a_promotion_is_told_step_by_step(promotion: GateProject, standing: str) -> None:
    promotion.pytester.makeconftest(CONFTEST.format(standing=standing))
    digest = digest_of("new")
    verdict = promotion.path / "verdicts" / "production" / f"{digest.replace(':', '-')}.json"
    lock = "take the lock production.lock"
    first, second = ([], [lock]) if standing == NOTHING else ([lock], [])
    before = "nothing" if standing == NOTHING else digest_of("old").removeprefix("sha256:")[:12]
    expected = [
        *first,
        "read the checks, 2 in all",
        f"resolve r.example/shop:new to {digest}",
        f"find the open verdict of staging for {digest}: there",
        f"pull r.example/shop@{digest}",
        *second,
        "create the network net",
        f"start {SHOP}.next and wait until it is ready",
        f"make it {SHOP} by strategy rename, in place of {before}",
        "prove that nothing else answers",
        "run check dis-cou-nts (the list of discounts, http)",
        "run check hea-lth-chk (the health route, http, non_blocking)",
        "wait for their results, at most 30 s",
        "prove once more that nothing else answers",
        "decide; if the gate stays closed: rollback",
        f"record the verdict in {verdict}",
        f"write the report to {promotion.path / 'report.json'}",
    ]
    assert plan_of(promotion) == expected
    verdict.parent.mkdir(parents=True)
    verdict.write_text(json.dumps({}), "utf-8")
    after = expected.index("create the network net")
    expected.insert(after, f"withdraw an earlier verdict on this digest: {verdict}")
    assert plan_of(promotion) == expected
    assert not promotion.shop.asked
    assert verdict.read_text("utf-8") == "{}"


def test_a_plan_tells_what_runs_before_traffic(promotion: GateProject) -> None:
    promotion.pytester.makeconftest(CONFTEST.format(standing=SOMETHING))
    file = promotion.path / "storedog.toml"
    edge = (
        'strategy = "edge"\nedge_image = "r.example/haproxy:2.6"\npreview = "127.0.0.1:1"\n'
        'checks_after = ["hea-lth-chk", "dis-cou-nts"]'
    )
    text = file.read_text("utf-8").replace('strategy = "rename"', edge)
    text = text.replace('checks = ["dis-cou-nts", "hea-lth-chk"]', 'checks = ["dis-cou-nts"]')
    file.write_text(text.replace('shop"\n\n', 'shop"\nport = 8080\n\n', 1), "utf-8")
    told = plan_of(promotion)
    begin = told.index("publish 127.0.0.1:1, which is free")
    assert told[begin : begin + 9] == [
        "publish 127.0.0.1:1, which is free",
        f"start {SHOP}.edge with r.example/haproxy@{digest_of('2.6')}",
        f"start {SHOP}.next and wait until it is ready",
        "run check dis-cou-nts (the list of discounts, http) against 127.0.0.1:1, before traffic",
        f"make it {SHOP} by strategy edge, in place of "
        + digest_of("old").removeprefix("sha256:")[:12],
        "prove that nothing else answers",
        "run check dis-cou-nts (the list of discounts, http)",
        "run check hea-lth-chk (the health route, http, non_blocking)",
        "wait for their results, at most 30 s",
    ]
    # Another strategy has nowhere to let it answer.
    file.write_text(file.read_text("utf-8").replace('"edge"', '"recreate"'), "utf-8")
    result = promotion.run("--storedog-plan", "--storedog-image=new", env="production")
    assert result.ret == 4
    result.stdout.fnmatch_lines(["*strategy recreate cannot let a candidate answer there*"])


@pytest.mark.parametrize("standing", [NOTHING, SOMETHING])
def test_a_run_takes_the_steps_in_the_order_of_the_list(
    promotion: GateProject, standing: str
) -> None:
    promotion.pytester.makeconftest(CONFTEST.format(standing=standing) + RUN)
    result = promotion.run("--storedog-image=new", env="production")
    assert result.ret == 0, result.stdout.str()
    taken = list(dict.fromkeys((promotion.path / "taken").read_text("utf-8").split()))
    # The checks are read beside what finds and brings the image; nothing changes before they are.
    assert taken.index("LOCK") < taken.index("CHECKS") < taken.index("STAGE")
    others = [name for name in taken if name != "CHECKS"]
    assert others == [step.name for step in Step if step.name in others]
    assert set(taken) == {
        *("LOCK", "CHECKS", "RESOLVE", "REQUIRE", "FETCH", "STAGE", "PROMOTE"),
        *("PROVE", "TRIGGER", "DECIDE"),
    }


def test_a_run_without_a_service_under_the_gate_has_few_steps(project: GateProject) -> None:
    result = project.run("--storedog-plan")
    assert [line for line in result.outlines if re.match(r"storedog-gate: \d+\.", line)] == [
        "storedog-gate: 1. read the checks, 2 in all",
        "storedog-gate: 2. run check dis-cou-nts (the list of discounts, http)",
        "storedog-gate: 3. run check hea-lth-chk (the health route, http)",
        "storedog-gate: 4. wait for their results, at most 30 s",
        "storedog-gate: 5. decide",
        f"storedog-gate: 6. write the report to {project.path / 'report.json'}",
    ]


@pytest.mark.parametrize(("broken_by", "status"), [("TypeError", 3), ("KeyboardInterrupt", 2)])
def test_a_plan_that_breaks_off_is_not_green(
    project: GateProject, broken_by: str, status: int
) -> None:
    project.pytester.makeconftest(
        "from pytest_storedog_gate.gate import selection\n"
        f"def broken(*_): raise {broken_by}\n"
        "selection.resolve = broken\n"
    )
    assert project.run("--storedog-plan").ret == status


def test_a_check_that_is_unknown_is_found_before_the_registry_is_asked(
    promotion: GateProject,
) -> None:
    promotion.pytester.makeconftest(CONFTEST.format(standing=NOTHING))
    promotion.checks(http_check("oth-erx-one", "/", "another"))
    result = promotion.run("--storedog-plan", "--storedog-image=none", env="production")
    assert result.ret == 8
    result.stdout.fnmatch_lines(["*impossible: * does not know dis-cou-nts, hea-lth-chk*"])
