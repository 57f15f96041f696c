"""Values that a run takes of the process environment, and what else must not be shown."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog.overrides import names_in_start_url
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.reading.interpolation import Filled
from pytest_storedog_gate.secrets.places import credentials, credentials_of_overrides
from pytest_storedog_gate.secrets.texts import holds_secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_storedog_gate.settings.environments import EnvironmentSection
    from pytest_storedog_gate.settings.requirements import Requirements

_VARIABLE = re.compile(r"\$\{(\w+)\}")
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
    """The section with values for `${NAME}`, and these values: they are secret from then on.

    So is what the services' environment holds under a secret's name.

    ConfigurationError names `file`, key and variable where one is not set.
    """
    environment = section.environment
    known = {**environ, _ENVIRONMENT: environment.name}
    used: set[str] = set()

    def filled(where: str, data: Any) -> Any:
        if isinstance(data, dict):
            return {key: filled(f"{where}.{key}", value) for key, value in data.items()}
        if not isinstance(data, str) or isinstance(data, Filled):
            return data
        for name in (names := _VARIABLE.findall(data)):
            if name not in known:
                raise ConfigurationError(
                    f"{file}: {where}: ${{{name}}} is not set in the process environment; set it"
                )
        used.update(names)
        return _VARIABLE.sub(lambda match: known[match[1]], data)

    services = tuple(
        replace(s, environment=filled(f"services.{s.name}.environment", s.environment))
        for s in environment.services
    )
    overrides = filled(f"environments.{environment.name}.overrides", environment.overrides)
    environment = replace(environment, services=services, overrides=overrides)
    secrets = {known[n] for n in used - {_ENVIRONMENT}}
    for service in services:
        secrets |= credentials_of_overrides({"variables": dict(service.environment)})
    return replace(section, environment=environment), secrets


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
