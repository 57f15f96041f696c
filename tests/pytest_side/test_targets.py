"""A run at two targets: each check proves both of them, and the verdict tells of both."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

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
lock_image = "r.example/tools:1"
checks = ["dis-cou-nts"]
checks_after = ["hea-lth-chk"]
"""
TARGET = """
[environments.staging.targets.{name}]
engine = "tcp://127.0.0.1:{port}"
publish = {{ shop = "{live}" }}
preview = "{preview}"
overrides = {{ variables = {{ SHOP = "http://{live}" }} }}
"""
CONFTEST = """\
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from pytest_storedog_gate.deploy import Deployment

class Everything:
    def __init__(self, environment, progress):
        self.environment, self.progress = environment, progress
        self.name = {"1": "us", "2": "eu"}[environment.engine.text[-1]]
        self.address = str(environment.preview)
    def said(self, what):
        with Path("said.txt").open("a") as file:
            file.write(f"{self.name} {what}\\n")
        self.progress(what)
    def resolve(self, reference):
        return reference
    def lock(self, *, wait=0.0):
        return nullcontext(self)
    def recover(self):
        return None
    def standing(self):
        return "before"
    def agreed(self):
        return {}
    def agree(self, deploy_ids):
        self.said(f"agreed on {deploy_ids}")
    def keep(self):
        return None
    def fetch(self, image):
        self.image = image
        return self
    def stage(self):
        self.said("staged")
        return self
    def promote(self):
        self.said("promoted")
        now = datetime.now(UTC)
        self.deployment = Deployment(
            "staging", "shop", self.image, f"d-{self.name}", None, now, now, downtime=0.0
        )
        return self
    def prove(self):
        pass
    def conclude(self):
        self.said("concluded")
    def rollback(self):
        self.said("rolled back")
        return "rolled back"
    def put_back(self):
        self.said("put back")
        return "put back"

def pytest_storedog_deployer(environment, progress):
    return nullcontext(Everything(environment, progress))

def pytest_storedog_before_traffic(environment, address):
    assert address == str(environment.preview)
    with Path("said.txt").open("a") as file:
        file.write(f"own proof at {address}\\n")
"""


class Fleet(NamedTuple):
    """The shops of two targets, each with its candidate."""

    project: GateProject
    live: tuple[Shop, Shop]
    previews: tuple[Shop, Shop]

    def said(self) -> list[str]:
        return (self.project.path / "said.txt").read_text("utf-8").splitlines()


@pytest.fixture
def fleet(any_mode: GateProject) -> Iterator[Fleet]:
    shops = [any_mode.shop, *(Shop() for _ in range(3))]
    for shop in shops:
        shop.answers = {"/discount": (200, "[]"), "/health": (200, "{}")}
    us, eu, *previews = shops
    made = Fleet(any_mode, (us, eu), (previews[0], previews[1]))
    text = TOML
    pairs = zip(("us", "eu"), made.live, made.previews, strict=True)
    for number, (name, *pair) in enumerate(pairs, 1):
        live, preview = (shop.url.removeprefix("http://") for shop in pair)
        text += TARGET.format(name=name, port=number, live=live, preview=preview)
    health = json.dumps(http_check("hea-lth-chk", "/health", "the health route"))
    health = health.replace("{{ SHOP }}", "http://{{ STOREDOG_ADDRESS }}")
    any_mode.checks(
        http_check("dis-cou-nts", "/discount", "the discounts"),
        json.loads(health.replace('"SHOP"', '"STOREDOG_ADDRESS"')),
    )
    any_mode.configuration(text)
    (any_mode.path / "conftest.py").write_text(CONFTEST)
    yield made
    for shop in (eu, *previews):
        shop.close()


