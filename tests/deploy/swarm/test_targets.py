"""Two services are the targets of one environment: a killed run leaves one version in both."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy import Build, several
from pytest_storedog_gate.deploy.docker import names as labels
from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.deploy.platforms import swarm as platform
from pytest_storedog_gate.deploy.swarm import agreeing, names
from pytest_storedog_gate.deploy.swarm.models import Service
from pytest_storedog_gate.errors import NoVerdict
from pytest_storedog_gate.pytest_side.conformance import Run, deploy
from tests.deploy.roads import next_run, road
from tests.deploy.swarm.killing import killed_after
from tests.deploy.swarm.places import OnTheFake
from tests.live.releases import free_port

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.deploy import Deployer
    from pytest_storedog_gate.deploy.environment import Environment
    from tests.deploy.swarm.fake_swarm import FakeSwarm

ROADS = [("deploy", False), ("deploy", True), ("rollback", False), ("refuse", True)]


class AtTwoTargets:
    """One environment of two services; `answer` asks that they answer the same."""

    old, new, bad = OnTheFake.old, OnTheFake.new, OnTheFake.bad

    def __init__(self, swarm: FakeSwarm, *, previews: bool) -> None:
        ports = [Address("127.0.0.1", free_port()) if previews else None for _ in range(2)]
        self.places = [OnTheFake(swarm, f"web{n}", port) for n, port in enumerate(ports)]
        self.environment = self._together(*(each.environment() for each in self.places))

    @staticmethod
    def _together(one: Environment, other: Environment) -> Environment:
        targets = {
            name: {"target": each.target, "preview": each.preview, "overrides": {}}
            for name, each in {"us": one, "eu": other}.items()
        }
        return replace(one, targets=targets)

    def reach(self, environment: Environment) -> AbstractContextManager[Deployer]:
        reach = partial(platform.connected, build=Build(), redact=str)
        return several.connected(environment, reach, lambda _line: None)

    def answer(self) -> str | None:
        found = {place.answer() for place in self.places}
        assert len(found) == 1
        return found.pop()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(("which", "previews"), ROADS)
def test_a_killed_run_leaves_one_version_in_both(
    swarm: FakeSwarm, which: str, previews: bool
) -> None:
    place = AtTwoTargets(swarm, previews=previews)
    calls, kept = 0, 0
    next_run(place, place.old, place.environment)
    while killed_after(calls + 1, road(place, which, place.environment)):
        calls += 1
        swarm.configs.clear()
        with place.reach(place.environment) as deployer, deployer.lock(wait=10) as held:
            told = held.recover()
        there = place.answer()
        assert there in {place.old.digest, place.new.digest}
        if told and "on which all targets had agreed" in told:
            kept += 1
            assert there == place.new.digest
        assert set(swarm.services) == {"web0", "web1"}
        if there == place.new.digest:
            next_run(place, place.old, place.environment)
    assert calls > 7
    # After the note at the first one, at both, and the first conclusion.
    assert kept == (3 if which == "deploy" else 0)
    if which == "refuse":
        assert all(place.new.pinned not in swarm.answered[name] for name in swarm.services)


def test_what_somebody_else_has_put_in_is_no_deployment_that_stands(place: OnTheFake) -> None:
    deploy(place, place.old)
    with Run(place, place.new).until("promote") as run:
        here = run.live.deployment.deploy_id
        service = place.swarm.services[place.name]
        assert agreeing.standing(Service.from_inspection(service)) == here
        template = service["Spec"]["TaskTemplate"]
        place.swarm.update(place.name, TaskTemplate={**template, "ForceUpdate": 1})
        assert agreeing.standing(Service.from_inspection(service)) is None


def test_what_another_image_has_taken_the_place_of_stands_no_more(place: OnTheFake) -> None:
    deploy(place, place.old)
    service = place.swarm.services[place.name]
    assert agreeing.standing(Service.from_inspection(service))
    template = service["Spec"]["TaskTemplate"]
    container = {**template["ContainerSpec"], "Image": place.new.pinned}
    place.swarm.update(place.name, TaskTemplate={**template, "ContainerSpec": container})
    assert agreeing.standing(Service.from_inspection(service)) is None


@pytest.mark.parametrize("text", ["", "[]", "nothing"])
def test_a_note_that_others_have_written_is_no_note(text: str) -> None:
    said = {"Labels": {labels.AGREED: text}}
    with pytest.raises(NoVerdict, match=r"the label storedog.gate.agreed of web cannot be read"):
        agreeing.read(Service("s", "web", 1, said))


def test_a_candidate_has_a_name_of_its_own_however_long() -> None:
    assert names.candidate("web") == "web-preview"
    one, other = (names.candidate("w" * 60 + end) for end in ("ab", "cd"))
    assert len(one) <= 63
    assert one != other
