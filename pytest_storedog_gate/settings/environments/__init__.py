"""An `[environments.*]` of the configuration: where a digest goes, and what it has to pass."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog import overrides, watch
from pytest_storedog_gate.datadog.public_ids import CheckReference
from pytest_storedog_gate.deploy import platforms
from pytest_storedog_gate.deploy.environment import Environment, is_name
from pytest_storedog_gate.reading.kinds import LIST, STRING, TABLE, one_of
from pytest_storedog_gate.reading.nearest import suggestion
from pytest_storedog_gate.reading.table import together
from pytest_storedog_gate.settings.environments import targets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_storedog_gate.datadog.watch import Watch
    from pytest_storedog_gate.deploy.environment import Service
    from pytest_storedog_gate.reading.table import Table
    from pytest_storedog_gate.settings.services.catalogue import Catalogue, Undescribed
    from pytest_storedog_gate.settings.services.composed import Described

    Services = Catalogue | Described | Undescribed

RULE = one_of(*overrides.EXECUTION_RULES)
_CHECKS = LIST.meaning(lambda texts: tuple(map(CheckReference.parse, texts)))
_DEPLOYING = {
    "gate": STRING,
    "services": LIST,
    "platform": one_of(*platforms.NAMES),
    "overrides": TABLE,
    "on_failure": one_of("rollback", "keep"),
    "jobs": one_of("first", "each"),
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
KEYS = {**_DEPLOYING, **platforms.keys(), **_CHECKING, "targets": TABLE}
"""Of all platforms."""


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
        """The same, of which a run only checks what answers: it needs nothing of a deployment.

        The service under the gate is still named: by it checks are told where each target is.
        """
        gate = self.environment.gate if self.environment.targets else None
        bare = replace(self.environment, services=(), gate=gate, elsewhere=None, preview=None)
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
    if "targets" not in table.data:
        return _read(table, services, project, folder)
    whole = targets.read(table, KEYS)
    sections = {target: _read(own, services, project, folder) for target, own in whole.items()}
    environment = targets.together(table, {t: each.environment for t, each in sections.items()})
    platforms.find(environment.platform).check(table, environment)
    return replace(next(iter(sections.values())), environment=environment)


def _read(table: Table, services: Services, project: str, folder: Path) -> EnvironmentSection:
    """One that is deployed to one place."""
    named = table.data.get("platform", platforms.DEFAULT)
    # A name that is none is told with all that is wrong beside it.
    name = named if named in platforms.NAMES else platforms.DEFAULT
    platform = platforms.find(name)
    known = {**_DEPLOYING, **platform.KEYS, **_CHECKING}
    values = table.read(known, platforms.refused(name))
    if not is_name(table.name):
        raise table.error((), f"{table.name!r} is no environment name: use a-z, 0-9, - and _")
    said = {key: values.pop(key) for key in _DEPLOYING if key in values}
    theirs = {key: values.pop(key) for key in platform.KEYS if key in values}
    said |= platform.read(table, theirs, project, folder)
    values["execution_rules"] = table.table("execution_rules").each(RULE)
    if "jobs" in said and not targets.is_one_of(table):
        raise table.error(("jobs",), "it is for an environment with `targets`; take it out")
    environment = _deploying(table, {**said, "project": project}, services)
    platform.check(table, environment)
    if "watch" in values:
        values["watch"] = _watch(table, environment)
    return EnvironmentSection(environment, **values)


def _deploying(table: Table, said: dict[str, Any], services: Services) -> Environment:
    said["overrides"] = overrides.validated(table.table("overrides"))
    names = said.pop("services", ())
    if said["project"] and "lock" in names:
        raise table.error(("services",), "'lock' is what the project's lock is called: rename it")
    chosen, elsewhere = _services(table, names, said.get("gate"), services)
    environment = Environment(table.name, elsewhere=elsewhere, services=chosen, **said)
    _check_gate(table, environment)
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
