"""What services need on the engine before they can be created: networks and volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import names
from pytest_storedog_gate.deploy.docker.specification import networks
from pytest_storedog_gate.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.environment import Environment


def missing_networks(engine: Engine, environment: Environment) -> Iterator[str]:
    """The networks that are to be made.

    Raises `ConfigurationError` where something is not there that the gate does not make.
    """
    wanted = {environment.network: False}
    for service in environment.services:
        for name, network in networks(environment, service).items():
            wanted[name] = network.external
        for mount in service.runtime.mounts:
            if mount.external and engine.volume(mount.source) is None:
                raise _absent(service.name, "volumes", f"volume {mount.source}")
    for name, external in wanted.items():
        if engine.network(name) is None:
            if external:
                raise _absent(_asking(environment, name), "networks", f"network {name}")
            yield name


def create_networks(engine: Engine, environment: Environment) -> Iterator[str]:
    """Makes them; their names."""
    for name in missing_networks(engine, environment):
        engine.create_network(name, names.owner(environment))
        yield name


def _asking(environment: Environment, network: str) -> str:
    return next(s.name for s in environment.services if network in networks(environment, s))


def _absent(service: str, key: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"services.{service}.{key}: the engine has no {what}, and what is external is not made "
        "here: make it first, or take `external` out; nothing changed"
    )
