"""How a verified candidate becomes live: one file a strategy, which has the strategy's name.

Installed packages bring more, as entry points of the group `storedog_gate.strategies`.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from pytest_storedog_gate.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.docker.names import Names
    from pytest_storedog_gate.deploy.docker.specification import Spec
    from pytest_storedog_gate.deploy.environment import Environment

_GROUP = "storedog_gate.strategies"
OWN = tuple(module.name for module in iter_modules(__path__))


class Strategy(Protocol):
    """A module, or another object, with these two functions.

    It may have the constant `CANDIDATE_BECOMES_LIVE` too: False where the candidate only proves
    that the image works, and another container of it becomes live. Where nothing is said, a
    candidate may become live, and no deployment is left out because it would change nothing.
    """

    def fault(self, environment: Environment, /) -> tuple[str, str] | None:
        """The key of an environment that this strategy cannot be used with, and why in words."""

    def swap(self, engine: Engine, names: Names, spec: Spec, /) -> float:
        """Makes `spec` live while its candidate is ready, and leaves the deployment open.

        Opens the journal before it touches what is live. Returns the seconds without an answer.
        After it the live container is restarted by the engine; a previous one that still runs gets
        no new traffic, and is drained and stopped then.
        """


@runtime_checkable
class Prepares(Protocol):
    """What a strategy may have beside."""

    def prepare(
        self,
        engine: Engine,
        environment: Environment,
        names: Names,
        spec: Spec,
        progress: Callable[[str], None],
        /,
    ) -> Spec:
        """Before the candidate is started: brings what the swap needs; the spec to go on with."""

    def foresee(self, engine: Engine, environment: Environment, names: Names, /) -> Iterator[str]:
        """What `prepare` would do, a line for each thing; raises what it would raise."""


def names() -> tuple[str, ...]:
    """What the configuration can name; no strategy is imported for it."""
    brought = (each.name for each in entry_points(group=_GROUP))
    return (*OWN, *(name for name in dict.fromkeys(brought) if name not in OWN))


def find(name: str) -> Strategy:
    """The strategy of a name; `ConfigurationError` where an installed package's is unusable.

    A package cannot take the place of the gate's own.
    """
    if name in OWN:
        return cast("Strategy", import_module(f"{__name__}.{name}"))
    brought = entry_points(group=_GROUP, name=name)
    where = ", ".join(f"{each.value} of {each.dist.name}" for each in brought if each.dist)
    if len(brought) != 1:
        raise ConfigurationError(
            f"the strategy {name!r} has to come from one package, not from {len(brought)} ({where})"
        )
    try:
        found = next(iter(brought)).load()
        _ = found.fault, found.swap
    except Exception as error:
        raise ConfigurationError(
            f"the strategy {name!r} ({where}) cannot be used: {error}; mend or uninstall it"
        ) from error
    return cast("Strategy", found)


def candidate_becomes_live(name: str) -> bool | None:
    """Whether the candidate itself becomes live; None where the strategy does not say."""
    return getattr(find(name), "CANDIDATE_BECOMES_LIVE", None)


def behind_edge(environment: Environment) -> str | None:
    """The service that is reached through the environment's proxy alone; None where none is."""
    through_it = getattr(find(environment.strategy), "BEHIND_EDGE", False)
    return environment.gate if through_it else None


def fault_of_becoming_live(environment: Environment) -> tuple[str, str] | None:
    """Why a candidate cannot become live itself, for `Strategy.fault`.

    All of this an engine gives a container as it creates it, and a candidate must not have it.
    """
    gated = environment.gated
    if gated is None:
        return None
    runtime = gated.runtime
    reasons = {
        "ports": "an engine cannot move a published port" if runtime.ports else None,
        "hostname": "others can reach a container by it" if runtime.hostname else None,
        "networks": "an engine cannot move an alias"
        if any(network.aliases for network in runtime.networks)
        else None,
    }
    found = ((key, reason) for key, reason in reasons.items() if reason)
    for key, reason in found:
        return "strategy", (
            f"services.{gated.name}.{key} cannot be used with strategy {environment.strategy}, "
            f"whose candidate becomes live itself: {reason}; use strategy recreate, or take "
            f"{'the aliases' if key == 'networks' else 'it'} out"
        )
    return None