def test_each_check_passes_at_each_target(fleet: Fleet) -> None:
    result = fleet.project.run(IMAGE, "--storedog-report=report.json")
    assert result.ret == 0, result.stdout.str()
    for preview, live in zip(fleet.previews, fleet.live, strict=True):
        assert dict(preview.asked) == {"/discount": 1}
        assert dict(live.asked) == {"/health": 1}
    note = "{'us': 'd-us', 'eu': 'd-eu'}"
    own = [f"own proof at {shop.url.removeprefix('http://')}" for shop in fleet.previews]
    assert fleet.said() == [
        *("us staged", "eu staged", *own, "us promoted", "eu promoted"),
        *(f"us agreed on {note}", f"eu agreed on {note}", "us concluded", "eu concluded"),
    ]
    result.stdout.fnmatch_lines(
        ["*storedog-gate: us: promoted", "*eu: promoted", f"*deployed at us, eu: *{DIGEST}"]
    )
    report = json.loads((fleet.project.path / "report.json").read_text("utf-8"))
    assert {name: each["digest"] for name, each in report["targets"].items()} == {
        "us": DIGEST,
        "eu": DIGEST,
    }
    assert {"target us", "target eu"} <= {*report["requirements"]}
    places = {r["location"] for check in report["checks"] for r in check["results"]}
    assert places == {f"Local (aws:eu-central-1) ({name})" for name in ("us", "eu")}
    junit = (fleet.project.path / "junit.xml").read_text("utf-8")
    assert f'name="target[eu]" value="{DIGEST}"' in junit


def test_a_candidate_that_is_refused_at_one_has_traffic_at_none(fleet: Fleet) -> None:
    fleet.previews[1].answers["/discount"] = (500, "[]")
    result = fleet.project.run(IMAGE)
    assert result.ret == 1, result.stdout.str()
    assert fleet.said() == ["us staged", "eu staged", "eu put back", "us put back"]
    assert not any(shop.asked for shop in fleet.live)
    result.stdout.fnmatch_lines(["*the candidate was given no traffic: dis-cou-nts*"])


def test_what_fails_at_one_is_rolled_back_at_both(fleet: Fleet) -> None:
    fleet.live[1].answers["/health"] = (500, "{}")
    result = fleet.project.run(IMAGE)
    assert result.ret == 1, result.stdout.str()
    assert fleet.said()[-2:] == ["eu rolled back", "us rolled back"]
    result.stdout.fnmatch_lines(["*eu: rolled back; us: rolled back*"])


def test_a_run_that_only_checks_asks_both(fleet: Fleet) -> None:
    """With the same address as a run that deploys; and so does a check that a test triggers."""
    (fleet.project.path / "test_own.py").write_text(
        "def test_own(storedog_trigger):\n"
        "    results = storedog_trigger('hea-lth-chk').results\n"
        "    assert [r.location[-4:] for r in results] == ['(us)', '(eu)']\n"
    )
    result = fleet.project.run("--storedog-deploy=never")
    assert result.ret == 0, result.stdout.str()
    for live in fleet.live:
        assert dict(live.asked) == {"/discount": 1, "/health": 2}


def test_checks_that_are_told_the_same_by_values_from_outside_are_refused(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is touched; an address of its own says nothing where both are published so.

    A preview that differs proves nothing of what is live.
    """
    monkeypatch.setenv("SHOP_US", "http://shop.example")
    monkeypatch.setenv("SHOP_EU", "http://shop.example")
    text = TOML
    for number, (name, shop) in enumerate(zip(("us", "eu"), fleet.previews, strict=True), 1):
        preview = shop.url.removeprefix("http://")
        text += TARGET.format(name=name, port=number, live="10.0.0.1:80", preview=preview)
        text = text.replace('SHOP = "http://10.0.0.1:80"', f'SHOP = "${{SHOP_{name.upper()}}}"')
    fleet.project.configuration(text)
    result = fleet.project.run(IMAGE)
    assert result.ret == 4, result.stdout.str()
    result.stdout.fnmatch_lines(["*hea-lth-chk is told the same at eu as at us, so that nothing*"])
    assert fleet.said() == ["eu put back", "us put back"]


def test_the_plan_tells_of_both(fleet: Fleet) -> None:
    (fleet.project.path / "conftest.py").write_text(
        CONFTEST + "\nEverything.foresee = lambda self, image: Foreseen(image)\n"
        "class Foreseen:\n    def __init__(self, image):\n        self.image = image\n"
        "    def lock(self):\n        return []\n    resolve = fetch = stage = lock\n"
        "    def promote(self):\n        return ['promote it']\n"
    )
    result = fleet.project.run(IMAGE, "--storedog-plan")
    assert result.ret == 0, result.stdout.str()
    previews = [shop.url.removeprefix("http://") for shop in fleet.previews]
    result.stdout.fnmatch_lines(
        [
            f"*us: run check dis-cou-nts (*) against {previews[0]}, before traffic",
            f"*eu: run check dis-cou-nts (*) against {previews[1]}, before traffic",
            "*us: promote it",
            "*eu: promote it",
            "*us: run check hea-lth-chk (*)",
            "*eu: run check hea-lth-chk (*)",
        ]
    )
