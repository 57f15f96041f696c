"""How a container of a service runs, in the words of Docker's compose files."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_storedog_gate.deploy.environment import Address

SECRETS = "/run/secrets"
"""The folder where a container finds its secrets."""
_LONG_LINE = 20  # characters


@dataclass(frozen=True)
class Mount:
    """A volume (`type` "volume") or a folder of the engine's machine ("bind") at `target`.

    An `external` volume is called so on the engine, and was there before.
    """

    type: Literal["volume", "bind"]
    source: str
    target: str
    read_only: bool = False
    external: bool = False


@dataclass(frozen=True)
class Secret:
    """A file in `SECRETS`. Its content is that of `file`, or of the variable `environment`.

    It is None until a run that deploys has read it. `mode` is in octal, as in "0400".
    """

    name: str
    file: str | None = None
    environment: str | None = None
    target: str = ""
    uid: int = 0
    gid: int = 0
    mode: str = "0444"
    content: bytes | None = field(default=None, repr=False)

    @property
    def path(self) -> str:
        return f"{SECRETS}/{self.target or self.name}"

    @property
    def texts(self) -> set[str]:
        """What must not be shown: the whole, and each long line of it, as a key has."""
        whole = (self.content or b"").decode("utf-8", "replace").strip()
        return {whole, *(line for line in whole.split() if len(line) > _LONG_LINE)}


@dataclass(frozen=True)
class Port:
    """A container's port, published at an address of the engine's machine."""

    target: int
    published: Address
    protocol: str = "tcp"

    @property
    def key(self) -> str:
        """As the engine writes it."""
        return f"{self.target}/{self.protocol}"


@dataclass(frozen=True)
class Network:
    """A further network, and what the container is called there beside its own name.

    An `external` one is called so on the engine, and was there before.
    """

    name: str
    aliases: tuple[str, ...] = ()
    external: bool = False


@dataclass(frozen=True)
class Healthcheck:
    """In the place of the image's HEALTHCHECK; `test` is ("NONE",) for none. Times in seconds."""

    test: tuple[str, ...] = ()
    interval: float | None = None
    timeout: float | None = None
    retries: int | None = None
    start_period: float | None = None


@dataclass(frozen=True)
class Logging:
    """Where the engine keeps what the container writes."""

    driver: str = "json-file"
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Gpus:
    """`count` is -1 for all; `device_ids` are in its place."""

    driver: str = ""
    count: int = 0
    device_ids: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ("gpu",)


@dataclass(frozen=True)
class Runtime:
    """Each field has compose's name and meaning; None leaves it to the image or the engine.

    Times are in seconds, sizes in bytes; `ulimits` maps a name to the soft and the hard limit.
    `init` is what compose calls so, and true here: as the first process a program without a
    handler for SIGTERM would take the whole grace to stop.
    """

    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    user: str | None = None
    working_dir: str | None = None
    hostname: str | None = None
    init: bool = True
    read_only: bool = False
    privileged: bool = False
    restart: str = "unless-stopped"
    stop_grace_period: float | None = None
    stop_signal: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    tmpfs: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[Secret, ...] = ()
    ports: tuple[Port, ...] = ()
    networks: tuple[Network, ...] = ()
    extra_hosts: Mapping[str, str] = field(default_factory=dict)
    dns: tuple[str, ...] = ()
    mem_limit: int | None = None
    shm_size: int | None = None
    cpus: float | None = None
    pids_limit: int | None = None
    ulimits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    sysctls: Mapping[str, str] = field(default_factory=dict)
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    gpus: tuple[Gpus, ...] = ()
    healthcheck: Healthcheck | None = None
    logging: Logging | None = None

    @property
    def addresses(self) -> list[Address]:
        """Where its ports are published over TCP."""
        return [port.published for port in self.ports if port.protocol == "tcp"]

    @property
    def shared(self) -> Iterator[Mount]:
        """What two containers would both write to."""
        return (mount for mount in self.mounts if not mount.read_only)

    def facts(self) -> dict[str, Any]:
        """What differs from a container of which nothing is said; of secrets, a digest."""
        sealed = replace(self, secrets=())
        said = {
            each.name: value
            for each, value in zip(fields(self), asdict(sealed).values(), strict=True)
            if getattr(sealed, each.name) != getattr(_DEFAULT, each.name)
        }
        if self.secrets:
            said["secrets"] = [
                [each.path, each.uid, each.gid, each.mode, _digest(each.content)]
                for each in self.secrets
            ]
        return said


@dataclass(frozen=True)
class Job:
    """Runs once before a version of a service starts, in a container like the service's own.

    It is of the same image, or of that of another service, `service`; `environment` adds to the
    service's, `timeout` is in seconds. `image` is the other service's, None for the same.
    """

    command: tuple[str, ...]
    entrypoint: tuple[str, ...] | None = None
    service: str | None = None
    image: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: float = 300.0


_DEFAULT = Runtime()


def _digest(content: bytes | None) -> str:
    if content is None:
        raise ValueError("a secret has to be read before a container is made of it")
    return hashlib.sha256(content).hexdigest()
