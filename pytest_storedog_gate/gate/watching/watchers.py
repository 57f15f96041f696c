"""Who looks at what: the deployer at its services, and Datadog's monitors and deployment gate."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.calling.endpoint import Endpoint
from pytest_storedog_gate.datadog.calling.keys import Keys
from pytest_storedog_gate.deploy import Watches
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed, GateError, NoVerdict
from pytest_storedog_gate.gate.watching.window import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import ExitStack

    from pytest_storedog_gate.datadog.calling.clock import Clock
    from pytest_storedog_gate.datadog.deployment_gate import DeploymentGates
    from pytest_storedog_gate.datadog.monitors import Monitor, Monitors
    from pytest_storedog_gate.datadog.watch import DeploymentGate
    from pytest_storedog_gate.gate.watching.window import Look, Window
    from pytest_storedog_gate.settings.load import Settings

_GATE = "datadog:deployment-gate"
_PAUSE = 15.0  # s between two looks at Datadog; what it tells is a minute old anyway
_LOOKED_AT = 60.0  # s for the calls of one look


def require_watches(settings: Settings, deployer: object) -> Watches | None:
    """The deployer where it can watch services; None where nobody asks it to.

    Raises ConfigurationError where nothing at all would be watched.
    """
    if settings.watch is None:
        return None
    if isinstance(deployer, Watches):
        return deployer
    if not settings.watch.asks_datadog:
        raise ConfigurationError(
            f"environments.{settings.environment.name}.watch: the deployer of this project cannot "
            "watch services; name `monitors` or a `deployment_gate`, or take it out"
        )
    return None


def of(
    settings: Settings,
    deployer: Watches | None,
    version: Callable[[], str | None],
    clock: Clock,
    resources: ExitStack,
) -> Iterator[Watcher]:
    """All that a run has to watch, with a `deployer` that can; Datadog is asked what it knows.

    `version` is that of what is live, once it is. Raises NoVerdict for a monitor that nobody knows.
    Connections are closed with the `resources`.
    """
    watch = settings.watch
    if watch is None:
        return
    if deployer is not None:
        yield _services(settings, deployer)
    if not watch.asks_datadog:
        return
    # With requests, whose import takes as long as that of what the service answers with.
    from pytest_storedog_gate.datadog.deployment_gate import DeploymentGates  # noqa: PLC0415
    from pytest_storedog_gate.datadog.monitors import Monitors  # noqa: PLC0415

    said = settings.synthetics
    keys = Keys(said.api_key or "", said.app_key or "")
    where = _datadog(settings)
    client = Monitors(where, keys, clock, settings.redact)
    resources.callback(client.close)
    client.deadline = clock.now() + _LOOKED_AT
    found = client.search(watch.monitor_search) if watch.monitor_search else ()
    if known := [client.monitor(each) for each in dict.fromkeys((*watch.monitors, *found))]:
        yield _of_monitors(client, known)
    if watch.deployment_gate is not None:
        gates = DeploymentGates(where, keys, clock, settings.redact)
        resources.callback(gates.close)
        yield _of_deployment_gate(gates, watch.deployment_gate, version)


def _datadog(settings: Settings) -> Endpoint:
    """Where Datadog answers, also in a run whose checks another service runs."""
    said = settings.synthetics
    if said.backend == "datadog" and said.url is not None:
        return Endpoint.of_url(said.url)
    site = Endpoint.of_site(said.site, said.subdomain)
    return replace(site, intake=site.api)  # the other host takes triggers alone


def _services(settings: Settings, deployer: Watches) -> Watcher:
    """Of all services of the environment, the one under the gate first."""
    environment = settings.environment
    names = [service.name for service in environment.services]
    names.sort(key=lambda name: name != environment.gate)
    title = "restarts, health and readiness"
    return Watcher(dict.fromkeys(names, title), lambda _window: deployer.watch())


def _of_monitors(client: Monitors, known: list[Monitor]) -> Watcher:
    """Of Datadog's monitors, as they are `known` from before the deployment."""
    names = {_name(each.id): each.name for each in known}
    return Watcher(names, lambda window: _monitors(client, known, window), pause=_PAUSE)


def _name(monitor: int) -> str:
    return f"datadog:monitor-{monitor}"


def _monitors(client: Monitors, known: list[Monitor], window: Window) -> Iterator[Look]:
    # What alerts before the deployment may be what it is to mend: it has time until the end.
    excused = {each.id for each in known if each.alerts}
    while True:
        over = window.over
        look: dict[str, GateError | None] = {}
        for each in known:
            client.deadline = client.clock.now() + _LOOKED_AT
            found = client.monitor(each.id)
            if not found.alerts:
                excused.discard(each.id)
            if found.fine:
                look[_name(each.id)] = None
            elif found.alerts and (over or each.id not in excused):
                before = ", as it did before the deployment" if each.id in excused else ""
                look[_name(each.id)] = DeploymentFailed(f"{found.told}{before}")
            elif over:
                look[_name(each.id)] = NoVerdict(
                    f"{found.told}, so it proves nothing of this deployment"
                )
        yield look


def _of_deployment_gate(
    client: DeploymentGates, gate: DeploymentGate, version: Callable[[], str | None]
) -> Watcher:
    """Of one evaluation of a deployment gate of Datadog's, which has its own time."""
    title = f"Datadog's deployment gate of {gate.service} in {gate.env}"
    looks = partial(_evaluation, client, gate, version)
    watcher = Watcher({_GATE: title}, looks, pause=_PAUSE)
    return replace(watcher, patience=watcher.patience + gate.timeout)


def _evaluation(
    client: DeploymentGates,
    gate: DeploymentGate,
    version: Callable[[], str | None],
    window: Window,
) -> Iterator[Look]:
    client.deadline = client.clock.now() + _LOOKED_AT
    begun = client.begin(gate, gate.version or version())
    while True:
        client.deadline = client.clock.now() + _LOOKED_AT
        found = client.evaluation(begun)
        if found.ended:
            break
        if window.elapsed > max(gate.timeout, window.seconds):
            see = f"; see {found.url}" if found.url else ""
            raise NoVerdict(
                f"Datadog's evaluation says {found.status} after {window.elapsed:.0f} s{see}"
            )
        yield {}
    while True:
        yield {_GATE: found.fault}
