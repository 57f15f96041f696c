"""A service of a Docker Swarm, which a stack of the user's has made: the gate changes its image."""

from __future__ import annotations

import re
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.deploy.reaching import configured
from pytest_storedog_gate.deploy.swarm.target import Target
from pytest_storedog_gate.reading.kinds import SECONDS, STRING, TABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pytest_storedog_gate.deploy import Build, Deployer, ImageReference, Timing
    from pytest_storedog_gate.deploy.environment import Environment
    from pytest_storedog_gate.reading.table import Table

# As a Swarm allows one.
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?")


def _name(text: str) -> str:
    """A service's; else ValueError says what is wrong."""
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is no name of a service: write it as docker service ls does")
    return text


_SWARM = {"service": STRING.meaning(_name), "timeout": SECONDS}
KEYS = {**configured.KEYS, "swarm": TABLE, "preview": STRING.meaning(Address.parse)}
_OF_A_PREVIEW = ("port", "candidate")  # of a service; another environment may have one
TABLES = {"tls": configured.TLS, "swarm": _SWARM}


def read(table: Table, said: Mapping[str, Any], project: str, folder: Path) -> dict[str, Any]:
    """See `Platform`."""
    gate = table.data.get("gate", "")
    name = f"{project}_{gate}" if project else gate
    target = Target(**{"service": name, **table.table("swarm").read(_SWARM)})
    own = {"engine": configured.engine(table, said, folder), "target": target}
    return {**own, "preview": said.get("preview")}


def check(table: Table, environment: Environment) -> None:
    """See `Platform`."""
    for service in environment.services:
        if service.name != environment.gate:
            raise table.error(
                ("services",),
                f"{service.name!r} is not under the gate, and a stack owns the others on platform "
                "swarm: name the service under the gate alone",
            )
        if meant := [f"`{key}`" for key in service.says(*_OF_A_PREVIEW)]:
            raise table.error(
                ("services",),
                f"services.{service.name} says {', '.join(meant)}, and on platform swarm the stack "
                "says all but the `image`: take it out",
            )
        if environment.preview and service.candidate == "off":
            raise table.error(
                ("preview",),
                f'services.{service.name}.candidate is "off", and a candidate answers there: take '
                "one of them out",
            )


def connected(
    environment: Environment,
    build: Build,
    progress: Callable[[str], None],
    redact: Callable[[str], str],
    timing: Timing = nullcontext,  # noqa: ARG001  # a service's update has no parts
) -> AbstractContextManager[Deployer]:
    """See `Platform`."""
    # With Docker's SDK, which a run that deploys nothing does not wait for.
    from pytest_storedog_gate.deploy.swarm import deployer  # noqa: PLC0415

    return deployer.connected(environment, build, progress, redact)


def resolved(
    environment: Environment, reference: ImageReference, redact: Callable[[str], str]
) -> ImageReference:
    """See `Platform`: a manager is an engine, which asks the registry as any does."""
    from pytest_storedog_gate.deploy.docker import images  # noqa: PLC0415  # as above

    return images.resolved(environment.engine, reference, redact)
