"""Stands for a Docker engine and the registry that it reaches, at the level of `Engine`.

It is one run's way to a `Machine`. Between any two of its calls a test can do something else
(`Machine.between`), and so end the run as SIGKILL does. How Docker behaves was seen on a real one:
what deployers have to hold to is asked of both.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar, cast

from docker.errors import APIError

from pytest_storedog_gate.deploy.docker import names
from pytest_storedog_gate.deploy.docker.container import Container
from pytest_storedog_gate.deploy.docker.engine import Engine
from pytest_storedog_gate.deploy.docker.engine.errors import engine_errors, registry_errors
from pytest_storedog_gate.deploy.docker.specification import Spec
from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress
from pytest_storedog_gate.deploy.reaching.ways import way_to
from tests.deploy.fake_machine import BOOT, Box, Connection, Image, Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_storedog_gate.deploy import ImageReference
    from pytest_storedog_gate.deploy.docker.engine import RestartPolicy

P = ParamSpec("P")
T = TypeVar("T")

ENDPOINT = "tcp://127.0.0.1:1"
ADDRESS = EngineAddress(ENDPOINT)


class Killed(BaseException):
    """The run's process is gone: none of its calls gets through any more."""


def _call(method: Callable[P, T]) -> Callable[P, T]:
    """One that reaches the engine. What happens `between` comes when its work is done."""

    @wraps(method)
    def reaching(*args: P.args, **kwargs: P.kwargs) -> T:
        engine = cast("FakeEngine", args[0])
        if engine.dead:
            raise Killed
        with engine_errors(engine.endpoint, engine.redact):
            result = method(*args, **kwargs)
        engine.calls += 1
        engine.machine.between(engine)
        return result

    return reaching


