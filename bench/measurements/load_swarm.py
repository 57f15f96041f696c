"""A deployment, a refused one and a rollback under load on a Docker Swarm, with a preview and not.

What the clients ask and tell is what they do in `load`. Here they run in the network of a service
of two tasks, and find one by its name for each connection. A release is refused by a check that
runs for two seconds: at the preview, or without one when it has the traffic.

It needs the Swarm of `lab/up --swarm` and its registry, and removes what it makes.
"""

from __future__ import annotations

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
from bench.measurements.load import ByGate, loaded
from bench.process import FailedError
from bench.rounds import Case, value
from bench.site import started
from lab.scripts.machine.swarm.engines import LAB
from tests.live.images.factory import ImageFactory
from tests.live.releases import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

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

    def asked_by(self, script: str, *arguments: str) -> AbstractContextManager[dict[str, Any]]:
        """See `bench.environments.asked`; the client is a container in the network."""
        source = (SCRIPTS / script).read_text(encoding="utf-8")
        at = ("docker", "-H", LAB.manager, "run", "--rm", "-i", "--no-healthcheck")
        inside = ("--network", self.name, "--dns", "127.0.0.1", "--entrypoint", "python3")
        asks = (self._client, "-c", source, f"http://{self.name}:8080", *arguments)
        return environments.asked((*at, *inside, *asks))

    @property
    def digest(self) -> str:
        """Of the image that the service has."""
        found = self.manager.api.inspect_service(self.name)  # type: ignore[no-untyped-call]
        return str(found["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"]).partition("@")[2]


class _Gate(ByGate):
    def __init__(
        self, own: _Service, releases: Mapping[str, str], site: str, *, previews: bool
    ) -> None:
        self.own, self.previews = own, previews
        self._repository = releases["1"].rpartition(":")[0]
        self._address = f"{LAB.network.address(1)}:{free_port()}"
        super().__init__(own, own.name, releases, site)
        self._first = own.digest

    def toml(self, check: str) -> str:
        toml = _TOML.format(
            repository=self._repository,
            port="port = 8080\n" if self.previews else "",
            name=self.own.name,
            manager=LAB.manager,
            check=check,
        )
        return toml + (_BEFORE.format(address=self._address, check=check) if self.previews else "")

    def is_live(self, release: str) -> bool:
        """Of the first release, which is the one that is put back."""
        return release == "1" and self.own.digest == self._first


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
