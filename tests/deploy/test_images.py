"""From a reference to an image on the engine: only ever the digest that the registry has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy import ImageReference
from pytest_storedog_gate.deploy.docker.images import fetch, resolve
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed, GateError, NoVerdict
from tests.deploy.conftest import LIVE, deploy, staging
from tests.deploy.fake_engine import FakeEngine

if TYPE_CHECKING:
    from tests.deploy.fake_machine import Machine


@pytest.fixture
def engine(machine: Machine) -> FakeEngine:
    return FakeEngine(machine)


def test_a_tag_is_resolved_without_pulling(engine: FakeEngine) -> None:
    pushed = engine.machine.push("1")
    assert resolve(engine, ImageReference("r.example/shop", "1")) == pushed
    assert resolve(engine, replace(pushed, tag=None)) == replace(pushed, tag=None)
    assert engine.machine.pulled == set()


def test_what_is_live_already_is_not_taken_for_its_tag(machine: Machine) -> None:
    """A tag was moved: what a run resolved first is what it deploys."""
    first = machine.push("1")
    machine.registry["r.example/shop:1"] = machine.push("2").digest or ""
    deploy(machine, staging(), first)
    assert machine.answer(LIVE) == "1"


@pytest.mark.parametrize(
    "unknown", [ImageReference("r.example/shop", "2"), ImageReference("r.example/other", "1")]
)
def test_an_unknown_image(engine: FakeEngine, unknown: ImageReference) -> None:
    engine.machine.push("1")
    for reference in (unknown, replace(unknown, digest="sha256:" + "0" * 64)):
        with pytest.raises(DeploymentFailed, match=r"registry r\.example does not know"):
            resolve(engine, reference)


def test_no_tag_is_not_latest(engine: FakeEngine) -> None:
    with pytest.raises(ConfigurationError, match=r"as in r\.example/shop:1\.2"):
        resolve(engine, ImageReference("r.example/shop"))


@pytest.mark.parametrize(
    ("words", "kind", "says"),
    [
        ("no basic auth credentials", NoVerdict, "docker login r.example"),
        ("dial tcp: connection refused", NoVerdict, "cannot be asked"),
        ("no space left on device", DeploymentFailed, "the engine tcp://127.0.0.1:1 refused"),
    ],
)
def test_what_the_registry_says(
    engine: FakeEngine, words: str, kind: type[GateError], says: str
) -> None:
    image = engine.machine.push("1")
    engine.machine.registry_says = words
    for ask in (resolve, fetch):
        with pytest.raises(kind, match=says):
            ask(engine, image)


@pytest.mark.parametrize(
    ("words", "kind", "says"),
    [
        ("unexpected EOF", DeploymentFailed, "the old image was not used"),
        ("filesystem layer verification failed", DeploymentFailed, "the old image was not used"),
        ("net/http: TLS handshake timeout", NoVerdict, "cannot be asked"),
    ],
)
def test_a_pull_that_breaks_off(
    machine: Machine, words: str, kind: type[GateError], says: str
) -> None:
    deploy(machine, staging(), machine.push("1"))
    machine.pull_says = words
    with pytest.raises(kind, match=says):
        deploy(machine, staging(), machine.push("2"))
    assert machine.answer(LIVE) == "1"
    assert machine.statuses() == {LIVE: "running"}


def test_a_pull_that_brings_nothing(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    image = engine.machine.push("1")
    monkeypatch.setattr(engine, "pull", lambda _image: iter([{"status": "Downloaded"}]))
    with pytest.raises(DeploymentFailed, match="the old image was not used"):
        fetch(engine, image)