class FakeEngine(Engine):
    """Each call is the one of `Engine`, and refuses what Docker refuses, in its words."""

    def __init__(
        self,
        machine: Machine,
        address: EngineAddress = ADDRESS,
        redact: Callable[[str], str] = str,
    ) -> None:
        self.endpoint, self.redact = address.text, redact
        self.way = way_to(address, {})
        self.machine = machine
        self.calls = 0
        self.dead = False
        self._connections: list[Connection] = []

    def die(self) -> NoReturn:
        """The run's process is gone, and its connections with it."""
        self.dead = True
        for connection in self._connections:
            connection.close()
        raise Killed

    def close(self) -> None:
        """The run has ended."""

    def another(self) -> FakeEngine:
        return self  # what kills the run kills all of its connections

    # Looking

    @_call
    def find(self, name: str) -> Container | None:
        box = self.machine.box(name)
        return self._seen(box) if box else None

    @_call
    def running_in(self, network: str) -> list[Container]:
        boxes = self.machine.boxes
        return [self._seen(b) for b in boxes if b.running and b.spec.network == network]

    @_call
    def running_with(self, label: str) -> list[Container]:
        boxes = self.machine.boxes
        return [self._seen(b) for b in boxes if b.running and label in b.spec.labels]

    @_call
    def publishers(self, port: int) -> list[Container]:
        ports = ((box, found) for box in self.machine.boxes for found in box.ports.values())
        return [self._seen(box) for box, found in ports if any(a.port == port for a in found)]

    @_call
    def logs(self, container: str) -> str:
        box = self._box(container)
        password = box.spec.environment.get("PASSWORD", "none")
        return self.redact(f"starting\nwith password {password}") if box.exit_code else ""

    @_call
    def sent(self, container: str) -> int | None:
        self._box(container)
        return self.machine.sent()

    @_call
    def connected_to(self, container: str) -> frozenset[str]:
        self._box(container)
        return self.machine.connected()

    @_call
    def answered_by(self, container: Container, port: int, _path: str) -> str | None:
        """In place of `edge.answered_by`, which asks the edge itself."""
        box = self.machine.box(container.id)
        if box is None or not box.running:
            return None
        found = self.machine.through(box, port)
        return found.address if found else "-"

    @_call
    def clock(self) -> str:
        return self.machine.clock.now.isoformat()

    @_call
    def await_event(self, containers: Sequence[str], seconds: float) -> None:
        """Nothing happens by itself: what does is the test's, between two calls."""
        assert containers
        self.machine.clock.sleep(seconds)

    # Images

    @_call
    def digest(self, image: ImageReference) -> str:
        return self._asked(image)

    @_call
    def pull(self, image: ImageReference) -> Iterator[Mapping[str, Any]]:
        self._asked(image)
        if self.machine.pull_says is not None:
            return iter([{"status": "Pulling"}, {"error": self.machine.pull_says}])
        self.machine.pulled.add(image.pinned)
        return iter([{"status": "Pulling"}, {"status": "Downloaded"}])

    @_call
    def image(self, reference: str) -> Mapping[str, Any] | None:
        if reference not in self.machine.pulled:
            return None
        known = self.machine.registry[reference]
        declared = dict.fromkeys(known.declares if isinstance(known, Image) else ())
        return {
            "Id": self._image_id(reference),
            "RepoDigests": [reference],
            "Config": {"Volumes": declared or None},
        }

    # Changing

    @_call
    def remove_image(self, reference: str) -> None:
        if any(box.spec.image == reference for box in self.machine.boxes):
            self._refuse(f"conflict: unable to delete {reference}, it is being used")
        self.machine.pulled.discard(reference)

    @_call
    def create(self, name: str, spec: Spec) -> str:
        for network in (spec.network, *(each.name for each in spec.runtime.networks)):
            if network not in self.machine.networks:
                self._refuse(f"network {network} not found")
        for volume in spec.own_volumes:
            self.machine.made_volumes.setdefault(volume, spec.owner)
        return self._create(name, spec).id

    @_call
    def start(self, container: str) -> None:
        box, machine = self._box(container), self.machine
        if box.status == "paused":
            box.status = "running"
        if box.running:
            return
        if box.connection and box.image.behaviour == "bare":
            self._refuse('exec: "cat": executable file not found in $PATH')
        ports: dict[int, tuple[Address, ...]] = {}
        further = ((port.target, port.published) for port in box.spec.runtime.ports)
        for port, asked in (*box.spec.ports.items(), *further):
            address = asked or Address(self.loopback, machine.next_port)
            machine.next_port += asked is None
            if machine.holder(address) is not None:
                self._refuse(f"Bind for {address} failed: port is already allocated")
            ports[port] = (*ports.get(port, ()), address)
        box.ports = ports
        box.status, box.started, box.stopped = "running", machine.clock.now, False
        if box.connection is None:
            self._behave(box)

    def stop(self, container: str, *, then: RestartPolicy = "no") -> None:
        self.set_restart_policy(container, then)
        self._stop(container)

    @_call
    def rename(self, container: str, name: str) -> None:
        box = self._box(container)
        self._require_unused(name)
        if box.status == "restarting":
            self._refuse("sandbox 9db380f7 not found")
        box.name = name

    @_call
    def remove(self, container: str) -> None:
        box = self.machine.box(container)
        if box is not None:
            self.machine.remove(box)

    @_call
    def set_restart_policy(self, container: str, policy: RestartPolicy) -> None:
        self._box(container).policy = policy

    @_call
    def create_network(self, name: str, labels: Mapping[str, str]) -> None:
        self.machine.networks[name] = labels

    @_call
    def network(self, name: str) -> Mapping[str, str] | None:
        return self.machine.networks.get(name)

    @_call
    def create_volume(self, name: str, labels: Mapping[str, str]) -> Mapping[str, str]:
        return self.machine.made_volumes.setdefault(name, labels)

    @_call
    def remove_volume(self, name: str) -> None:
        self.machine.made_volumes.pop(name, None)

    @_call
    def volumes(self, label: str) -> Mapping[str, Mapping[str, str]]:
        found = self.machine.made_volumes
        return {name: labels for name, labels in found.items() if label in labels}

    @_call
    def volume(self, name: str) -> Mapping[str, str] | None:
        return self.machine.made_volumes.get(name)

    # The lock's container

    @_call
    def create_lease(self, name: str, image: str, labels: Mapping[str, str]) -> str | None:
        if self.machine.box(name):
            return None
        pinned = next((p for p in self.machine.pulled if image in (p, self._image_id(p))), image)
        return self._create(name, Spec(pinned, "none", labels)).id

    @_call
    def attach_stdin(self, container: str) -> Connection:  # type: ignore[override]
        box = self._box(container)
        box.connection = Connection(self.machine, box)
        self._connections.append(box.connection)
        return box.connection

    @_call
    def _stop(self, container: str) -> None:
        box = self._box(container)
        box.end()
        box.stopped = True

    def _behave(self, box: Box) -> None:
        """What its image's own process does; a lock runs `cat` instead, and a job its command."""
        if box.spec.labels.get(names.ROLE_AT_CREATE) == "job":
            command = box.spec.runtime.command or ("",)
            if command != ("hang",):
                box.end(int(command[-1]))
                self.machine.ran.append(box.image.release)
            return
        if box.image.behaviour == "exits":
            box.end(3)
        if box.image.behaviour == "starts-once":
            if self.machine.volumes & box.spec.volumes.keys():
                box.end(4)
            self.machine.volumes |= box.spec.volumes.keys()

    def _create(self, name: str, spec: Spec) -> Box:
        self._require_unused(name)
        if spec.image not in self.machine.pulled:
            self._refuse(f"No such image: {spec.image}")
        return self.machine.make(name, spec)

    def _box(self, container: str) -> Box:
        return self.machine.box(container) or self._refuse(f"No such container: {container}")

    def _require_unused(self, name: str) -> None:
        if (taken := self.machine.box(name)) is not None:
            self._refuse(
                f'Conflict. The container name "/{name}" is already in use by container '
                f'"{taken.id}". You have to remove (or rename) that container to be able to reuse '
                "that name."
            )

    def _refuse(self, text: str) -> NoReturn:
        raise APIError("refused", explanation=text)

    def _asked(self, image: ImageReference) -> str:
        """The registry's answer."""
        with registry_errors(image):
            if self.machine.registry_says is not None:
                self._refuse(self.machine.registry_says)
            known = self.machine.registry.get(image.pinned if image.digest else str(image))
            if known is None:
                self._refuse("manifest unknown")
            return image.digest or str(known)

    def _image_id(self, pinned: str) -> str:
        return f"id of {pinned}"

    def _seen(self, box: Box) -> Container:
        return Container(
            id=box.id,
            name=box.name,
            status=box.status,
            exit_code=box.exit_code,
            health=self._health(box),
            goes_when_stopped=box.goes_when_stopped,
            started_at=str(box.started),
            created_at=box.created.isoformat(),
            restarts=box.restarts,
            image_id=self._image_id(box.spec.image),
            image=box.spec.image,
            labels=box.spec.labels,
            answers_to={
                box.spec.network: box.answers_to,
                **{n.name: box.answers_to | {*n.aliases} for n in box.spec.runtime.networks},
            },
            bindings=box.ports,
            wanted=tuple(box.spec.addresses),
            addresses={box.spec.network: box.address} if box.running else {},
            anonymous={
                volume: folder
                for volume, folder in {**box.spec.volumes, **box.anonymous}.items()
                if len(volume) == 64
            },
        )

    def _health(self, box: Box) -> str | None:
        behaviour = box.image.behaviour
        if box.connection is not None or behaviour == "silent":
            return None
        if behaviour == "unhealthy":
            return "unhealthy"
        boots = box.started is None or self.machine.clock.now < box.started + BOOT
        waits = behaviour == "never-ready" or (behaviour == "slow" and boots)
        return "starting" if waits else "healthy"
