"""One run's settings: command line, then process environment, then file; each knows its source."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from . import configuration
from .datadog.selection import Selected
from .errors import ConfigurationError
from .redaction import redactor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

    from .configuration import Configuration, Environment, Service

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_KEY_NAMES = {"api": ("DD_API_KEY", "DATADOG_API_KEY"), "app": ("DD_APP_KEY", "DATADOG_APP_KEY")}
# Shorter values are words like "db" or "5432": masking those would garble every sentence.
_SHORTEST_SECRET = 6


@dataclass(frozen=True)
class Settings:
    """What one run is asked to do. `sources` tells for each name where its value came from."""

    environment: Environment
    requires: Environment | None
    config_path: Path
    verdicts: Path
    image: str | None
    deploy: bool
    plan: bool
    checks: tuple[Selected, ...]
    backend: str
    site: str
    url: str | None
    definitions: tuple[str, ...]
    batch_timeout: float
    lock_wait: float
    report: Path | None
    sources: Mapping[str, str]
    api_key: str | None = field(default=None, repr=False)
    app_key: str | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def redact(self, text: str) -> str:
        """The text with every secret of this run masked."""
        return redactor(self.secrets)(text)

    def describe(self) -> list[str]:
        """The header's lines: each value with its source."""
        mode = "deploys and decides" if self.deploy else "checks only: deploys and records nothing"
        image = f", image {self._sourced('image')}" if self.deploy and self.image else ""
        checks, backend = self._sourced("checks"), self._sourced("backend")
        lines = [
            f"storedog-gate: {self._sourced('environment')}, {mode}{image}",
            f"storedog-gate: checks {checks}, Synthetics {backend}",
        ]
        if self.backend == "datadog":
            keys = ", ".join(f"{name}: set" for name in ("DD_API_KEY", "DD_APP_KEY"))
            lines.append(f"storedog-gate: site {self._sourced('site')}, {keys}")
        return lines

    def _sourced(self, name: str) -> str:
        value = {
            "environment": self.environment.name,
            "image": self.image,
            "checks": len(self.checks),
            "backend": self.backend if self.url is None else f"{self.backend} at {self.url}",
            "site": self.site,
        }[name]
        return f"{value} ({self.sources[name]})"


def load(config: pytest.Config) -> Settings:
    """Merges command line, process environment and file, and refuses what cannot be run."""
    path = configuration.find(
        config.rootpath, config.getoption("storedog_config"), config.invocation_params.dir
    )
    file = configuration.read(path)
    environment = _environment(config.getoption("storedog_env"), file)
    deploy = config.getoption("storedog_deploy") == "auto"
    sources = {"environment": "command line"}
    named = file.synthetics
    pick = _Pick(config, path.name, sources)

    if not deploy:
        # A single check from a laptop must not ask for what only a deployment needs.
        environment = replace(environment, services=(), gate=None)
    environment, secrets = _interpolate(environment, path.name)
    backend = pick("backend", "synthetics_backend", (), named.backend)
    url = pick("url", "synthetics_url", ("DD_API_HOST_OVERRIDE",), named.url)
    site = pick("site", None, ("DD_SITE", "DATADOG_SITE"), named.site, "datadoghq.com")
    image = None
    if deploy and environment.gated is not None:
        image = pick("image", "storedog_image", ("STOREDOG_IMAGE",), environment.gated.image)
    checks = _checks(config, environment, deploy=deploy, sources=sources, file=path.name)
    keys = {part: _key(names) for part, names in _KEY_NAMES.items()}
    if backend == "datadog":
        _require_keys(keys)
    report = config.getoption("storedog_report")
    return Settings(
        environment=environment,
        requires=file.environments.get(environment.requires or ""),
        config_path=path,
        verdicts=file.verdicts,
        image=image,
        deploy=deploy,
        plan=config.getoption("storedog_plan"),
        checks=checks,
        backend=str(backend),
        site=str(site),
        url=url,
        definitions=tuple(str(path.parent / pattern) for pattern in named.definitions),
        batch_timeout=named.batch_timeout,
        lock_wait=config.getoption("storedog_lock_wait"),
        report=config.invocation_params.dir / report if report else None,
        sources=sources,
        api_key=keys["api"],
        app_key=keys["app"],
        secrets=tuple({*secrets, *filter(None, keys.values())}),
    )


