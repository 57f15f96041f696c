"""What a deployment does to a service of a real Swarm, and leaves alone."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.deploy import Build, Entry, Remembers, TellsHistory
from pytest_storedog_gate.deploy.history import LET_THROUGH
from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress
from pytest_storedog_gate.deploy.swarm.names import JOURNAL
from pytest_storedog_gate.errors import (
    ConfigurationError,
    DeploymentFailed,
    NoVerdict,
    RollbackFailed,
)
from pytest_storedog_gate.pytest_side.conformance import Run, deploy
from tests.live.places import Journey
from tests.live.releases import free_port
from tests.swarm.places import LISTENS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.live.images.factory import ImageFactory
    from tests.swarm.places import Place

pytestmark = pytest.mark.swarm
SICK = "HEALTHCHECK --interval=1s --retries=1 CMD false"


def test_all_that_the_stack_has_said_is_kept(place: Place) -> None:
    """While it is open the update is the gate's; a deployment that is concluded changes the image.

    One that is refused changes nothing.
    """
    said = place.inspect()["Spec"]
    with Run(place, place.old).until("promote") as run:
        during = place.inspect()["Spec"]
        assert during["UpdateConfig"] == {
            **said["UpdateConfig"],
            "Order": "start-first",
            "FailureAction": "pause",
            "MaxFailureRatio": 0,
        }
        run.live.conclude()
    after = place.inspect()["Spec"]
    assert _without_ours(after) == _without_ours(said)
    assert after["TaskTemplate"]["ContainerSpec"]["Image"] == place.old.pinned
    assert after["Labels"]["storedog.gate.digest"] == place.old.digest
    with Run(place, place.new).until("promote") as run:
        place.change(Mode={"Replicated": {"Replicas": 2}})
        run.live.prove()
        done = run.live.rollback()
    assert done.startswith(f"{place.service} runs {place.old.repository}@")
    assert place.inspect()["Spec"] == {**after, "Mode": {"Replicated": {"Replicas": 2}}}


def test_a_port_of_the_nodes_is_freed_first_and_the_gap_is_told(place: Place) -> None:
    port = {"TargetPort": 8080, "PublishedPort": free_port(), "PublishMode": "host"}
    place.change(EndpointSpec={"Mode": "dnsrr", "Ports": [port]})
    with (
        pytest.raises(NoVerdict, match="being updated by somebody else"),
        Run(place, place.old) as run,
    ):
        run.until("stage")
    place.settle()
    with Run(place, place.old).until("promote") as run:
        assert place.inspect()["Spec"]["UpdateConfig"]["Order"] == "stop-first"
        assert run.live.deployment.downtime > 0
        run.live.conclude()
    assert any(
        f"now runs {place.old.brief}; unavailable for {run.live.deployment.downtime:.2f} s" in line
        for line in place.said
    )


def test_a_bad_release_is_stopped_and_says_why(place: Place, images: ImageFactory) -> None:
    deploy(place, place.old)
    sick = place.named(images("4", more=SICK), images)
    for image, sentence in {
        place.bad: r"is not ready: the task \w+ on [\w-]+ has ended with exit code 3; it wrote ",
        sick: r"is not ready: the task \w+ on [\w-]+: its HEALTHCHECK says unhealthy; it wrote",
    }.items():
        with pytest.raises(DeploymentFailed, match=sentence) as raised, Run(place, image) as run:
            run.until("promote")
        assert "cannot start with password None" in str(raised.value) or image is sick
        assert f"What was done: {place.service} runs {place.old.repository}@" in str(raised.value)
        assert place.answer() == place.old.digest


def test_somebody_elses_update_is_not_overwritten(place: Place, images: ImageFactory) -> None:
    """Neither by the run that was at work, nor by the next one."""
    deploy(place, place.old)
    config = place.inspect()["Spec"]["UpdateConfig"]
    theirs = place.named(images("5", more=LISTENS), images)
    with Run(place, place.new).until("promote") as run:
        place.set_image(theirs)
        with pytest.raises(NoVerdict, match="somebody else has updated"):
            run.live.prove()
        with pytest.raises(NoVerdict, match="somebody else has updated"):
            run.live.conclude()
        assert run.live.rollback().endswith("it stays")
    with Run(place, place.new).until("lock") as run:
        assert run.mended is None
    assert place.inspect()["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"] == theirs.pinned
    place.settle()
    deploy(place, place.new)
    after = place.inspect()["Spec"]
    assert after["UpdateConfig"] == config
    assert JOURNAL not in after["Labels"]


def test_what_the_swarm_has_paused_while_it_was_put_back_goes_on(
    place: Place, tmp_path: Path
) -> None:
    """The next run puts it back, once what kept it from that is mended."""
    needed = tmp_path / "needed"
    needed.mkdir()
    template = place.inspect()["Spec"]["TaskTemplate"]
    mount = {"Type": "bind", "Source": str(needed), "Target": "/needed", "ReadOnly": True}
    template["ContainerSpec"] |= {"Mounts": [mount], "Image": place.old.pinned}
    place.change(TaskTemplate=template)
    place.settle()
    with Run(place, place.new).until("promote") as run:
        needed.rmdir()
        with pytest.raises(RollbackFailed, match=r"cannot start .*bind source path does not exist"):
            run.live.rollback()
        place.wait_for("paused")
    needed.mkdir()
    with Run(place, place.new).until("lock") as run:
        assert run.mended is not None
        assert run.mended.startswith(f"{place.service} runs {place.old.repository}@")
    assert place.answer() == place.old.digest


@pytest.mark.long
def test_who_rolls_back_by_hand_opens_nothing_again(place: Place) -> None:
    """The Swarm brings back what the gate had noted, too, of a deployment that has ended."""
    deploy(place, place.old)
    before = place.inspect()["Spec"]
    place.roll_back()
    place.wait_for("rollback_completed")
    assert JOURNAL in place.inspect()["Spec"]["Labels"]
    with Run(place, place.old).until("lock") as run:
        assert run.mended is None
    assert place.inspect()["Spec"]["TaskTemplate"] == before["TaskTemplate"]
    deploy(place, place.new)
    assert place.inspect()["Spec"]["UpdateConfig"] == before["UpdateConfig"]


def test_what_is_live_already_is_left_alone(place: Place) -> None:
    deploy(place, place.old)
    before = place.inspect()["Version"]
    again = Build(redeploy=False)
    journey = Journey(place.environment(), place.said, again)
    journey.lock(place.old).recover()
    live = journey.deploy()
    live.prove()
    live.conclude()
    assert live.rollback().endswith("was left alone")
    journey.close()
    assert place.inspect()["Version"] == before


def test_a_person_can_go_back_to_what_was_let_through(place: Place) -> None:
    for image in (place.old, place.new):
        with Run(place, image).until("conclude") as run:
            assert isinstance(run.held, Remembers)
            deploy_id = run.live.deployment.deploy_id
            run.held.remember(Entry(image, datetime.now(UTC), LET_THROUGH, deploy_id))
    with place.reach() as deployer:
        assert isinstance(deployer, TellsHistory)
        history = deployer.history()
        assert [entry.image.digest for entry in history.entries] == [
            place.new.digest,
            place.old.digest,
        ]
        assert history.live == history.entries[0]
        assert history.running
        assert not history.unfinished
        with deployer.lock() as held:
            assert isinstance(held, Remembers)
            held.go_back(history.before_live()).stage().promote().conclude()
    assert place.answer() == place.old.digest


def test_what_cannot_be_updated_is_refused_before(place: Place) -> None:
    """A worker, a service that is not there, another environment's, and one without tasks."""
    worker = EngineAddress(place.door.swarm.endpoint(2))
    for environment, sentence in (
        (place.environment(service="nobody_here"), "has no service nobody_here: deploy its stack"),
        (place.environment(), "is of environment qa, and not of"),
        (replace(place.environment(), engine=worker), "manages no Swarm .it is active there"),
    ):
        place.change(Labels={"storedog.gate.env": "qa"})
        with pytest.raises(ConfigurationError, match=sentence):
            Journey(environment, [], Build()).lock(place.old)
    place.change(Labels={}, Mode={"Replicated": {"Replicas": 0}})
    with (
        pytest.raises(ConfigurationError, match="is to have no task"),
        Run(place, place.old) as run,
    ):
        run.until("stage")


def _without_ours(spec: dict[str, Any]) -> dict[str, Any]:
    bare = copy.deepcopy(spec)
    ours = ("storedog.gate.", "com.datadoghq.tags.")
    container = bare["TaskTemplate"]["ContainerSpec"]
    container["Image"] = ""
    for said in (bare, container):
        labels: dict[str, str] = said.get("Labels") or {}
        said["Labels"] = {k: v for k, v in labels.items() if not k.startswith(ours)}
    return bare
