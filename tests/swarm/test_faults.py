"""What goes wrong around a run on a real Swarm: SIGKILLs, a lost node, and what users see of it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from lab.scripts.machine.swarm.engines import Swarm
from lab.scripts.machine.swarm.networks import Network
from pytest_storedog_gate.deploy.swarm import lease
from pytest_storedog_gate.deploy.swarm.names import JOURNAL
from pytest_storedog_gate.errors import DeploymentFailed
from pytest_storedog_gate.pytest_side.conformance import Run, deploy
from tests.live.runs_apart import FORKS, RunApart
from tests.swarm.places import SOON, Door, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.live.images.factory import ImageFactory
    from tests.live.runs_apart import Task

pytestmark = [pytest.mark.swarm, pytest.mark.long, FORKS]
TASKS: tuple[Task, ...] = ("deploy", "roll back", "recover")
CELLS = [*((task, previews) for task in TASKS for previews in (False, True)), ("refuse", True)]
PATIENCE = 5.0  # s
REQUESTS = 10_000
CLIENTS = 8
RELEASES = 2


@pytest.fixture(autouse=True)
def _locks_that_are_left_are_taken_over_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests have the machine alone: on a busy one a disk may keep a manager that long."""
    monkeypatch.setattr(lease, "EXPIRES", PATIENCE)


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Tells a person who looks on."""

    def tell(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{line}\n")

    return tell


@pytest.mark.parametrize(
    ("task", "place"),
    CELLS,
    indirect=["place"],
    ids=[f"{task}{', with a preview' * previews}" for task, previews in CELLS],
)
def test_a_run_is_killed(place: Place, task: Task, told: Callable[[str], None]) -> None:
    """After each call that changes something: the next run mends what was left."""
    environment, old, new = place.environment(), str(place.old), str(place.new)
    deploy(place, place.old)
    said = place.inspect()["Spec"]
    answers = []
    for calls in range(1, 20):
        with RunApart(environment, old) as run:
            killed = run.dies(calls, task, new)
        left = place.answer()
        assert left in {place.old.digest, *([] if task == "refuse" else [place.new.digest])}
        with RunApart(environment, old):
            assert place.candidates == []
            answers.append(place.answer())
            mended = place.inspect()["Spec"]
        assert JOURNAL not in mended["Labels"]
        assert mended["UpdateConfig"] == said["UpdateConfig"]
        if answers[-1] == place.old.digest:
            assert mended["TaskTemplate"] == said["TaskTemplate"]
        else:
            with Run(place, place.old, wait=SOON).until("conclude"):
                pass
            said = place.inspect()["Spec"]
        if not killed:
            break
    before = " with a preview" if place.preview else ""
    told(f"swarm, {task}{before}: a run killed in {len(answers) - 1} cells")
    # The old version until the deployment was concluded, the new one from then on.
    rose = [place.old.digest, place.new.digest].index
    assert answers == sorted(answers, key=rose)
    assert set(answers) == (
        {place.old.digest, place.new.digest} if task == "deploy" else {place.old.digest}
    )


@pytest.fixture
def own(images: ImageFactory) -> Iterator[Swarm]:
    """A Swarm whose engines may be killed."""
    made = Swarm(Network("storedog-lost", "10.213.8", 3))
    made.ensure()
    yield made
    made.remove()


@pytest.mark.filterwarnings(r"ignore:subprocess \d+ is still running:ResourceWarning")
def test_a_node_is_lost_while_its_service_is_updated(own: Swarm, images: ImageFactory) -> None:
    """Nobody can say what answers there: closed, and the version before is back on the others."""
    door = Door(own, images)
    place = Place(door, images, replicas=3)
    deploy(place, place.old)
    lost = next(n for n in own.engines if n != 1)
    nodes = {n.attrs["ID"]: n.attrs["Description"]["Hostname"] for n in door.client.nodes.list()}
    assert own.node(lost) in {nodes[each["NodeID"]] for each in door.tasks(place.service)}

    def lose() -> None:
        while JOURNAL not in place.inspect()["Spec"].get("Labels", {}):
            time.sleep(0.05)
        os.kill(own.pid(lost), signal.SIGKILL)

    killer = threading.Thread(target=lose)
    killer.start()
    sentence = f"the node {own.node(lost)} does not answer the Swarm"
    with pytest.raises(DeploymentFailed, match=sentence), Run(place, place.new) as run:
        run.until("promote")
    killer.join()
    assert place.answer() == place.old.digest
    own.start(lost)
    deadline = time.monotonic() + SOON
    while len(own.ready(door.client)) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    deploy(place, place.new)


def test_what_users_see_of_releases_that_come_and_go(
    place: Place, door: Door, told: Callable[[str], None]
) -> None:
    """Under load by name; the checks come after the traffic, so that the refused one answers."""
    deploy(place, place.old)
    place.scale(2)
    seen: Counter[str] = Counter()
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            for answer in door.ask_often(place.service):
                seen[answer] += 1

    clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for each in clients:
        each.start()
    try:
        for _ in range(RELEASES):
            with Run(place, place.new).until("promote") as run:
                assert run.live.deployment.downtime == 0.0
                run.live.rollback()
            with pytest.raises(DeploymentFailed), Run(place, place.bad) as run:
                run.until("promote")
        deadline = time.monotonic() + 10 * SOON
        while seen.total() < REQUESTS and time.monotonic() < deadline:
            time.sleep(0.5)
    finally:
        over.set()
        for each in clients:
            each.join()
    told(
        f"swarm: of {seen.total()} requests {seen['-']} failed, and {seen['2']} were answered by a "
        f"version that was refused then; {RELEASES} of each kind were"
    )
    assert seen.total() >= REQUESTS
    assert set(seen) <= {"1", "2", "-"}
    assert seen["-"] == 0
