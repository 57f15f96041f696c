"""One run's settings: command line, then process environment, then file; each knows its source."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog.calling.endpoint import (
    SITE_VARIABLES,
    URL_VARIABLE,
    US1,
    Endpoint,
    known_site,
)
from pytest_storedog_gate.datadog.calling.keys import KEY_VARIABLES
from pytest_storedog_gate.datadog.overrides import names_in_start_url
from pytest_storedog_gate.datadog.public_ids import Selected
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.secrets.masking import Masker
from pytest_storedog_gate.secrets.places import credentials, credentials_of_overrides
from pytest_storedog_gate.secrets.texts import holds_secret
from pytest_storedog_gate.settings import file as configuration
from pytest_storedog_gate.settings.datadog_ci import DatadogCi
from pytest_storedog_gate.settings.requirements import Level, gathered

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import pytest

    from pytest_storedog_gate.settings.file import Configuration, Environment, Gogs, Service
    from pytest_storedog_gate.settings.requirements import Requirements

_CONFIG_PATH = "DATADOG_SYNTHETICS_CONFIG_PATH"
_ADDRESS = re.compile(r"(?:http|ws)s?://[^?#@]*")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_SHORTEST_SECRET = 6  # characters
_BATCH_TIMEOUT = 1800.0  # s, datadog-ci's default


@dataclass(frozen=True)
class Settings:
    """What one run is asked to do. `sources` tells for each name where its value came from.

    `required_there` is what must have passed in `requires`, the environment before this one.
    `narrowed` tells that a run that only checks was asked for something else than the files do.
    `config_shown` is the configuration file as a person reads it, from where pytest was started.
    """

    environment: Environment
    requires: Environment | None
    required_there: tuple[str, ...]
    config_path: Path
    config_shown: str
    verdicts: Path
    image: str | None
    deploy: bool
    plan: bool
    requirements: Requirements
    backend: str
    site: str
    subdomain: str | None
    url: str | None
    definitions: tuple[str, ...]
    batch_timeout: float
    lock_wait: float
    report: Path | None
    narrowed: bool
    gogs: Gogs | None
    sources: Mapping[str, str]
    smtp: str | None = None
    artifacts: Path | None = None
    api_key: str | None = field(default=None, repr=False)
    app_key: str | None = field(default=None, repr=False)
    gogs_token: str | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @cached_property
    def redact(self) -> Masker:
        """Masks every secret of this run."""
        # Shorter values are placeholders, or words like "db" or "5432".
        return Masker(self.secrets, shortest=_SHORTEST_SECRET)

    def describe(self) -> list[str]:
        """The header's lines: each value with its source."""
        image = f", image {self._sourced('image')}" if self.deploy and self.image else ""
        checks = f"{self.requirements.describe()} ({self.requirements.source})"
        backend = self._sourced("backend")
        lines = [
            f"storedog-gate: {self._sourced('environment')}, {self.mode}{image}",
            f"storedog-gate: checks {checks}, Synthetics {backend}",
            f"storedog-gate: configuration {self.config_shown}",
        ]
        if self.backend == "datadog":
            keys = ", ".join(f"{name}: set" for name in ("DD_API_KEY", "DD_APP_KEY"))
            lines.append(f"storedog-gate: site {self._sourced('site')}, {keys}")
        return lines

    @property
    def mode(self) -> str:
        """What kind of run it is, for people."""
        if not self.deploy:
            return "checks only: deploys and records nothing"
        return "deploys and decides" if self.environment.gated else "decides, deploys nothing"

    def _sourced(self, name: str) -> str:
        value = {
            "environment": self.environment.name,
            "image": self.image,
            "backend": self.backend if self.url is None else f"{self.backend} at {self.url}",
            "site": self.site,
        }[name]
        return f"{value} ({self.sources[name]})"


