"""Where there is a preview, the candidate is promoted only when its checks have passed there."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Shop, http_check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import GateProject

DIGEST = f"sha256:{'a' * 64}"
IMAGE = f"--storedog-image={DIGEST}"
TOML = """\
[synthetics]
backend = "local"
definitions = ["*.synthetics.json"]
batch_timeout = 30

[services.shop]
image = "r.example/shop"
port = 8080

[environments.staging]
gate = "shop"
services = ["shop"]
strategy = "edge"
edge_image = "r.example/haproxy:2.6"
publish = {{ shop = "{live}" }}
preview = "{preview}"
checks = ["dis-cou-nts"{both}]
checks_after = ["hea-lth-chk"]
overrides = {{ variables = {{ SHOP = "http://{live}" }} }}
"""
CONFTEST = """\
import os
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from pytest_storedog_gate.deploy import Deployment

def said(what):
    with Path("said.txt").open("a") as file:
        file.write(what + "\\n")

class Everything:
    def __init__(self, environment):
        self.environment = environment
        self.address = {address}
    def resolve(self, reference):
        return reference
    def lock(self, *, wait=0.0):
        return nullcontext(self)
    def recover(self):
        return None
    def fetch(self, image):
        self.image = image
        return self
    def stage(self):
        said("staged")
        Path("pid").write_text(str(os.getpid()))
        return self
    def promote(self):
        said("promoted")
        now = datetime.now(UTC)
        self.deployment = Deployment(
            "staging", "shop", self.image, "id", None, started=now, finished=now, downtime=0.0
        )
        return self
    def prove(self):
        said("proved")
    def conclude(self):
        said("concluded")
    def rollback(self):
        said("rolled back")
        return "rolled back"
    def put_back(self):
        said("put back")
        return ""

def pytest_storedog_deployer(environment):
    return nullcontext(Everything(environment))

def pytest_storedog_before_traffic(address):
    said(f"own proof at {{address}}")
"""
SECOND = """
import signal, sys

def pytest_keyboard_interrupt():
    def between(frame, event, _):
        if frame.f_code.co_name == "_multicall" and event == "c_call":
            code = getattr(frame.f_locals.get("teardown"), "gi_code", None)
            if code and code.co_filename.endswith("exit_guard.py"):
                os.kill(os.getpid(), signal.SIGINT)
    sys.setprofile(between)
