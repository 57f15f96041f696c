"""The machine that a fake engine works on, and the registry that it reaches.

It has containers, networks, images and a clock, and outlives the runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from pytest_storedog_gate.deploy import ImageReference
from pytest_storedog_gate.deploy.docker import names
from pytest_storedog_gate.deploy.docker.specification import Spec
from pytest_storedog_gate.deploy.docker.traffic import edge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_storedog_gate.deploy.environment import Address
    from tests.deploy.fake_engine import FakeEngine

EDGE = "2.6"  # the tag of the proxy's image
BOOT = timedelta(seconds=2)  # of an image that is slow


def digest_of(release: str) -> str:
    """The digest of a release's image."""
    return "sha256:" + (release.encode().hex() * 64)[:64]


@dataclass(frozen=True)
class Image:
    """A release's image, and how it behaves when it is started.

    It `serves` at once or is `slow`, it is `never-ready` or `unhealthy`, it `exits`, it
    `starts-once` on its volume, it is `silent` (without HEALTHCHECK) or `bare` (without `cat`).
    """

    release: str
    behaviour: str = "serves"
    declares: tuple[str, ...] = ()  # folders that get a volume


@dataclass
class Box:
    """A container of the machine. `connection` is the one that a lock's `cat` depends on."""

    id: str
    name: str
    image: Image
    spec: Spec
    created: datetime
    status: str = "created"
    exit_code: int = 0
    started: datetime | None = None
    restarts: int = 0
    policy: str = "no"
    goes_when_stopped: bool = False
    stopped: bool = False  # by somebody, and not started since
    ports: dict[int, tuple[Address, ...]] = field(default_factory=dict)
    connection: Connection | None = None
    anonymous: dict[str, str] = field(default_factory=dict)  # volumes, and their folders

    @property
    def running(self) -> bool:
        return self.status == "running"

    @property
    def is_edge(self) -> bool:
        return self.spec.labels.get(names.ROLE_AT_CREATE) == "edge"

    @property
    def address(self) -> str:
        """Its own in its network."""
        return f"10.0.{int(self.id, 16) >> 8}.{int(self.id, 16) & 255}"

    @property
    def answers_to(self) -> frozenset[str]:
        return frozenset({self.name, *self.spec.aliases})

    def end(self, exit_code: int = 0) -> None:
        self.status, self.exit_code, self.ports = "exited", exit_code, {}