def load(config: pytest.Config, *, listing: bool = False) -> Settings:
    """Merges command line, process environment and file, and refuses what cannot be run.

    For `listing` checks, keys are no must.
    """
    path = configuration.find(
        config.rootpath, config.getoption("storedog_config"), config.invocation_params.dir
    )
    file = configuration.read(path)
    environment = _environment(config.getoption("storedog_env"), file)
    deploy = _one_of(config, "storedog_deploy", ("auto", "never")) == "auto"
    _one_of(config, "synthetics_backend", ("datadog", "local", None))
    sources = {"environment": "command line"}
    named = file.synthetics
    pick = _Pick(config, sources)

    if not deploy:
        # A single check from a laptop must not ask for what only a deployment needs.
        environment = replace(environment, services=(), gate=None, elsewhere=None)
    environment, secrets = _interpolate(environment, path.name)
    backend = pick("backend", "synthetics_backend", (), (path.name, named.backend))
    url = pick("url", "synthetics_url", (URL_VARIABLE,), (path.name, named.url))
    said = DatadogCi.from_environment(os.environ)
    ours = _CiFile(named.datadog_ci or "", path.parent, in_git=True)
    theirs = _CiFile(os.environ.get(_CONFIG_PATH, ""), config.invocation_params.dir, in_git=False)
    in_file = (theirs if theirs.named else ours).content
    common = ((theirs if theirs.named else ours).named, in_file.site)
    site = pick("site", None, SITE_VARIABLES, (path.name, named.site), common, ("default", US1))
    subdomain = pick(
        "subdomain",
        None,
        ("DATADOG_SUBDOMAIN",),
        (path.name, named.subdomain),
        (common[0], in_file.subdomain),
    )
    requires = file.environments.get(environment.requires or "")
    image = _image(pick, path, environment, requires) if deploy else None
    levels = _levels(config, path, environment, said, (theirs, ours), narrow=not deploy)
    requirements = gathered(levels, narrow=not deploy, execution_rules=environment.execution_rules)
    if not (requirements.public_ids or requirements.search):
        raise ConfigurationError(
            f"{environment.name} has no checks: a gate without checks proves nothing; name them in "
            f"environments.{environment.name}.checks of {path.name}, or with --synthetics-id"
        )
    secrets |= _credentials(requirements) | _from_environment(said.overrides)
    keys = {part: _key(names) for part, names in KEY_VARIABLES.items()}
    gogs_token = _key(("GOGS_TOKEN",)) if file.gogs else None
    if backend == "datadog" and not listing:
        _require_keys(keys)
    if url is not None:
        Endpoint.of_url(url)
    elif backend == "datadog":
        site = known_site(str(site))
    report = config.getoption("storedog_report")
    return Settings(
        environment=environment,
        requires=requires,
        required_there=_names(requires, path, ours) if requires else (),
        config_path=path,
        config_shown=os.path.relpath(path, config.invocation_params.dir),
        verdicts=file.verdicts,
        image=image,
        deploy=deploy,
        plan=config.getoption("storedog_plan"),
        requirements=requirements,
        backend=str(backend),
        site=str(site),
        subdomain=subdomain,
        url=url,
        definitions=tuple(str(path.parent / pattern) for pattern in named.definitions),
        smtp=named.smtp,
        artifacts=path.parent / named.artifacts if named.artifacts else None,
        batch_timeout=said.batch_timeout
        or named.batch_timeout
        or in_file.batch_timeout
        or _BATCH_TIMEOUT,
        lock_wait=_seconds(config, "storedog_lock_wait"),
        report=config.invocation_params.dir / report if report else None,
        narrowed=not deploy and any(level.asks for level in levels if not level.in_git),
        gogs=file.gogs,
        sources=sources,
        api_key=keys["api"],
        app_key=keys["app"],
        gogs_token=gogs_token,
        secrets=tuple({*secrets, *filter(None, (*keys.values(), gogs_token))}),
    )


def _flag(option: str) -> str:
    return f"--{option.replace('_', '-')}"


def _one_of(config: pytest.Config, option: str, values: Sequence[str | None]) -> str | None:
    given: str | None = config.getoption(option)
    if given not in values:
        known = " or ".join(filter(None, values))
        raise ConfigurationError(f"{_flag(option)}={given}: write {known}")
    return given


def _seconds(config: pytest.Config, option: str) -> float:
    given: str = config.getoption(option)
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < math.inf:
        raise ConfigurationError(
            f"{_flag(option)}={given!r} is no number of seconds; write 0 or more"
        )
    return seconds


class _Pick:
    """Takes a value from the first place that has one, and notes which place that was."""

    def __init__(self, config: pytest.Config, sources: dict[str, str]) -> None:
        self._config, self._sources = config, sources

    def __call__(
        self,
        name: str,
        option: str | None,
        variables: tuple[str, ...],
        *places: tuple[str, str | None],
    ) -> str | None:
        """`places` are what comes after command line and process environment."""
        candidates = [("command line", self._config.getoption(option) if option else None)]
        candidates += [(variable, os.environ.get(variable)) for variable in variables]
        for source, value in (*candidates, *places):
            if value:
                self._sources[name] = source
                return str(value)
        return None


