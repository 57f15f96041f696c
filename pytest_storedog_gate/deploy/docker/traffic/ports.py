"""Whether an address that is to be published is free."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import strategies
from pytest_storedog_gate.deploy.reaching.engine_address import is_loopback
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.environment import Address, Environment

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104


def require_free(engine: Engine, address: Address | None, *holders: str) -> str | None:
    """Raises `DeploymentFailed` where something else than the containers `holders` has the address.

    Returns the holder's name if one has it, None where the address is free, or none is asked for.
    """
    if address is None:
        return None
    host = address.host.strip("[]")
    for container in engine.publishers(address.port):
        hosts = {a.host for found in container.bindings.values() for a in found}
        if host not in hosts and host not in _EVERYWHERE and not hosts & set(_EVERYWHERE):
            continue
        if container.name in holders:
            return container.name
        raise DeploymentFailed(
            f"{address} is taken by the container {container.name}: stop it, or publish "
            f"{holders[0]} at another address; nothing changed"
        )
    if engine.way.has_our_ports and _taken_here(host, address.port):
        raise DeploymentFailed(
            f"{address} is taken by a process of this machine: stop it, or publish {holders[0]} at "
            "another address; nothing changed"
        )
    return None


def require_reachable(engine: Engine, environment: Environment) -> None:
    """ConfigurationError where this process is to ask at an address of another machine's own."""
    if is_loopback(engine.host):
        return
    gated = strategies.behind_edge(environment)  # its edge is asked
    asked = {
        f"publish.{service.name}": environment.publish[service.name]
        for service in environment.services
        if service.readiness and service.name in environment.publish and service.name != gated
    }
    if environment.preview is not None:
        asked["preview"] = environment.preview
    for key, address in asked.items():
        if is_loopback(address.host):
            raise ConfigurationError(
                f"environments.{environment.name}.{key}: nobody but the engine's machine, which is "
                f"{engine.host}, reaches {address} of it, and this process has to: name an address "
                f'of it that others reach, as "0.0.0.0:{address.port}", or run there'
            )


def _taken_here(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            # Any other error says that this process cannot tell; the engine will.
            return error.errno == errno.EADDRINUSE
    return False
