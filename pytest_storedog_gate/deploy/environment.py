"""Where a digest is deployed: an environment, and the services of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog.overrides import merged
from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress
from pytest_storedog_gate.deploy.runtime import Runtime

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_storedog_gate.deploy.runtime import Job

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
# What a service's section calls otherwise.
_KEYS = {"mounts": "volumes", "env_files": "env_file"}
_ADDRESS = re.compile(r"(?P<host>[^:\s]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})")


def is_name(text: str) -> bool:
    """Whether an environment or a service can be called so."""
    return _NAME.fullmatch(text) is not None


@dataclass(frozen=True)
class Readiness:
    """Ready means `consecutive` HTTP answers with `status`, all within `timeout` seconds."""

    http: str = "/"
    status: int = 200
    consecutive: int = 1
    timeout: float = 60.0


@dataclass(frozen=True)
class Service:
    """One container of an environment; `volumes` maps a volume's name to a folder in it.

    A `candidate` runs beside what is live until it takes its place: "off" where two of them would
    be in each other's way. "on" says that they may share volumes, which is refused without a word.
    `env_files` are those that a run has to read still, the later the stronger.
    """

    name: str
    image: str
    port: int | None = None
    readiness: Readiness | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    volumes: Mapping[str, str] = field(default_factory=dict)
    candidate: str | None = None
    env_files: tuple[str, ...] = ()
    runtime: Runtime = field(default_factory=Runtime)
    before_swap: Job | None = None

    @property
    def named_volumes(self) -> Iterator[str]:
        """The volumes that are the environment's own."""
        mounts = (each for each in self.runtime.mounts if each.type == "volume")
        further = (mount.source for mount in mounts if not mount.external)
        yield from dict.fromkeys((*self.volumes, *further))

    def says(self, *but: str) -> list[str]:
        """The keys that its section gives a value of their own, but those; for platforms."""
        bare = Service(self.name, self.image)
        both = ((bare, self), (bare.runtime, self.runtime))
        said = (
            _KEYS.get(each.name, each.name)
            for plain, own in both
            for each in fields(own)
            if getattr(own, each.name) != getattr(plain, each.name)
        )
        return [key for key in dict.fromkeys(said) if key not in ("runtime", *but)]

    @property
    def shared(self) -> list[str]:
        """What a candidate and what is live would both write to, for people."""
        return [*self.volumes, *(mount.source for mount in self.runtime.shared)]


EVERYWHERE = ("0.0.0.0", "[::]")  # noqa: S104
"""Hosts of an `Address` that stand for all addresses of the machine."""


@dataclass(frozen=True)
class Address:
    """A published address of the engine's host."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Reads HOST:PORT; else ValueError says how."""
        match = _ADDRESS.fullmatch(text)
        if match is None or not 0 < int(match["port"]) < 65536:
            raise ValueError(f'{text!r} is no address; write "HOST:PORT"')
        return cls(match["host"], int(match["port"]))

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Environment:
    """Where a digest is deployed, and how; of a `project`, or of none.

    `platform` is one of `deploy.platforms`; what another one than docker needs is its `target`.
    `elsewhere` is the service that `gate` names where the environment deploys none: it decides on
    what somebody else deployed. `overrides` is what all checks are told here: how it is reached.
    `on_failure` is "rollback" or "keep". `preview` is where a candidate answers before it has
    traffic; `edge_image` is the proxy of strategy edge, and `drain` is how many seconds requests
    have that are under way when it goes to another version. `keep_images` versions that were let
    through keep their images on the engine, what is live counted in.

    Where it is deployed to several `targets`, each has a name, and those of these fields that are
    its own, with the `overrides` that checks are told there beside. The others are the first's.
    `jobs` says whether the job of the service under the gate runs at the "first" or at "each".
    """

    name: str
    gate: str | None = None
    elsewhere: Service | None = None
    services: tuple[Service, ...] = ()
    strategy: str = "recreate"
    publish: Mapping[str, Address] = field(default_factory=dict)
    network: str = ""
    engine: EngineAddress = field(default_factory=EngineAddress)
    overrides: Mapping[str, Any] = field(default_factory=dict, repr=False)
    on_failure: str = "rollback"
    lock_image: str | None = None
    preview: Address | None = None
    edge_image: str | None = None
    drain: float = 30.0
    keep_images: int = 5
    project: str = ""
    platform: str = "docker"
    target: Any = None
    jobs: str = "first"
    targets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)

    @property
    def each(self) -> dict[str, Environment]:
        """What is deployed to each of the targets, in their order; empty where there are none."""
        return {
            target: replace(
                self, targets={}, **{**own, "overrides": merged(self.overrides, own["overrides"])}
            )
            for target, own in self.targets.items()
        }

    @property
    def place(self) -> tuple[EngineAddress, Any]:
        """What a run locks; how that is proved and reached is another matter."""
        return self.engine, self.target and self.target.place

    def required(self) -> tuple[str, ...]:
        """Its targets, as words that a record shares with what a promotion asks for."""
        return tuple(f"target {target}" for target in self.targets)

    @property
    def gated(self) -> Service | None:
        """The service whose image a run deploys here."""
        return next((s for s in self.services if s.name == self.gate), None)

    @property
    def published(self) -> Address | None:
        """Where the service under the gate is published."""
        return self.publish.get(self.gate or "")

    def reached(self, address: Address) -> Address:
        """Where others ask for one of its addresses, as far as this tells."""
        if address.host not in EVERYWHERE:
            return address
        # Nobody can ask for all addresses of a machine; the preview or the engine names one.
        parts = self.engine.parts
        named = (self.preview.host if self.preview else None, parts["host"], parts["over"])
        hosts = (host for host in named if host and host not in EVERYWHERE)
        return replace(address, host=next(hosts, address.host))

    @property
    def subject(self) -> Service | None:
        """The service whose image the verdict is about, whoever deploys it."""
        return self.gated or self.elsewhere
