"""A container as the engine describes it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.deploy.docker.names import UNSAID
from pytest_storedog_gate.deploy.environment import Address

if TYPE_CHECKING:
    from collections.abc import Mapping

_ANONYMOUS = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Container:
    """One look at a container; timestamps are the engine's own text.

    `image_id` is the image that runs, `image` the reference that it was created from. `answers_to`
    maps a network to the names that resolve to this container there. `bindings` maps a container
    port to the addresses where the engine publishes it now, `wanted` lists the addresses asked for.
    `addresses` maps a network to the one that the running container has there. `anonymous` maps a
    volume that only its image asked for to its folder. `grace` is how many seconds it has from the
    signal that is to end it, where it was created with that.
    """

    id: str
    name: str
    status: str
    exit_code: int
    health: str | None
    started_at: str
    created_at: str
    restarts: int
    image_id: str
    image: str
    labels: Mapping[str, str]
    answers_to: Mapping[str, frozenset[str]]
    bindings: Mapping[int, tuple[Address, ...]]
    wanted: tuple[Address, ...]
    stop_signal: str = "SIGTERM"
    grace: int | None = None
    addresses: Mapping[str, str] = field(default_factory=dict)
    anonymous: Mapping[str, str] = field(default_factory=dict)
    goes_when_stopped: bool = False

    @property
    def running(self) -> bool:
        return self.status == "running"

    @property
    def has_ended(self) -> bool:
        return self.status in ("exited", "dead")

    def has(self, address: Address) -> bool:
        """Whether the engine publishes it at this address now."""
        bare = Address(address.host.strip("[]"), address.port)
        return any(bare in found for found in self.bindings.values())

    @classmethod
    def from_inspection(cls, data: Mapping[str, Any]) -> Container:
        """Reads the engine's `GET /containers/{id}/json`."""
        state, config, host = data["State"], data["Config"], data["HostConfig"]
        name = data["Name"].removeprefix("/")
        health = state.get("Health") or {}
        return cls(
            id=data["Id"],
            name=name,
            status=state["Status"],
            exit_code=state["ExitCode"],
            health=None if health.get("Status") in (None, "none") else health["Status"],
            started_at=state["StartedAt"],
            created_at=data["Created"],
            restarts=data["RestartCount"],
            image_id=data["Image"],
            image=config["Image"],
            labels={
                label: text
                for label, text in (config.get("Labels") or {}).items()
                if text or label not in UNSAID
            },
            answers_to={
                network: frozenset({name, *(endpoint.get("Aliases") or ())})
                for network, endpoint in data["NetworkSettings"]["Networks"].items()
            },
            bindings=_bindings(data["NetworkSettings"].get("Ports")),
            wanted=tuple(
                address
                for addresses in _bindings(host.get("PortBindings")).values()
                for address in addresses
                if address.port
            ),
            goes_when_stopped=bool(host.get("AutoRemove")),
            stop_signal=config.get("StopSignal") or "SIGTERM",
            grace=config.get("StopTimeout"),
            addresses={
                network: endpoint["IPAddress"]
                for network, endpoint in data["NetworkSettings"]["Networks"].items()
                if endpoint.get("IPAddress")
            },
            anonymous={
                mount["Name"]: mount["Destination"]
                for mount in data.get("Mounts") or ()
                if mount["Type"] == "volume" and _ANONYMOUS.fullmatch(mount["Name"])
            },
        )


def _bindings(ports: Mapping[str, Any] | None) -> dict[int, tuple[Address, ...]]:
    found: dict[int, tuple[Address, ...]] = {}
    for port, published in (ports or {}).items():
        number = int(port.partition("/")[0])  # of TCP and UDP
        for where in published or ():
            address = Address(where["HostIp"] or "0.0.0.0", int(where["HostPort"] or 0))  # noqa: S104
            found[number] = (*found.get(number, ()), address)
    return found
