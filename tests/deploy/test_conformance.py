"""What every deployer has to hold to, asked of the gate's own and of the one that only watches."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from itertools import repeat
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.deploy import ImageReference
from pytest_storedog_gate.deploy.docker import journal, strategies
from pytest_storedog_gate.deploy.docker.deployer import DockerDeployer, HeldEnvironment
from pytest_storedog_gate.deploy.docker.deployment import LiveDeployment
from pytest_storedog_gate.deploy.docker.engine import Engine
from pytest_storedog_gate.deploy.docker.lease import Lease
from pytest_storedog_gate.deploy.docker.strategies import rename
from pytest_storedog_gate.deploy.docker.traffic import stopping
from pytest_storedog_gate.deploy.environment import Environment
from pytest_storedog_gate.errors import DeploymentFailed
from pytest_storedog_gate.pytest_side import conformance
from pytest_storedog_gate.pytest_side.conformance import (
    AgreesWithOthers,
    Contract,
    Deploys,
    Run,
    WatchesServices,
)
from tests import documented
from tests.deploy.conftest import LIVE, reached, staging
from tests.deploy.fake_engine import FakeEngine, Killed
from tests.deploy.fake_machine import Machine, digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.deploy import Deployer
    from pytest_storedog_gate.pytest_side.conformance import Place
    from tests.conftest import Shop


def test_the_fake_is_whole() -> None:
    """Each call of `Engine` is one that it answers; what only puts such calls together stays."""
    calls = {name for name, value in vars(Engine).items() if callable(value)} - {"get", "keep_up"}
    assert {name for name in calls if not name.startswith("_")} <= vars(FakeEngine).keys()


class OnTheFake:
    """An environment on a fake engine."""

    def __init__(self, environment: Environment) -> None:
        self.machine = Machine()
        self.old, self.new = self.machine.push("1"), self.machine.push("2")
        self.bad = self.machine.push("bad", "exits")
        self._environment = environment

    def reach(self) -> AbstractContextManager[Deployer]:
        return reached(self.machine, self._environment)

    def answer(self) -> str | None:
        release = self.machine.answer(LIVE)
        return release and digest_of(release)

    def take_away(self) -> None:
        if (box := self.machine.box(LIVE)) is not None:
            self.machine.remove(box)


class TestDocker(Contract, WatchesServices, AgreesWithOthers):
    @pytest.fixture(params=strategies.names())
    def place(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> OnTheFake:
        monkeypatch.setattr(stopping, "_LONGEST_DRAIN", 0.0)
        return OnTheFake(staging(request.param))

    def kill(self, place: Place, image: ImageReference, after: str) -> None:
        """The fake's state is in this process, so that it ends the run in its own way."""
        assert isinstance(place, OnTheFake)
        engines: list[FakeEngine] = []
        place.machine.between = engines.append
        with suppress(Killed), Run(place, image).until(after):
            place.machine.between = lambda _engine: None
            engines[-1].die()


class Watched:
    """What the page's first example watches: each run makes another tool deploy, once."""

    old, new, bad = (
        ImageReference("r.example/shop", tag, digest_of(tag)) for tag in ("1", "2", "bad")
    )

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._page = documented.module("what another tool deploys", PATIENCE=0)
        self._environment = Environment(
            "staging", gate="shop", overrides={"variables": {"SHOP": shop.url}}
        )
        self._digest: str | None = None

    @contextmanager
    def reach(self) -> Iterator[Deployer]:
        with self._page.pytest_storedog_deployer(self._environment, str) as watcher:

            def deploy(_path: str) -> None:
                self._shop.before_answer = lambda _path: None
                if watcher.image.digest != self.bad.digest:
                    self._tell(watcher.image.digest)

            self._shop.before_answer = deploy
            yield watcher

    def answer(self) -> str | None:
        return self._digest

    def take_away(self) -> None:
        self._tell(self.old.digest)

    def _tell(self, digest: str | None) -> None:
        self._digest = digest
        self._shop.answers["/version"] = (200, json.dumps({"digest": digest}))


class TestWatcher(Deploys, WatchesServices):
    """It changes nothing, so that it has nothing to put back, and nothing to lock."""

    @pytest.fixture
    def place(self, shop: Shop) -> Watched:
        return Watched(shop)


SABOTAGE: dict[str, tuple[object, str, Callable[..., object]]] = {
    "test_what_is_gone_is_not_proved": (LiveDeployment, "prove", lambda _: None),
    "test_what_is_asked_for_gets_the_traffic": (rename, "swap", lambda *_: 0.0),
    "test_a_concluded_deployment_needs_no_mending": (journal, "conclude", lambda *_: None),
    "test_rollback": (LiveDeployment, "rollback", lambda _: "put back"),
    "test_rollback_of_the_first_deployment": (LiveDeployment, "rollback", lambda _: "put back"),
    "test_put_back_after_each_step": (HeldEnvironment, "put_back", lambda _: "put back"),
    "test_broken_off_after_each_step": (HeldEnvironment, "recover", lambda _: None),
    "test_killed_after_each_step": (HeldEnvironment, "recover", lambda _: None),
    "test_killed_in_the_first_deployment": (HeldEnvironment, "recover", lambda _: None),
    "test_what_is_taken_away_is_seen": (DockerDeployer, "watch", lambda _: repeat({"shop": None})),
    "test_what_was_agreed_on_can_be_kept_by_the_next_run": (
        HeldEnvironment,
        "keep",
        lambda _: "kept",
    ),
    "test_one_run_at_a_time": (Lease, "acquire", lambda *_: None),
}


@pytest.mark.parametrize("test", SABOTAGE)
def test_a_promise_that_is_not_kept_is_found(test: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "_LONGEST_DRAIN", 0.0)
    steps = ["promote"] if test.endswith("each_step") else []
    broken: Any = getattr(TestDocker(), test)
    broken(OnTheFake(staging()), *steps)
    monkeypatch.setattr(*SABOTAGE[test])
    monkeypatch.setattr(conformance, "_SOON", 0.1)
    with pytest.raises((AssertionError, pytest.fail.Exception, DeploymentFailed)):
        broken(OnTheFake(staging()), *steps)