class Clock:
    """The machine's time, in place of the module `time`: it passes where somebody sleeps."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def monotonic(self) -> float:
        return self.now.timestamp()


class Machine:
    """See above. Copies of one have one clock."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.networks: dict[str, Mapping[str, str]] = {}  # their labels
        self.made_volumes: dict[str, Mapping[str, str]] = {}
        self.pulled: set[str] = set()
        self.volumes: set[str] = set()
        self.ran: list[str] = []  # the release of each job that came to its end
        self.registry: dict[str, Image | str] = {}  # pinned: the image; with a tag: the digest
        self.registry_says: str | None = None
        self.pull_says: str | None = None
        self.sent: Callable[[], int | None] = lambda: 0  # packets of each container, in all
        self.clock = Clock()
        self.next_id = 1
        self.next_port = 49153
        self.between: Callable[[FakeEngine], None] = lambda _engine: None
        # The addresses that an edge has connections to.
        self.connected: Callable[[], frozenset[str]] = frozenset
        self.push(EDGE, name="haproxy")

    def copy(self) -> Machine:
        """Another one in the same state, at which nobody works."""
        other = Machine()
        for name, value in vars(self).items():
            setattr(other, name, value.copy() if isinstance(value, set | dict | list) else value)
        other.boxes = [replace(box) for box in self.boxes]
        other.between = lambda _engine: None
        return other

    def state(self) -> object:
        """All that a run can change, but for marks and times."""
        boxes = ((b.name, b.image.release, b.status, b.policy, b.answers_to) for b in self.boxes)
        return frozenset(boxes), frozenset(self.networks), frozenset(self.pulled)

    def push(
        self,
        release: str,
        behaviour: str = "serves",
        *,
        name: str = "shop",
        declares: tuple[str, ...] = (),
    ) -> ImageReference:
        """Puts an image into the registry; returns its reference, with tag and digest."""
        pushed = ImageReference(f"r.example/{name}", release, digest_of(release))
        self.registry[pushed.pinned] = Image(release, behaviour, declares)
        self.registry[f"{pushed.repository}:{release}"] = digest_of(release)
        return pushed

    def stand(self, name: str, release: str = "old", **facts: Any) -> Box:
        """A running container that no run has made, with facts of its `Box`."""
        image = self.push(release)
        self.pulled.add(image.pinned)
        spec = Spec(image.pinned, "net", {names.DIGEST: digest_of(release)})
        box = self.make(name, spec)
        box.status, box.started = "running", self.clock.now
        vars(box).update(facts)
        return box

    def make(self, name: str, spec: Spec) -> Box:
        image = cast("Image", self.registry[spec.image])
        box = Box(f"{self.next_id:064x}", name, image, spec, self.clock.now)
        self.next_id += 1
        for folder in set(image.declares) - set(spec.volumes.values()):
            box.anonymous[box.id] = folder
            self.made_volumes[box.id] = {}
        self.boxes.append(box)
        return box

    def box(self, name: str) -> Box | None:
        return next((box for box in self.boxes if name in (box.name, box.id)), None)

    def remove(self, box: Box) -> None:
        """With its own volumes, but for those that another one has too."""
        self.boxes.remove(box)
        used = {volume for other in self.boxes for volume in other.spec.volumes}
        for volume in box.anonymous.keys() - used:
            self.made_volumes.pop(volume, None)

    def restart(self) -> None:
        """The engine ends and starts again."""
        for box in self.boxes:
            box.end()
        for box in self.boxes:
            if box.policy == "no" or (box.policy == "unless-stopped" and box.stopped):
                continue
            ports = {port: at for port, at in box.spec.ports.items() if at}
            if all(self.holder(at) is None for at in ports.values()):
                box.status, box.started = "running", self.clock.now
                box.ports = {port: (at,) for port, at in ports.items()}

    def statuses(self) -> dict[str, str]:
        """Each service's container's, by name."""
        return {box.name: box.status for box in self.boxes if not box.is_edge}

    def answer(self, name: str) -> str | None:
        """The release that answers to a name in the network; None where nobody does."""
        found = {box.image.release for box in self.boxes if box.running and name in box.answers_to}
        assert len(found) < 2, f"{found} answer to {name}"
        return next(iter(found), None)

    def answer_at(self, address: Address) -> str | None:
        """The release that answers at a published address."""
        if (found := self.holder(address)) is None:
            return None
        box, port = found
        answers = self.through(box, port) if box.is_edge else box
        return answers.image.release if answers else None

    def holder(self, address: Address) -> tuple[Box, int] | None:
        """The container that has a published address, and its port."""
        found = ((b, port) for b in self.boxes for port, at in b.ports.items() if address in at)
        return next(found, None)

    def through(self, box: Box, port: int) -> Box | None:
        """The container that an edge goes to for a port of its own, by the engine's names."""
        live = box.name.removesuffix(".edge")
        names = [f"{live}.next"] if port == edge.PREVIEW else [live, f"{live}.prev"]
        found = (other for name in names if (other := self.box(name)) and other.running)
        return next(found, None)


class Connection:
    """A run's to the stdin of its lock. The engine removes the container when it ends."""

    def __init__(self, machine: Machine, lock: Box) -> None:
        self._machine, self._lock = machine, lock

    def close(self) -> None:
        if self._lock.running and self._lock in self._machine.boxes:
            self._machine.remove(self._lock)
