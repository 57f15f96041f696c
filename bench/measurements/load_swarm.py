"""A deployment, a refused one and a rollback under load on a Docker Swarm, with a preview and not.

What the clients ask and tell is what they do in `load`. Here they run in the network of a service
of two tasks, and find one by its name for each connection. A release is refused by a check that
runs for two seconds: at the preview, or without one when it has the traffic.

It needs the Swarm of `lab/up --swarm` and its registry, and removes what it makes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docker.errors import APIError, NotFound

from bench import environments
from bench.environments import SCRIPTS
from bench.measurements.load import definition, ends, loaded
from bench.process import FailedError
from bench.rounds import Case, value
from bench.site import started
from lab.scripts.machine.swarm.engines import LAB
from tests.live.images.factory import ImageFactory
from tests.live.releases import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import docker

_PREVIEW = "with a preview"
_LISTENS = (
    "HEALTHCHECK --interval=1s --start-period=20s --retries=2 "
    'CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080"]'
)
_SECOND = 1_000_000_000  # ns
_SOON = 120.0  # s
_TOML = """\
[synthetics]
backend = "local"
definitions = ["*.synthetics.json"]

[services.shop]
image = "{repository}"
{port}
[environments.{name}]
platform = "swarm"
gate = "shop"
services = ["shop"]
engine = "{manager}"
swarm = {{ service = "{name}" }}
checks = ["{check}"]
"""
_BEFORE = 'preview = "{address}"\nchecks_after = ["{check}"]\n'


def cases(*, quick: bool) -> Iterator[Case]:
    """With a preview and without."""
    at_least = 1_000 if quick else 10_000
    if not LAB.is_whole():
        raise FailedError("no Swarm: lab/up --swarm starts it")
    with ExitStack() as stack:
        engine = stack.enter_context(environments.engine())
        site = stack.enter_context(started("bench.site"))
        made = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        images = ImageFactory(engine, "127.0.0.1:5000")
        stack.callback(images.remove)
        # As the first process of a container, Python would not hear of another signal.
        more = f"STOPSIGNAL SIGINT\n{_LISTENS}"
        releases = {each: images(each, more=more) for each in ("1", "2", "bad")}
        manager = LAB.client()
        stack.callback(manager.close)
        for case in (_PREVIEW,) if quick else (_PREVIEW, "without a preview"):
            folder = made / case.replace(" ", "-")
            folder.mkdir()
            here = _service(manager, images("0", "waits"), releases["1"], folder)
            own = stack.enter_context(here)
            does = _Gate(own, releases, site.url, previews=case == _PREVIEW)
            none = [value(each, 0) for each in ("outage, s", "unproved")]
            yield Case(case, {case: partial(loaded, does, at_least)}, none[: 1 + does.previews])


class _Service:
    """Two tasks in a network of their own, called `name` as the service is."""

    def __init__(self, manager: docker.DockerClient, client: str, folder: Path) -> None:
        self.manager, self._client, self.folder = manager, client, folder
        self.name = f"b{uuid.uuid4().hex[:8]}"

    @contextmanager
    def asked_by(self, script: str, *arguments: str) -> Iterator[dict[str, Any]]:
        """What a script of bench/scripts has told in the end; it asks the service meanwhile."""
        source = (SCRIPTS / script).read_text(encoding="utf-8")
        at = ("docker", "-H", LAB.manager, "run", "--rm", "-i", "--no-healthcheck")
        inside = ("--network", self.name, "--dns", "127.0.0.1", "--entrypoint", "python3")
        asks = (self._client, "-c", source, f"http://{self.name}:8080", *arguments)
        told: dict[str, Any] = {}
        pipe = subprocess.PIPE
        with subprocess.Popen((*at, *inside, *asks), stdin=pipe, stdout=pipe, text=True) as client:
            if client.stdout is None or not client.stdout.readline():
                raise FailedError("the client that asks the service has no answer")
            yield told
            told |= json.loads(client.communicate()[0])

    @property
    def digest(self) -> str:
        """Of the image that the service has."""
        found = self.manager.api.inspect_service(self.name)  # type: ignore[no-untyped-call]
        return str(found["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"]).partition("@")[2]


class _Gate:
    """Deploys with the gate."""

    def __init__(
        self,
        own: _Service,
        releases: Mapping[str, str],
        site: str,
        *,
        previews: bool,
    ) -> None:
        self.own, self._releases, self.previews = own, releases, previews
        address = f"{LAB.network.address(1)}:{free_port()}"
        for check, status in (("one-che-ckx", 200), ("one-bad-ckx", 500)):
            tests = {"tests": [{"localTestDefinition": definition(check, status, site)}]}
            (own.folder / f"{check}.synthetics.json").write_text(json.dumps(tests), "utf-8")
            toml = _TOML.format(
                repository=releases["1"].rpartition(":")[0],
                port="port = 8080\n" if previews else "",
                name=own.name,
                manager=LAB.manager,
                check=check,
            )
            toml += _BEFORE.format(address=address, check=check) if previews else ""
            (own.folder / f"{check}.toml").write_text(toml, "ascii")
        self.deploy("1")
        self._first = own.digest

    def deploy(self, release: str) -> None:
        self._run(0, "one-che-ckx", f"--storedog-image={self._releases[release]}")

    def refuse(self, release: str) -> None:
        self._run(1, "one-bad-ckx", f"--storedog-image={self._releases[release]}")

    def put_back(self, release: str) -> None:
        """The first release."""
        self._run(0, "one-che-ckx", "--storedog-rollback")
        if self.own.digest != self._first:
            raise FailedError(f"the rollback did not bring {release} back")

    def _run(self, status: int, config: str, *options: str) -> None:
        command = [sys.executable, "-m", "pytest", f"--storedog-env={self.own.name}"]
        command += [f"--storedog-config={config}.toml", *options]
        ends(command, status, self.own)


@contextmanager
def _service(
    manager: docker.DockerClient, placeholder: str, client: str, folder: Path
) -> Iterator[_Service]:
    """One as a stack may have made it; its first image answers nothing."""
    api: Any = manager.api  # half of it has no types
    own = _Service(manager, client, folder)
    manager.networks.create(own.name, driver="overlay", attachable=True)
    spec = {
        "Name": own.name,
        "TaskTemplate": {
            "ContainerSpec": {"Image": placeholder},
            "Networks": [{"Target": own.name}],
        },
        "Mode": {"Replicated": {"Replicas": 2}},
        "UpdateConfig": {"Parallelism": 1, "Monitor": _SECOND},
        "EndpointSpec": {"Mode": "dnsrr"},
    }
    try:
        url = f"{api.base_url}/v{api.api_version}/services/create"
        api.post(url, json=spec).raise_for_status()
        yield own
    finally:
        with suppress(NotFound):
            api.remove_service(own.name)
        for config in manager.configs.list(filters={"name": own.name}):
            config.remove()
        _remove_network(api, own.name)


def _remove_network(api: Any, name: str) -> None:
    """Once its tasks are gone."""
    until = time.monotonic() + _SOON
    while api.networks(names=[name]):
        try:
            api.remove_network(name)
        except APIError as error:
            if time.monotonic() > until:
                raise FailedError(f"the network {name} cannot be removed: {error}") from None
            time.sleep(0.2)