def _image(
    pick: _Pick, path: Path, environment: Environment, requires: Environment | None
) -> str | None:
    """The image that the run is about; the file names one only where the run deploys it."""
    in_toml = (path.name, environment.gated.image if environment.gated else None)
    image = pick("image", "storedog_image", ("STOREDOG_IMAGE",), in_toml)
    if image is None and requires is not None:
        raise ConfigurationError(
            f"{environment.name} requires the verdict of {requires.name} and deploys nothing: the "
            "run does not know for which digest; say it with --storedog-image=DIGEST or "
            "STOREDOG_IMAGE"
        )
    return image


class _CiFile:
    """A configuration file of datadog-ci's own, named relative to `root`; empty if none is."""

    def __init__(self, named: str, root: Path, *, in_git: bool) -> None:
        self.named, self._root, self._in_git = named, root, in_git
        self.content = DatadogCi.from_file(root / named) if named else DatadogCi()

    @property
    def level(self) -> Level:
        return _level_of(self.content, self.named, self._root, in_git=self._in_git)


def _levels(  # noqa: PLR0913  # there are that many places
    config: pytest.Config,
    path: Path,
    environment: Environment,
    said: DatadogCi,
    files: tuple[_CiFile, _CiFile],
    *,
    narrow: bool,
) -> list[Level]:
    """The places that ask for checks, the highest first.

    The file that a variable names stands in place of the configuration's in a run that only
    checks, as in datadog-ci; in a run that decides it may add to it.
    """
    here = config.invocation_params.dir
    theirs, ours = files
    counted = [theirs] if narrow and theirs.named else [theirs, ours]
    return [
        Level(
            "command line",
            here,
            _selected(config.getoption("synthetics_id"), "--synthetics-id"),
            tuple(config.getoption("synthetics_files")),
            tuple(config.getoption("synthetics_search")),
            in_git=False,
        ),
        _level_of(said, "DATADOG_SYNTHETICS_*", here, in_git=False),
        _level_in(path, environment),
        *(file.level for file in counted),
    ]


def _level_in(path: Path, environment: Environment) -> Level:
    return Level(
        path.name,
        path.parent,
        environment.checks,
        environment.files,
        _one(environment.search),
        environment.overrides,
    )


def _level_of(found: DatadogCi, source: str, root: Path, *, in_git: bool = True) -> Level:
    return Level(
        source,
        root,
        _selected(found.public_ids, f"the public IDs of {source}"),
        found.files,
        _one(found.search),
        found.overrides,
        in_git,
    )


def _names(requires: Environment, path: Path, ours: _CiFile) -> tuple[str, ...]:
    """What the files require of another environment today."""
    levels = [_level_in(path, requires), ours.level]
    return gathered(levels, narrow=False, execution_rules=requires.execution_rules).names()


def _selected(texts: Iterable[str], where: str) -> tuple[Selected, ...]:
    try:
        return tuple(Selected.parse(text) for text in texts)
    except ValueError as error:
        raise ConfigurationError(f"{where}: {error}") from None


def _one(query: str | None) -> tuple[str, ...]:
    return (query,) if query else ()


def _credentials(requirements: Requirements) -> set[str]:
    """What overrides and definitions hold that must not be shown."""
    sides = (requirements.git, requirements.added)
    layers = [layer for side in sides for layer in (side.overrides, *side.own.values())]
    found = {one for layer in layers for one in credentials_of_overrides(layer)}
    found |= {one for test in requirements.definitions.values() for one in credentials(dict(test))}
    for name in (name for layer in layers for name in names_in_start_url(layer)):
        found.add(os.environ.get(name, ""))
    return found


def _from_environment(overrides: Mapping[str, Any]) -> set[str]:
    """What the process environment's overrides hold: as secret as `${NAME}`, but for addresses."""
    values = {**overrides.get("headers", {}), **overrides.get("variables", {})}.values()
    return {value for value in values if holds_secret(value) and not _ADDRESS.fullmatch(value)}


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
            if name != "STOREDOG_ENV":
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


def _key(names: tuple[str, ...]) -> str | None:
    for name in names:
        # Files and secret stores like to end with a newline.
        key = os.environ.get(name, "").strip()
        if key and not (key.isascii() and key.isprintable()):
            raise ConfigurationError(
                f"{name} holds a character that no key has (its value is not shown); set it anew"
            )
        if key:
            return key
    return None


def _require_keys(keys: Mapping[str, str | None]) -> None:
    missing = [" or ".join(KEY_VARIABLES[part]) for part, key in keys.items() if key is None]
    if missing:
        raise ConfigurationError(
            f"Datadog wants keys, and the process environment lacks {' and '.join(missing)}; set "
            "them, or use --synthetics-backend=local"
        )
