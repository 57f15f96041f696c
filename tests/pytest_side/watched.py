"""A project whose deployer watches what it has deployed, as a test says."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING

from tests.conftest import http_check

if TYPE_CHECKING:
    import pytest

    from tests.conftest import GateProject
    from tests.datadog.fake import FakeDatadog

KEY = "c0ffee" * 5
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

[services.db]
image = "r.example/db"

[environments.staging]
gate = "shop"
services = ["db", "shop"]
checks = ["dis-cou-nts"]
overrides = {{ variables = {{ SHOP = "{shop}" }} }}
watch = {{ {watch} }}
"""
CONFTEST = """\
import os, time
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from pytest_storedog_gate.deploy import Deployment
from pytest_storedog_gate.errors import DeploymentFailed, NoVerdict

def said(what):
    with Path("said.txt").open("a") as file:
        file.write(what + "\\n")

class Everything:
    def resolve(self, reference):
        return reference
    def lock(self, *, wait=0.0):
        said("locked")
        return nullcontext(self)
    def recover(self):
        return None
    def fetch(self, image):
        self.image = image
        return self
    def stage(self):
        return self
    def promote(self):
        said("promoted")
        now = datetime.now(UTC)
        self.deployment = Deployment(
            "staging", "shop", self.image, "id", None, started=now, finished=now, downtime=0.0
        )
        return self
    def prove(self):
        pass
    def conclude(self):
        said("concluded")
    def rollback(self):
        said("rolled back")
        return "rolled back"
    def put_back(self):
        said("put back")
        return ""

def pytest_storedog_deployer():
    return nullcontext(Everything())
"""
WELL = """\
while True:
    yield {"shop": None, "db": None}
    time.sleep(0.02)
"""


def configure(project: GateProject, body: str | None = WELL, watch: str = "seconds = 0.3") -> None:
    """What `watch` of the deployer does; without a body it has none."""
    project.checks(http_check("dis-cou-nts", "/discount", "the discounts"))
    project.configuration(TOML.format(shop=project.shop.url, watch=watch))
    text = CONFTEST
    if body is not None:
        text += f"def watch(self):\n{indent(body, '    ')}\nEverything.watch = watch\n"
    (project.path / "conftest.py").write_text(text, "utf-8")


def ask(project: GateProject, datadog: FakeDatadog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the project's runs ask this Datadog, for its check too."""
    path = project.path / "storedog.toml"
    local = 'backend = "local"\ndefinitions = ["*.synthetics.json"]'
    path.write_text(path.read_text("utf-8").replace(local, 'backend = "datadog"'), "utf-8")
    monkeypatch.setenv("DD_API_KEY", KEY)
    monkeypatch.setenv("DD_APP_KEY", "b" * 40)
    monkeypatch.setenv("DD_API_HOST_OVERRIDE", datadog.url)


def said(project: GateProject) -> list[str]:
    """What the deployer was asked to do."""
    path = project.path / "said.txt"
    return path.read_text("utf-8").splitlines() if path.exists() else []
