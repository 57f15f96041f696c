"""An `[environments.*]` of the configuration: where a digest goes, and what it has to pass."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog import overrides, watch
from pytest_storedog_gate.datadog.public_ids import CheckReference
from pytest_storedog_gate.deploy.docker import strategies
from pytest_storedog_gate.deploy.docker.specification import networks
from pytest_storedog_gate.deploy.environment import Address, Environment, is_name
from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress, TlsFiles
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.reading.kinds import LIST, SECONDS, STRING, TABLE, WHOLE, Kind, one_of
from pytest_storedog_gate.reading.nearest import suggestion
from pytest_storedog_gate.reading.table import together

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_storedog_gate.datadog.watch import Watch
    from pytest_storedog_gate.deploy.environment import Service
    from pytest_storedog_gate.reading.table import Table
    from pytest_storedog_gate.settings.services.catalogue import Catalogue, Described, Undescribed

    Services = Catalogue | Described | Undescribed

RULE = one_of(*overrides.EXECUTION_RULES)
TLS = {"ca": STRING, "cert": STRING, "key": STRING}
_TLS_OR_NOT = Kind(
    "a table, or false",
    lambda value: value is False or isinstance(value, dict),
    schema={"anyOf": [TABLE.schema, {"const": False}]},
)
_ADDRESS = STRING.meaning(Address.parse)
_CHECKS = LIST.meaning(lambda texts: tuple(map(CheckReference.parse, texts)))
# What is live, and one to go back to, at least.
_KEPT = Kind(
    "a whole number, at least 2",
    lambda value: WHOLE.fits(value) and value >= 2,
    shown=True,
    schema={"type": "integer", "minimum": 2},
)
_DEPLOYING = {
    "gate": STRING,
    "services": LIST,
    "strategy": STRING,
    "publish": TABLE,
    "network": STRING,
    "engine": STRING.meaning(EngineAddress.parse),
    "tls": _TLS_OR_NOT,
    "overrides": TABLE,
    "on_failure": one_of("rollback", "keep"),
    "lock_image": STRING,
    "preview": _ADDRESS,
    "edge_image": STRING,
    "drain": SECONDS,
    "keep_images": _KEPT,
}
_CHECKING = {
    "checks": _CHECKS,
    "checks_after": _CHECKS,
    "files": LIST,
    "search": STRING,
    "execution_rules": TABLE,
    "requires": STRING,
    "watch": TABLE,
}
KEYS = {**_DEPLOYING, **_CHECKING}


@dataclass(frozen=True)
class EnvironmentSection:
    """Where a digest is deployed, and the checks that it has to pass there.

    `files` are datadog-ci's test files, `search` is a query of Datadog's; `execution_rules` says
    for a public ID what datadog-ci's override of that name would say. `requires` names the
    environment whose open verdict the digest must have before. `checks_after` run once the
    candidate has its traffic, and all others before, where the environment has a `preview`. What
    is live then is watched as `watch` says.
    """

    environment: Environment
    checks: tuple[CheckReference, ...] = ()
    checks_after: tuple[CheckReference, ...] = ()
    files: tuple[str, ...] = ()
    search: str | None = None
    execution_rules: Mapping[str, str] = field(default_factory=dict)
    requires: str | None = None
    watch: Watch | None = None

    @property
    def undeployed(self) -> EnvironmentSection:
        """The same, of which a run only checks what answers: it needs nothing of a deployment."""
        bare = replace(self.environment, services=(), gate=None, elsewhere=None, preview=None)
        return replace(self, environment=bare, watch=None)

    @property
    def going_back(self) -> EnvironmentSection:
        """The same for a run that goes back: its version has had its job, and runs it no more."""
        gate = self.environment.gate
        services = tuple(
            replace(each, before_swap=None) if each.name == gate else each
            for each in self.environment.services
        )
        return replace(self, environment=replace(self.environment, services=services))


def read(table: Table, services: Services, project: str, folder: Path) -> EnvironmentSection:
    """The environment; paths are relative to `folder`.

    ConfigurationError names file, line and key of each fault.
    """
    # Installed packages may bring strategies; a look at all packages takes longer than this file.
    kinds = dict(KEYS)
    if table.data.get("strategy", strategies.OWN[0]) not in strategies.OWN:
        kinds["strategy"] = one_of(*strategies.names())
    values = table.read(kinds)
    if not is_name(table.name):
        raise table.error((), f"{table.name!r} is no environment name: use a-z, 0-9, - and _")
    said = {key: values.pop(key) for key in _DEPLOYING if key in values}
    values["execution_rules"] = table.table("execution_rules").each(RULE)
    environment = _deploying(table, {**said, "project": project}, services, folder)
    if "watch" in values:
        values["watch"] = _watch(table, environment)
    return EnvironmentSection(environment, **values)


def _deploying(table: Table, said: dict[str, Any], services: Services, folder: Path) -> Environment:
    project = said["project"]
    said.setdefault("network", f"{project}.{table.name}" if project else f"storedog-{table.name}")
    said["publish"] = table.table("publish").each(_ADDRESS)
    said["engine"] = _engine(table, said.pop("tls", None), said.get("engine"), folder)
    said["overrides"] = overrides.validated(table.table("overrides"))
    names = said.pop("services", ())
    if project and "lock" in names:
        raise table.error(("services",), "'lock' is what the project's lock is called: rename it")
    chosen, elsewhere = _services(table, names, said.get("gate"), services)
    environment = Environment(table.name, elsewhere=elsewhere, services=chosen, **said)
    _check_gate(table, environment)
    _check_published(table, environment)
    _check_strategy(table, environment)
    _check_candidate(table, environment)
    _check_networks(table, environment)
    return environment


def _watch(table: Table, environment: Environment) -> Watch:
    found = watch.read(table.table("watch"), environment.gate, environment.name)
    if not (environment.services or found.asks_datadog):
        raise table.error(
            ("watch",),
            "the environment has no services to watch; name `monitors` or a `deployment_gate`, or "
            "take it out",
        )
    return found


def _engine(table: Table, tls: object, said: EngineAddress | None, folder: Path) -> EngineAddress:
    """The engine with what TLS to it needs."""
    address = said or EngineAddress()
    if tls is None:
        return address
    by = address.parts
    if tls is False:
        if by["host"] is None and by["context"] is None:
            raise table.error(("tls",), "false is for an engine at tcp://HOST:PORT; take it out")
        return replace(address, plain=True)
    if by["host"] is None:
        raise table.error(("tls",), "it is for an engine at tcp://HOST:PORT; take it out")
    files = {key: folder / path for key, path in table.table("tls").read(TLS).items()}
    if ("cert" in files) != ("key" in files):
        raise table.error(("tls",), "`cert` and `key` belong together: name both, or none")
    return replace(address, tls=TlsFiles(**files))


def _services(
    table: Table, names: Sequence[str], gate: str | None, services: Services
) -> tuple[tuple[Service, ...], Service | None]:
    """Those that are deployed here, and the one that somebody else deploys."""
    key = "services"
    try:
        if names or gate is None:
            ordered = services.in_order(names)
            found = together(*(partial(services.service, name) for name in ordered))
            return tuple(_with_job(table, each, services) for each in found), None
        key = "gate"
        return (), services.elsewhere(gate)
    except ValueError as error:
        raise table.error((key,), str(error)) from None


def _with_job(table: Table, service: Service, services: Services) -> Service:
    """The service, whose job knows the image that it runs in."""
    job = service.before_swap
    if job is None or job.service in (None, service.name):
        return service
    try:
        image = services.service(job.service).image
    except ValueError as error:
        where = f"services.{service.name}.before_swap.service"
        raise table.error(("services",), f"{where}: {error}") from None
    return replace(service, before_swap=replace(job, image=image))


def _check_gate(table: Table, environment: Environment) -> None:
    if environment.services and environment.gate is None:
        raise table.error((), "there are services but no `gate`: name the service under the gate")
    if environment.gate is not None and environment.subject is None:
        what = f"{environment.gate!r} is not among the environment's services"
        raise table.error(("gate",), what)


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
    if gated.candidate == "off" and environment.strategy != "recreate":
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


def check_order(table: Table, sections: Mapping[str, EnvironmentSection]) -> None:
    """Whatever is required is an environment of `table`, and comes before."""
    for start in sections:
        road = [start]
        while (name := sections[road[-1]].requires) is not None:
            if name not in sections:
                raise table.error(
                    (road[-1], "requires"),
                    f"{name!r} is not an environment{suggestion(name, sections)}",
                )
            if name in road:
                raise table.error(
                    (start, "requires"),
                    f"{' requires '.join((*road, name))}: no digest could ever have such a "
                    "verdict; name an environment that comes before",
                )
            road.append(name)
