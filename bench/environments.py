"""Environments on a Docker engine, to which peers deploy while clients ask."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import docker.errors

from bench import scripts
from bench.process import FailedError
from tests.live.images.factory import BASE
from tests.live.places import ENDPOINT, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.live.images.factory import ImageFactory

SCRIPTS = Path(scripts.__file__).parent
_SERVICE = 8080
_TOML = """\
[synthetics]
backend = "local"
definitions = ["*.synthetics.json"]

[services.shop]
image = "{repository}"
port = 8080
readiness = {{ http = "/", status = 200, consecutive = 2, timeout = 30 }}

[environments.{name}]
gate = "shop"
services = ["shop"]
strategy = "{strategy}"
network = "{name}-net"
engine = "{engine}"
checks = ["{check}"]
"""


@dataclass(frozen=True)
class Environment:
    """One on the engine, of which one peer makes use; its service is at `port` of this machine.

    With strategy rename it is reached in its network alone.
    """

    place: Place
    folder: Path
    strategy: str
    repository: str
    port: int
    preview: int

    @property
    def published(self) -> bool:
        return self.strategy != "rename"

    @property
    def url(self) -> str:
        """Where its clients find the service."""
        host = f"127.0.0.1:{self.port}" if self.published else f"{self.place.live}:{_SERVICE}"
        return f"http://{host}"

    def storedog_toml(self, check: str) -> str:
        """What the gate reads to deploy to it, with one check."""
        toml = _TOML.format(
            repository=self.repository,
            name=self.place.name,
            strategy=self.strategy,
            engine=ENDPOINT,
            check=check,
        )
        address = f'publish = {{ shop = "127.0.0.1:{self.port}" }}\n'
        return toml + address if self.published else toml

    @contextmanager
    def asked_by(self, script: str, *arguments: str) -> Iterator[dict[str, Any]]:
        """What a script of bench/scripts has told in the end; it asks the service meanwhile."""
        source = SCRIPTS / script
        if self.published:
            command = [sys.executable, str(source), self.url, *arguments]
        else:
            name, network = f"{self.place.name}-client", f"{self.place.name}-net"
            # A name that nobody has for a moment is asked of the outer servers, and where these are
            # out of reach that takes 5 s, which are not the deployment's.
            unasked = ("--dns", "127.0.0.1")
            container = ("docker", "run", "--rm", "-i", "--name", name, "--network", network)
            python = ("python3", "-c", source.read_text(encoding="utf-8"))
            command = [*container, *unasked, BASE, *python, self.url, *arguments]
        with asked(command) as told:
            yield told


@contextmanager
def asked(command: Sequence[str]) -> Iterator[dict[str, Any]]:
    """What a script of bench/scripts that asks a service has told in the end."""
    told: dict[str, Any] = {}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as client:
        if client.stdout is None or not client.stdout.readline():
            raise FailedError("the client that asks the service has no answer")
        yield told
        told |= json.loads(client.communicate()[0])


@contextmanager
def engine() -> Iterator[docker.DockerClient]:
    """The machine's engine, which has the image that the tests' images are made of."""
    try:
        client = docker.DockerClient(ENDPOINT, version="auto", timeout=60)
    except docker.errors.DockerException as error:
        raise FailedError(f"no Docker engine at {ENDPOINT}: {error}") from None
    try:
        client.images.get(BASE)
        yield client
    except docker.errors.ImageNotFound:
        raise FailedError(f"no image {BASE} on the engine: lab/up builds it") from None
    finally:
        client.close()


@contextmanager
def environment(
    client: docker.DockerClient, images: ImageFactory, strategy: str, folder: Path
) -> Iterator[Environment]:
    """An empty one; everything in it is removed at the end."""
    folder.mkdir()
    place = Place(client, images.repository)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_server(("127.0.0.1", 0)) as another,
    ):
        ports = [each.getsockname()[1] for each in (listener, another)]
    try:
        yield Environment(place, folder, strategy, images.repository, *ports)
    finally:
        place.remove()
