"""Services of a real Swarm, one a test, and the one door by which all of them are asked."""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import requests
from docker.errors import APIError, NotFound

from pytest_storedog_gate.deploy import Build, ImageReference
from pytest_storedog_gate.deploy.environment import Address, Environment, Service
from pytest_storedog_gate.deploy.platforms import swarm as platform
from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress
from pytest_storedog_gate.deploy.swarm import names
from pytest_storedog_gate.deploy.swarm.target import Target
from tests.live.releases import free_port

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from lab.scripts.machine.swarm.engines import Swarm
    from pytest_storedog_gate.deploy import Deployer
    from tests.live.images.factory import ImageFactory

SECOND = 1_000_000_000  # ns
SOON = 180.0  # s; of a machine that is busy with much else
# As soon as it listens: before that a task is not ready.
LISTENS = (
    "HEALTHCHECK --interval=1s --start-period=20s --retries=2 "
    'CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080"]'
)

PREVIEWED = pytest.mark.parametrize("place", [True], indirect=True, ids=["with a preview"])


class Door:
    """A service in an overlay network; what it tells is what a client there would get."""

    def __init__(self, swarm: Swarm, images: ImageFactory) -> None:
        self.swarm = swarm
        self.client = swarm.client()
        self.api: Any = self.client.api  # half of it has no types
        self.name = f"d{uuid.uuid4().hex[:8]}"
        self.client.networks.create(self.name, driver="overlay")
        self._address = f"{swarm.network.address(1)}:{free_port()}"
        program = images("door", more=LISTENS, program="door.py")
        service = self._service(self.name, program)
        service["TaskTemplate"]["Placement"] = {"Constraints": ["node.role == manager"]}
        port = int(self._address.rpartition(":")[2])
        published = {"TargetPort": 8080, "PublishedPort": port, "PublishMode": "host"}
        service["EndpointSpec"]["Ports"] = [published]
        self.create(service)

    def create(self, service: dict[str, Any]) -> None:
        """Creates a service, and waits until it runs."""
        url = f"{self.api.base_url}/v{self.api.api_version}/services/create"
        self.api.post(url, json=service).raise_for_status()
        self.wait(service["Name"], service["Mode"]["Replicated"]["Replicas"])

    def wait(self, service: str, wanted: int) -> None:
        """Waits until so many tasks of a service run."""
        deadline = time.monotonic() + SOON
        while self.running(service) < wanted:
            assert time.monotonic() < deadline, [each["Status"] for each in self.tasks(service)]
            time.sleep(0.1)

    def running(self, service: str) -> int:
        return sum(task["Status"]["State"] == "running" for task in self.tasks(service))

    def tasks(self, service: str) -> list[dict[str, Any]]:
        """Those that are to run."""
        return list(self.api.tasks({"service": service, "desired-state": "running"}))

    def placeholder(self, name: str, image: str, replicas: int = 1) -> dict[str, Any]:
        """A service as somebody's stack may make it, before its first release."""
        service = self._service(name, image)
        service["Mode"] = {"Replicated": {"Replicas": replicas}}
        service["UpdateConfig"] = {"Parallelism": 1, "Monitor": SECOND, "Order": "stop-first"}
        service["Labels"] = {"com.docker.stack.namespace": "somebody"}
        return service

    def answers(self, service: str) -> list[str]:
        found: list[str] = requests.get(f"http://{self._address}/{service}", timeout=20).json()
        return found

    def ask_often(self, service: str, times: int = 100) -> list[str]:
        """What as many clients get, one after another."""
        url = f"http://{self._address}/{service}/{times}"
        found: list[str] = requests.get(url, timeout=300).json()
        return found

    def remove(self) -> None:
        self.take_away(self.name)
        deadline = time.monotonic() + SOON
        while True:  # until its task is gone, too
            try:
                self.api.remove_network(self.name)
            except NotFound:
                break
            except APIError:
                assert time.monotonic() < deadline
                time.sleep(0.2)
        self.client.close()

    def take_away(self, service: str) -> None:
        self.api.remove_service(service)

    def _service(self, name: str, image: str) -> dict[str, Any]:
        container = {"Image": image, "Init": True, "StopGracePeriod": SECOND}
        return {
            "Name": name,
            "TaskTemplate": {
                "ContainerSpec": container,
                "Networks": [{"Target": self.name}],
                "RestartPolicy": {"Condition": "any", "Delay": SECOND // 2},
            },
            "Mode": {"Replicated": {"Replicas": 1}},
            "EndpointSpec": {"Mode": "dnsrr"},
        }


class Place:
    """A service of its own, which runs a placeholder that answers nothing; see `conformance`.

    Where it `previews`, a candidate answers at a port of a worker before it has traffic.
    """

    def __init__(
        self, door: Door, images: ImageFactory, replicas: int = 1, *, previews: bool = False
    ) -> None:
        self.door, self.name, self.said = door, f"t{uuid.uuid4().hex[:8]}", list[str]()
        worker = Address(door.swarm.network.address(2), free_port())
        self.preview = worker if previews else None
        self.service = f"{self.name}_shop"
        self.images = {
            release: self.named(images(release, behaviour, more=LISTENS), images)
            for release, behaviour in {"1": "serves", "2": "serves", "3": "exits"}.items()
        }
        self.old, self.new, self.bad = self.images.values()
        try:
            door.create(door.placeholder(self.service, images("0", "waits"), replicas))
        except BaseException:  # nobody else knows of it yet
            self.remove()
            raise

    def environment(self, **target: Any) -> Environment:
        return Environment(
            name=self.name,
            gate="shop",
            services=(Service("shop", self.old.repository, 8080),),
            engine=EngineAddress(self.door.swarm.manager),
            platform="swarm",
            preview=self.preview,
            target=Target(**{"service": self.service, "timeout": SOON, **target}),
        )

    def reach(self) -> AbstractContextManager[Deployer]:
        return platform.connected(self.environment(), Build(), self.said.append, str)

    def answer(self) -> str | None:
        """All tasks have to say the same."""
        said = set(self.door.answers(self.service)) - {"-"}
        assert len(said) < 2, said
        return self.images[said.pop()].digest if said else None

    def take_away(self) -> None:
        self.door.take_away(self.service)

    def named(self, tag: str, images: ImageFactory) -> ImageReference:
        """An image with its digest."""
        return ImageReference.parse(f"{tag}@{images.digest(tag)}")

    def change(self, how: dict[str, str] | None = None, **said: Any) -> None:
        """What somebody else does to the service, without asking."""
        api, found = self.door.api, self.inspect()
        url = f"{api.base_url}/v{api.api_version}/services/{found['ID']}/update"
        spec, version = {**found["Spec"], **said}, {"version": found["Version"]["Index"]}
        api.post(url, params={**version, **(how or {})}, json=spec).raise_for_status()

    def roll_back(self) -> None:
        """As `docker service rollback` does."""
        self.change({"rollback": "previous"})

    def set_image(self, image: ImageReference) -> None:
        template = self.inspect()["Spec"]["TaskTemplate"]
        template["ContainerSpec"]["Image"] = image.pinned
        self.change(TaskTemplate=template)

    def scale(self, replicas: int) -> None:
        """Waits until they run."""
        self.change(Mode={"Replicated": {"Replicas": replicas}})
        self.door.wait(self.service, replicas)

    def settle(self) -> None:
        """Waits for the end of somebody else's update."""
        self.wait_for("completed")

    def wait_for(self, update: str) -> None:
        """Waits until the Swarm says that of the last update."""
        deadline = time.monotonic() + SOON
        while self.inspect().get("UpdateStatus", {}).get("State") != update:
            assert time.monotonic() < deadline, self.inspect()
            time.sleep(0.2)

    def inspect(self) -> dict[str, Any]:
        """The service as the engine tells it."""
        found: dict[str, Any] = self.door.api.inspect_service(self.service)
        return found

    @property
    def candidates(self) -> list[str]:
        """The services that stand for checks before traffic."""
        filters = {"label": f"{names.PREVIEW}={self.service}"}
        return [each["Spec"]["Name"] for each in self.door.api.services(filters)]

    def remove(self) -> None:
        for name in (self.service, names.candidate(self.service)):
            with suppress(NotFound):
                self.door.take_away(name)
        for config in self.door.client.configs.list(filters={"name": self.service}):
            config.remove()
