"""Values that a run takes of the process environment, and what else must not be shown."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog.overrides import names_in_start_url
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.secrets.places import credentials, credentials_of_overrides
from pytest_storedog_gate.secrets.texts import holds_secret
from pytest_storedog_gate.settings.services.from_outside import Filling, from_outside

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_storedog_gate.deploy.environment import Environment
    from pytest_storedog_gate.settings.environments import EnvironmentSection
    from pytest_storedog_gate.settings.requirements import Requirements

_ENVIRONMENT = "STOREDOG_ENV"  # the environment's name, which is no secret
GLOBALS = "STOREDOG_GLOBAL_"  # begins the names of the local service's global variables
_ADDRESS = re.compile(r"(?:http|ws)s?://[^?#@]*")


def key(environ: Mapping[str, str], names: Iterable[str]) -> str | None:
    """The first of these variables that is set; ConfigurationError where it can be no key."""
    for name in names:
        # Files and secret stores like to end with a newline.
        found = environ.get(name, "").strip()
        if found and not (found.isascii() and found.isprintable()):
            raise ConfigurationError(
                f"{name} holds a character that no key has (its value is not shown); set it anew"
            )
        if found:
            return found
    return None


def filled_in(
    section: EnvironmentSection, file: str, environ: Mapping[str, str]
) -> tuple[EnvironmentSection, set[str]]:
    """The section with values for `${NAME}`, and with what the services' files hold.

    With it what is secret from then on: these values, the services' secrets, and what their
    environment holds under a secret's name.

    ConfigurationError names `file`, key and variable where one is not set, or a file that cannot be
    read.
    """
    environment = section.environment
    filling = Filling(file, {**environ, _ENVIRONMENT: environment.name})
    services = tuple(from_outside(filling, service) for service in environment.services)
    where = f"environments.{environment.name}.overrides"
    overrides = filling.filled(where, environment.overrides)
    targets = {
        target: {
            **own,
            "overrides": filling.filled(_of_target(environment, target), own["overrides"]),
        }
        for target, own in environment.targets.items()
    }
    environment = replace(environment, services=services, overrides=overrides, targets=targets)
    secrets = {filling.known[name] for name in filling.used - {_ENVIRONMENT}}
    for service in services:
        job = service.before_swap.environment if service.before_swap else {}
        secrets |= credentials_of_overrides({"variables": {**service.environment, **job}})
        secrets |= {text for secret in service.runtime.secrets for text in secret.texts}
    for own in targets.values():
        secrets |= set(credentials_of_overrides(own["overrides"]))
    return replace(section, environment=environment), secrets


def _of_target(environment: Environment, target: str) -> str:
    return f"environments.{environment.name}.targets.{target}.overrides"


def of_globals(environ: Mapping[str, str]) -> set[str]:
    """The local service's global variables: a person gives one without saying what it holds."""
    return {value for name, value in environ.items() if name.startswith(GLOBALS)}


def of_requirements(requirements: Requirements, environ: Mapping[str, str]) -> set[str]:
    """What overrides and definitions hold that must not be shown."""
    sides = (requirements.git, requirements.added)
    layers = [layer for side in sides for layer in (side.overrides, *side.own.values())]
    found = {one for layer in layers for one in credentials_of_overrides(layer)}
    found |= {one for test in requirements.definitions.values() for one in credentials(dict(test))}
    return found | {environ.get(n, "") for layer in layers for n in names_in_start_url(layer)}


def of_variables(overrides: Mapping[str, Any]) -> set[str]:
    """What the process environment's overrides hold: as secret as `${NAME}`, but for addresses."""
    values = {**overrides.get("headers", {}), **overrides.get("variables", {})}.values()
    return {value for value in values if holds_secret(value) and not _ADDRESS.fullmatch(value)}
