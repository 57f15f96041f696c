"""Containers of one Docker engine, which the gate makes itself."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.deploy.docker import strategies
from pytest_storedog_gate.deploy.docker.specification import networks
from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.deploy.reaching import configured
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.reading.kinds import SECONDS, STRING, TABLE, WHOLE, Kind, one_of
from pytest_storedog_gate.reading.nearest import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pytest_storedog_gate.deploy import Build, Deployer, ImageReference, Timing
    from pytest_storedog_gate.deploy.environment import Environment
    from pytest_storedog_gate.reading.table import Table

_ADDRESS = STRING.meaning(Address.parse)
# What is live, and one to go back to, at least.
_KEPT = Kind(
    "a whole number, at least 2",
    lambda value: WHOLE.fits(value) and value >= 2,
    shown=True,
    schema={"type": "integer", "minimum": 2},
)


def _strategy(name: str) -> object:
    """Installed packages may bring more; to look at all of them takes longer than the file."""
    return name if name in strategies.OWN else one_of(*strategies.names()).read(name)


KEYS = {
    "strategy": STRING.meaning(_strategy),
    "publish": TABLE,
    "network": STRING,
    **configured.KEYS,
    "lock_image": STRING,
    "preview": _ADDRESS,
    "edge_image": STRING,
    "drain": SECONDS,
    "keep_images": _KEPT,
}
TABLES = {"tls": configured.TLS}


def read(table: Table, said: Mapping[str, Any], project: str, folder: Path) -> dict[str, Any]:
    """See `Platform`."""
    name = table.name
    return {
        "network": f"{project}.{name}" if project else f"storedog-{name}",
        **{key: value for key, value in said.items() if key != "tls"},
        "publish": table.table("publish").each(_ADDRESS),
        "engine": configured.engine(table, said, folder),
    }


def check(table: Table, environment: Environment) -> None:
    """See `Platform`."""
    for target, own in environment.each.items():
        if own.lock_image is None:
            raise table.error(
                ("targets", target),
                "its lock has to be taken before any target is touched, also where nothing stands "
                "there yet: name a `lock_image` that has `cat`, for this one or for all",
            )
    _check_published(table, environment)
    # Nothing can be wrong with what nobody has chosen, and its code is large.
    if "strategy" in table.data or environment.services:
        _check_strategy(table, environment)
    _check_candidate(table, environment)
    _check_networks(table, environment)


def connected(
    environment: Environment,
    build: Build,
    progress: Callable[[str], None],
    redact: Callable[[str], str],
    timing: Timing = nullcontext,
) -> AbstractContextManager[Deployer]:
    """See `Platform`."""
    # With the engine's SDK, which a run that deploys nothing does not wait for.
    from pytest_storedog_gate.deploy.docker import deployer  # noqa: PLC0415

    return deployer.connected(environment, build, progress, redact, timing)


def resolved(
    environment: Environment, reference: ImageReference, redact: Callable[[str], str]
) -> ImageReference:
    """See `Platform`."""
    from pytest_storedog_gate.deploy.docker import images  # noqa: PLC0415  # as above

    return images.resolved(environment.engine, reference, redact)


def _check_published(table: Table, environment: Environment) -> None:
    services = {service.name: service for service in environment.services}
    for name in environment.publish:
        if name not in services:
            raise table.error(
                ("publish",),
                f"{name!r} is not among the environment's services{suggestion(name, services)}",
            )
        if services[name].port is None:
            raise table.error(("publish",), f"service {name!r} has no `port` to publish")
    taken = {address: f"`publish` for {name}" for name, address in environment.publish.items()}
    for service in environment.services:
        for address in service.runtime.addresses:
            if address in taken:
                raise table.error(
                    ("services",),
                    f"services.{service.name}.ports: {address} is named by {taken[address]} too; "
                    "keep one of them",
                )
            taken[address] = f"services.{service.name}.ports"


def _check_strategy(table: Table, environment: Environment) -> None:
    try:
        fault = strategies.find(environment.strategy).fault(environment)
    except ConfigurationError as error:
        raise table.error(("strategy",), str(error)) from None
    if fault is not None:
        key, problem = fault
        raise table.error((key,), problem)


def _check_candidate(table: Table, environment: Environment) -> None:
    gated = environment.gated
    if gated is None:
        return
    alone = strategies.candidate_becomes_live(environment.strategy) is False
    if gated.candidate == "off" and not alone:
        raise table.error(
            ("strategy",),
            f'services.{gated.name}.candidate is "off", and strategy {environment.strategy} gives '
            "the traffic to a candidate; use strategy recreate, which stops the old one first",
        )
    if gated.shared and gated.candidate is None:
        raise table.error(
            ("gate",),
            f"{gated.name} has volumes or folders to write to ({', '.join(gated.shared)}), which "
            "its candidate and what is live would have at once; "
            f'write services.{gated.name}.candidate = "off" (with strategy recreate: the old one '
            'is stopped first), or "on" where two may share them',
        )


def _check_networks(table: Table, environment: Environment) -> None:
    for service in environment.services:
        if environment.network in networks(environment, service):
            raise table.error(
                ("network",),
                f"services.{service.name}.networks names {environment.network} too, which every "
                "service of the environment is in; take it out there",
            )
