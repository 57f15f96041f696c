"""Environments on the engine, one a test."""

from __future__ import annotations

import os
import time
import uuid
from contextlib import ExitStack, nullcontext, suppress
from typing import TYPE_CHECKING, Any

import requests
from docker.errors import APIError

from pytest_storedog_gate.deploy import Build, ImageReference, Watches, platforms
from pytest_storedog_gate.deploy.docker import strategies
from pytest_storedog_gate.deploy.environment import Address, Environment, Readiness, Service
from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress
from tests.deploy.conftest import told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import docker
    from docker.models.containers import Container

    from pytest_storedog_gate.deploy import Fetched, Held, Live, Staged
    from pytest_storedog_gate.errors import GateError


# Edge has tests of its own.
STRATEGIES = tuple(name for name in strategies.names() if name != "edge")
ENDPOINT = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
PORT = 8080


def remove_network(engine: docker.DockerClient, name: str) -> None:
    """Removes the network; a busy engine may keep an endpoint for longer than its container.

    An engine can lose count of the endpoints of a network that nothing is in any more: such a
    network goes only when the engine starts again (https://github.com/moby/moby/issues/42119).
    """
    api, deadline = engine.api, time.monotonic() + 10
    while found := api.networks(names=[name]):
        for network in found:
            try:
                api.remove_network(network["Id"])
            except APIError:
                ends = api.inspect_network(network["Id"])["Containers"]
                if time.monotonic() > deadline:
                    if ends:
                        raise
                    return
                for container in ends.keys() - {each["Id"] for each in api.containers(all=True)}:
                    with suppress(APIError):
                        api.disconnect_container_from_network(container, network["Id"], force=True)
                time.sleep(0.2)


class Journey:
    """One run's way through a deployment, stage by stage, as the gate takes it."""

    def __init__(self, environment: Environment, said: list[str], build: Build) -> None:
        self._resources = ExitStack()
        reached = platforms.find(environment.platform).connected(
            environment,
            build,
            said.append,
            lambda text: text.replace("hunter2-secret", "********"),
            nullcontext,
        )
        self._deployer = self._resources.enter_context(reached)
        self._locked = ExitStack()
        self._fetched: Fetched | None = None

    def resolve(self, reference: ImageReference) -> ImageReference:
        return self._deployer.resolve(reference)

    def lock(self, image: ImageReference, *, wait: float = 0.0) -> Held:
        """Takes the lock, and fetches the image that it may have to be made of."""
        with ExitStack() as locked:
            held = locked.enter_context(self._deployer.lock(wait=wait))
            self._fetched = held.fetch(image)
            self._locked = locked.pop_all()
        return held

    def deploy(self) -> Live:
        """What was fetched is live."""
        assert self._fetched is not None
        return self._fetched.stage().promote()

    def watch(self) -> Iterator[Mapping[str, GateError | None]]:
        """The looks at what is live."""
        assert isinstance(self._deployer, Watches)
        return self._deployer.watch()

    def staged(self, reference: str) -> Staged:
        """A candidate without traffic."""
        self._held = self.lock(self.resolve(ImageReference.parse(reference)))
        assert self._fetched is not None
        return self._fetched.stage()

    def put_back(self) -> str:
        return self._held.put_back()

    def recover(self) -> str | None:
        return self._held.recover()

    def opened(self, reference: str) -> Live:
        """A deployment that is live and not concluded."""
        self.lock(self.resolve(ImageReference.parse(reference)))
        return self.deploy()

    def plan(self, reference: ImageReference) -> list[str]:
        return told(self._deployer.foresee(reference))

    def unlock(self) -> None:
        self._locked.close()

    def close(self) -> None:
        self._locked.close()
        self._resources.close()


class Place:
    """One environment of its own on the engine, whose service under the gate is `shop`."""

    def __init__(self, engine: docker.DockerClient, repository: str) -> None:
        self.engine = engine
        self.name = f"t{uuid.uuid4().hex[:8]}"
        self.live = f"{self.name}-shop"
        self.said: list[str] = []
        self._repository = repository
        self._journeys: list[Journey] = []

    def environment(
        self,
        strategy: str = "rename",
        *,
        services: tuple[Service, ...] = (),
        publish: Mapping[str, Address] | None = None,
        variables: Mapping[str, str] | None = None,
        volumes: Mapping[str, str] | None = None,
        timeout: float = 20,
        lock_image: str | None = None,
        edge_image: str | None = None,
        preview: Address | None = None,
    ) -> Environment:
        """Its configuration, with `services` beside the shop."""
        shop = Service(
            "shop",
            self._repository,
            PORT,
            Readiness("/", consecutive=2, timeout=timeout),
            variables or {},
            volumes or {},
        )
        return Environment(
            name=self.name,
            gate="shop",
            services=(*services, shop),
            strategy=strategy,
            publish=publish or {},
            network=f"{self.name}-net",
            engine=EngineAddress(ENDPOINT),
            lock_image=lock_image,
            edge_image=edge_image,
            preview=preview,
        )

    def journey(self, environment: Environment, build: Build | None = None) -> Journey:
        """One that has reached the engine."""
        build = build or Build("c0ffee", "42", "http://drone.example/42")
        journey = Journey(environment, self.said, build)
        self._journeys.append(journey)
        return journey

    def containers(self) -> dict[str, str]:
        """Name and status of each of its containers."""
        own = (f"{self.name}-", f"{self.name}.")  # services, and the lock
        # Without the SDK's inspection of each one, which fails when one goes away meanwhile.
        found = self.engine.api.containers(all=True, filters={"name": self.name})
        status = {each["Names"][0].removeprefix("/"): str(each["State"]) for each in found}
        return {name: status[name] for name in status if name.startswith(own)}

    def answer(self, name: str | None = None, path: str = "/") -> str:
        """What the live container's page says, asked by HTTP at its address in the network."""
        container = self.engine.containers.get(name or self.live)
        networks = container.attrs["NetworkSettings"]["Networks"]
        host = networks[f"{self.name}-net"]["IPAddress"]
        return requests.get(f"http://{host}:{PORT}{path}", timeout=5).text

    def beside(self, name: str, image: str, **options: Any) -> Container:
        """A running container that the gate knows nothing of, in the environment's network."""
        network = f"{self.name}-net"
        if not self.engine.networks.list(names=[network]):
            self.engine.networks.create(network)
        return self.engine.containers.run(
            image, detach=True, init=True, name=f"{self.name}-{name}", network=network, **options
        )

    def empty(self) -> None:
        """Removes its containers; a lock may be on its way out by itself."""
        deadline = time.monotonic() + 20
        while names := self.containers():
            for name in names:
                with suppress(APIError):
                    self.engine.containers.get(name).remove(force=True, v=True)
            assert time.monotonic() < deadline, f"cannot be removed: {names}"

    def remove(self) -> None:
        """Takes everything in it away."""
        for journey in self._journeys:
            journey.close()
        self.empty()
        remove_network(self.engine, f"{self.name}-net")
        for volume in self.engine.volumes.list(filters={"name": f"{self.name}-"}):
            volume.remove()
