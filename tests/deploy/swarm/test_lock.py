"""The lock of a service, where the managers fall silent or somebody was faster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.deploy import Build, ImageReference
from pytest_storedog_gate.deploy.environment import Environment
from pytest_storedog_gate.deploy.swarm.deployer import SwarmDeployer
from pytest_storedog_gate.deploy.swarm.lease import Lease
from pytest_storedog_gate.deploy.swarm.manager import Note
from pytest_storedog_gate.deploy.swarm.models import Service
from pytest_storedog_gate.deploy.swarm.target import Target
from pytest_storedog_gate.errors import ConfigurationError, NoVerdict, RollbackFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = "2026-11-30T12:00:00Z"
BUILD = Build()
OTHERS = {"storedog.gate.env": "qa"}


class Managers:
    """They keep one note and one service, until they lose their quorum."""

    def __init__(self) -> None:
        self.note: Note | None = None
        self.silent = False
        self.labels: Mapping[str, str] = {}
        self.taken: Mapping[str, str] = {}

    def find_note(self, _name: str) -> Note | None:
        if self.silent:
            raise NoVerdict("the Swarm does not have a leader")
        return self.note

    def create_note(self, _name: str, labels: Mapping[str, str]) -> str:
        self.note, self.labels = Note("n", 1, labels, NOW, NOW), self.taken
        return self.note.id

    def remove_note(self, _note: str) -> None:
        self.note = None

    def find_service(self, name: str) -> Service:
        return Service("s", name, 1, {"Name": name, "Labels": self.labels})

    def another(self) -> Managers:
        return self

    def close(self) -> None:
        pass


def _deployer(managers: Any, build: Build = BUILD) -> SwarmDeployer:
    where = Environment(name="staging", gate="shop", services=(), target=Target("shop"))
    lease = Lease(managers, where, "shop", build)
    return SwarmDeployer(where, where.target, managers, lease, build, list[str]().append)


def test_a_lock_that_cannot_be_given_back_says_nothing_of_the_deployment() -> None:
    managers = Managers()
    with _deployer(managers).lock():
        managers.silent = True
    assert managers.note is not None


def test_a_lock_that_cannot_be_given_back_hides_no_error() -> None:
    managers = Managers()

    def fail() -> None:
        with _deployer(managers).lock():
            managers.silent = True
            raise RollbackFailed("a person is needed")

    with pytest.raises(RollbackFailed, match="a person"):
        fail()


def test_the_run_that_was_waited_for_may_have_taken_the_service() -> None:
    managers = Managers()
    managers.taken = OTHERS
    with (
        pytest.raises(ConfigurationError, match="is of environment qa"),
        _deployer(managers).lock(),
    ):
        pass
    assert managers.note is None


@pytest.mark.parametrize("lost", ["storedog.gate.deploy-id", "storedog.gate.digest", None])
def test_what_has_lost_a_label_is_deployed_anew(lost: str | None) -> None:
    """It cannot be told which deployment it was."""
    digest = f"sha256:{'1' * 64}"
    said = {"deploy-id": "c0ffee", "digest": digest, "commit": ""}
    labels = {f"storedog.gate.{key}": text for key, text in said.items()}
    labels.pop(lost or "", None)
    image = ImageReference("shop", None, digest)
    template = {"ContainerSpec": {"Image": image.pinned}}
    service = Service("s", "shop", 1, {"Labels": labels, "TaskTemplate": template})
    deployer = _deployer(Managers(), Build(redeploy=False))
    assert deployer.leaves_alone(service, image) is (lost is None)