"""


@pytest.fixture
def preview() -> Iterator[Shop]:
    """The candidate, where it answers before it has traffic."""
    server = Shop()
    server.answers = {"/discount": (200, "[]"), "/health": (200, "{}")}
    yield server
    server.close()


def configure(project: GateProject, preview: Shop, *, both: bool = False) -> None:
    live, staged = (shop.url.removeprefix("http://") for shop in (project.shop, preview))
    more = ', "hea-lth-chk"' if both else ""
    # One knows the address by the environment's override, the other one by the gate's variable.
    text = json.dumps(http_check("hea-lth-chk", "/health", "the health route"))
    text = text.replace("{{ SHOP }}", "http://{{ STOREDOG_ADDRESS }}")
    by_variable = json.loads(text.replace('"SHOP"', '"STOREDOG_ADDRESS"'))
    project.checks(http_check("dis-cou-nts", "/discount", "the discounts"), by_variable)
    project.configuration(TOML.format(live=live, preview=staged, both=more))
    (project.path / "conftest.py").write_text(CONFTEST.format(address="str(environment.preview)"))


def said(project: GateProject) -> list[str]:
    return (project.path / "said.txt").read_text("utf-8").splitlines()


@pytest.mark.parametrize("both", [False, True])
def test_it_is_promoted_when_they_have_passed(
    by_turns: GateProject, preview: Shop, *, both: bool
) -> None:
    """A check that runs twice is one item, and both its results count."""
    configure(by_turns, preview, both=both)
    result = by_turns.run(IMAGE)
    assert result.ret == 0, result.stdout.str()
    where = preview.url.removeprefix("http://")
    proofs = ["staged", "proved", "proved", f"own proof at {where}", "promoted", "proved"]
    assert said(by_turns) == [*proofs, "proved", "concluded"]
    assert dict(preview.asked) == {"/discount": 1, **({"/health": 1} if both else {})}
    assert dict(by_turns.shop.asked) == {"/health": 1}
    checks = {name for name in by_turns.junit() if name.startswith("test_check[")}
    assert {f"test_check[staging-{p}]" for p in ("dis-cou-nts", "hea-lth-chk")} <= checks
    assert len(checks) == (4 if both else 2)


def test_a_candidate_that_is_refused_never_has_traffic(
    both_ways: GateProject, preview: Shop
) -> None:
    configure(both_ways, preview)
    preview.answers["/discount"] = (500, "[]")
    result = both_ways.run(IMAGE)
    assert result.ret == 1, result.stdout.str()
    assert not both_ways.shop.asked
    result.stdout.fnmatch_lines(["*the candidate was given no traffic: dis-cou-nts: *"])
    assert said(both_ways) == ["staged", "proved", "proved", "put back"]
    cases = both_ways.junit()
    assert cases["test_check[staging-dis-cou-nts]"] == "failure"
    assert cases["deployment[staging]"] == "failure"
    assert cases["test_check[staging-hea-lth-chk]"] != "passed"


def test_a_run_that_is_interrupted_while_it_waits_promotes_nothing(
    both_ways: GateProject, preview: Shop
) -> None:
    configure(both_ways, preview)

    def interrupt(_path: str) -> None:
        os.kill(int((both_ways.path / "pid").read_text()), signal.SIGINT)
        time.sleep(1)  # the answer comes too late

    preview.before_answer = interrupt
    result = both_ways.run(IMAGE)
    assert result.ret == 2, result.stdout.str()
    assert said(both_ways) == ["staged", "proved", "put back"]
    assert not both_ways.shop.asked


def test_a_second_ctrl_c_breaks_no_end_off(project: GateProject, preview: Shop) -> None:
    """It comes at the worst of moments: when pluggy is about to go on with the gate's own guard."""
    configure(project, preview)
    with (project.path / "conftest.py").open("a") as file:
        file.write(SECOND)

    def interrupt(_path: str) -> None:
        os.kill(int((project.path / "pid").read_text()), signal.SIGINT)
        time.sleep(1)  # the answer comes too late

    preview.before_answer = interrupt
    result = project.run(IMAGE)
    assert result.ret == 2, result.stdout.str()
    assert said(project) == ["staged", "proved", "put back"]
    result.stderr.fnmatch_lines(["*leaving the environment in order first, which no further*"])


def test_what_fails_on_the_live_address_is_rolled_back(
    both_ways: GateProject, preview: Shop
) -> None:
    configure(both_ways, preview, both=True)
    both_ways.shop.answers["/health"] = (500, "{}")
    result = both_ways.run(IMAGE)
    assert result.ret == 1, result.stdout.str()
    assert said(both_ways)[-2:] == ["proved", "rolled back"]
    assert dict(preview.asked) == {"/discount": 1, "/health": 1}


def test_a_deployer_without_a_preview_promotes_nothing(project: GateProject, preview: Shop) -> None:
    configure(project, preview)
    (project.path / "conftest.py").write_text(CONFTEST.format(address="None"))
    result = project.run(IMAGE)
    assert result.ret == 8
    result.stdout.fnmatch_lines(["*does not let the candidate answer there: nothing can be*"])
    assert said(project) == ["staged", "put back"]


def test_a_run_that_only_checks_runs_all_on_the_live_address(
    project: GateProject, preview: Shop
) -> None:
    configure(project, preview)
    project.checks(
        http_check("dis-cou-nts", "/discount", "the discounts"),
        http_check("hea-lth-chk", "/health", "the health route"),
    )
    assert project.run("--storedog-deploy=never").ret == 0
    assert dict(project.shop.asked) == {"/discount": 1, "/health": 1}
    assert not preview.asked