class _Pick:
    """Takes a value from the first place that has one, and notes which place that was."""

    def __init__(self, config: pytest.Config, file: str, sources: dict[str, str]) -> None:
        self._config, self._file, self._sources = config, file, sources

    def __call__(
        self,
        name: str,
        option: str | None,
        variables: tuple[str, ...],
        in_file: str | None,
        default: str | None = None,
    ) -> str | None:
        candidates = [("command line", self._config.getoption(option) if option else None)]
        candidates += [(variable, os.environ.get(variable)) for variable in variables]
        candidates += [(self._file, in_file), ("default", default)]
        for source, value in candidates:
            if value:
                self._sources[name] = source
                return str(value)
        return None


def _environment(name: str, file: Configuration) -> Environment:
    found = file.environments.get(name)
    if found is None:
        known = ", ".join(file.environments) or "none"
        raise ConfigurationError(
            f"--storedog-env={name}: {file.path.name} has no [environments.{name}]; known: {known}"
        )
    return found


def _interpolate(environment: Environment, file: str) -> tuple[Environment, set[str]]:
    """Puts the process environment's values for `${NAME}` in; they are secrets from then on."""
    known = {**os.environ, "STOREDOG_ENV": environment.name}
    secrets = set()

    def value(where: str, text: str) -> str:
        def one(match: re.Match[str]) -> str:
            name = match[1]
            if name not in known:
                raise ConfigurationError(
                    f"{file}: {where}: ${{{name}}} is not set in the process environment; set it"
                )
            if name != "STOREDOG_ENV" and len(known[name]) >= _SHORTEST_SECRET:
                secrets.add(known[name])
            return known[name]

        return _VARIABLE.sub(one, text)

    def service(found: Service) -> Service:
        where = f"services.{found.name}.environment"
        values = {k: value(f"{where}.{k}", v) for k, v in found.environment.items()}
        return replace(found, environment=values)

    def nested(where: str, data: Any) -> Any:
        if isinstance(data, dict):
            return {k: nested(f"{where}.{k}", v) for k, v in data.items()}
        return value(where, data) if isinstance(data, str) else data

    result = replace(
        environment,
        services=tuple(service(s) for s in environment.services),
        overrides=nested(f"environments.{environment.name}.overrides", environment.overrides),
    )
    return result, secrets


def _checks(
    config: pytest.Config,
    environment: Environment,
    *,
    deploy: bool,
    sources: dict[str, str],
    file: str,
) -> tuple[Selected, ...]:
    """The checks to run, sorted by public ID.

    A run that decides runs everything that the file requires, and what the command line adds;
    a run that only checks runs just what the command line names, where it names something.
    """
    try:
        named = [Selected.parse(text) for text in config.getoption("synthetics_id")]
    except ValueError as error:
        raise ConfigurationError(f"--synthetics-id: {error}") from None
    if named and not (deploy and environment.checks):
        sources["checks"] = "command line"
        chosen = set(named)
    else:
        sources["checks"] = f"{file} and command line" if named else file
        chosen = {*named, *environment.checks}
    if not chosen:
        raise ConfigurationError(
            f"{environment.name} has no checks: a gate without checks proves nothing; name them in "
            f"environments.{environment.name}.checks of {file}, or with --synthetics-id"
        )
    public_ids = [check.public_id for check in chosen]
    if twice := sorted({p for p in public_ids if public_ids.count(p) > 1}):
        raise ConfigurationError(
            f"{', '.join(twice)} is selected in two versions; a check has one result in a batch"
        )
    return tuple(sorted(chosen, key=lambda check: check.public_id))


def _key(names: tuple[str, ...]) -> str | None:
    return next((os.environ[name] for name in names if os.environ.get(name)), None)


def _require_keys(keys: Mapping[str, str | None]) -> None:
    missing = [" or ".join(_KEY_NAMES[part]) for part, key in keys.items() if key is None]
    if missing:
        raise ConfigurationError(
            f"Datadog wants keys, and the process environment lacks {' and '.join(missing)}; set "
            "them, or use --synthetics-backend=local"
        )
