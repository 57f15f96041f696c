"""The configuration file: `storedog.toml`, or `[tool.storedog-gate]` in pyproject.toml.

Every mistake is one `ConfigurationError` that names file, line and key.
"""

from __future__ import annotations

import difflib
import re
import sys
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

from pytest_storedog_gate.datadog.overrides import EXECUTION_RULES, validated
from pytest_storedog_gate.datadog.public_ids import Selected
from pytest_storedog_gate.deploy.docker import strategies
from pytest_storedog_gate.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

T = TypeVar("T")
D = TypeVar("D", float, None)

BACKENDS = ("datadog", "local")
ON_FAILURE = ("rollback", "keep")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_ADDRESS = re.compile(r"(?P<host>[^:\s]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})")


@dataclass(frozen=True)
class Readiness:
    """Ready means `consecutive` HTTP answers with `status`, all within `timeout` seconds."""

    http: str
    status: int = 200
    consecutive: int = 1
    timeout: float = 60.0


@dataclass(frozen=True)
class Service:
    """One container of an environment; `volumes` maps a volume's name to a folder in it."""

    name: str
    image: str
    port: int | None = None
    readiness: Readiness | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    volumes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Address:
    """A published address of the engine's host."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Environment:
    """Where a digest is deployed, and the checks that it has to pass there.

    `files` are datadog-ci's test files, `search` is a query of Datadog's; `execution_rules` says
    for a public ID what datadog-ci's override of that name would say. `elsewhere` is the service
    that `gate` names where the environment deploys none: it decides on what somebody else deployed.
    """

    name: str
    gate: str | None = None
    elsewhere: Service | None = None
    services: tuple[Service, ...] = ()
    strategy: str = "recreate"
    publish: Mapping[str, Address] = field(default_factory=dict)
    network: str = ""
    engine: str = "unix:///var/run/docker.sock"
    checks: tuple[Selected, ...] = ()
    files: tuple[str, ...] = ()
    search: str | None = None
    execution_rules: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict, repr=False)
    on_failure: str = "rollback"
    requires: str | None = None
    lock_image: str | None = None

    @property
    def gated(self) -> Service | None:
        """The service whose image a run deploys here."""
        return next((s for s in self.services if s.name == self.gate), None)

    @property
    def subject(self) -> Service | None:
        """The service whose image the verdict is about, whoever deploys it."""
        return self.gated or self.elsewhere


@dataclass(frozen=True)
class Synthetics:
    """How to reach Synthetics. `batch_timeout` is in seconds and bounds the whole run's waiting.

    `datadog_ci` names datadog-ci's own configuration file. `smtp` is the HOST:PORT where the local
    service receives mail, `artifacts` the directory where it keeps trace and page of browser tests
    that failed, relative to the configuration file.
    """

    backend: str = "datadog"
    site: str | None = None
    subdomain: str | None = None
    url: str | None = None
    datadog_ci: str | None = None
    definitions: tuple[str, ...] = ()
    smtp: str | None = None
    artifacts: str | None = None
    batch_timeout: float | None = None


@dataclass(frozen=True)
class Gogs:
    """Where verdicts become comments: on the build's pull request, else on `issue`."""

    url: str
    issue: int | None = None


@dataclass(frozen=True)
class Configuration:
    """What the file says."""

    path: Path
    verdicts: Path
    synthetics: Synthetics
    environments: Mapping[str, Environment]
    gogs: Gogs | None = None


def find(rootdir: Path, named: str | None, invocation_dir: Path) -> Path:
    """The file with the configuration: the one named, else the rootdir's default ones.

    A second one between the rootdir and the folder of the invocation could be meant as well, so
    that one of them has to be named.
    """
    if named is not None:
        path = (invocation_dir / named).resolve()
        if not path.is_file():
            raise ConfigurationError(
                f"--storedog-config={named}: there is no such file; name an existing one"
            )
        return path
    found = _default(rootdir)
    below = _below(rootdir.resolve(), invocation_dir.resolve())
    nearer = [second for folder in below if (second := _default(folder))]
    if nearer:
        used = f"{found} would be used" if found else f"pytest's rootdir {rootdir} has none"
        raise ConfigurationError(
            f"{nearer[0]} is nearer, and {used}: say which one is meant with --storedog-config=PATH"
        )
    if found is None:
        raise ConfigurationError(
            f"no configuration: {rootdir} has neither a storedog.toml nor a pyproject.toml with "
            "[tool.storedog-gate]; write one, or name it with --storedog-config=PATH"
        )
    return found


def _default(folder: Path) -> Path | None:
    for name in ("storedog.toml", "pyproject.toml"):
        path = folder / name
        if path.is_file() and (name == "storedog.toml" or "[tool.storedog-gate" in _text(path)):
            return path
    return None


def _below(rootdir: Path, folder: Path) -> list[Path]:
    """`folder` and those above it that are below the rootdir; itself where it is not inside."""
    inside = [above for above in (folder, *folder.parents) if rootdir in above.parents]
    return inside or ([folder] if folder != rootdir else [])


def read(path: Path) -> Configuration:
    """Reads and checks the whole file; a mistake anywhere in it is an error."""
    text = _text(path)
    try:
        data = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, or a number of thousands of digits
        raise ConfigurationError(f"{path.name}: not valid TOML: {error}") from None
    except RecursionError:
        raise ConfigurationError(f"{path.name}: nested too deeply; write it flatter") from None
    top = _Table(path.name, text, (), data)
    if path.name == "pyproject.toml":
        top = top.table("tool").table("storedog-gate")
    synthetics = _synthetics(top.table("synthetics"))
    services = {t.name: _service(t) for t in top.tables("services")}
    environments = {t.name: _environment(t, services) for t in top.tables("environments")}
    for environment in environments.values():
        _check_requires(top, environment, environments)
    verdicts = path.parent / top.take("verdicts", str, ".storedog/verdicts")
    gogs = _gogs(top.table("gogs")) if top.has("gogs") else None
    top.finish()
    return Configuration(path, verdicts, synthetics, environments, gogs)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from None


def _synthetics(table: _Table) -> Synthetics:
    result = Synthetics(
        backend=table.choice("backend", BACKENDS, "datadog"),
        site=table.take("site", str, None),
        subdomain=table.take("subdomain", str, None),
        url=table.take("url", str, None),
        datadog_ci=table.take("datadog_ci", str, None),
        definitions=table.strings("definitions"),
        smtp=table.take("smtp", str, None),
        artifacts=table.take("artifacts", str, None),
        batch_timeout=table.seconds("batch_timeout", None),
    )
    table.finish()
    return result


def _gogs(table: _Table) -> Gogs:
    result = Gogs(url=_http(table, "url"), issue=table.take("issue", int, None))
    table.finish()
    return result


def _http(table: _Table, key: str) -> str:
    text = table.take(key, str)
    try:
        address = urlsplit(text)
        known = address.scheme in ("http", "https") and address.hostname and address.port != 0
    except ValueError:
        known = False
    if not known or "@" in address.netloc:
        raise table.error((key,), 'must be an address like "http://HOST/...", without a password')
    return text


def _service(table: _Table) -> Service:
    readiness = None
    if table.has("readiness"):
        probe = table.table("readiness")
        readiness = Readiness(
            http=probe.take("http", str, "/"),
            status=probe.take("status", int, 200),
            consecutive=probe.take("consecutive", int, 1),
            timeout=probe.seconds("timeout", 60.0),
        )
        probe.finish()
    result = Service(
        name=table.name,
        image=table.take("image", str),
        port=table.take("port", int, None),
        readiness=readiness,
        environment=table.mapping("environment"),
        volumes=table.mapping("volumes"),
    )
    if not _NAME.fullmatch(result.name):
        raise table.error((), f"{result.name!r} is no service name: use a-z, 0-9, - and _")
    if readiness is not None and result.port is None:
        raise table.error(
            ("readiness",), "readiness over HTTP needs the service's port; add `port = ...`"
        )
    table.finish()
    return result


def _environment(table: _Table, services: Mapping[str, Service]) -> Environment:
    chosen = []
    for name in table.strings("services"):
        if name not in services:
            raise table.error(
                ("services",),
                f"{name!r} is not one of the file's [services.*]{_nearest(name, services)}",
            )
        chosen.append(services[name])
    publish = {name: _address(table, name, text) for name, text in table.mapping("publish").items()}
    gate = table.take("gate", str, None)
    result = Environment(
        name=table.name,
        gate=gate,
        elsewhere=services.get(gate or "") if not chosen else None,
        services=tuple(chosen),
        strategy=table.choice("strategy", strategies.names(), "recreate"),
        publish=publish,
        network=table.take("network", str, f"storedog-{table.name}"),
        engine=table.take("engine", str, "unix:///var/run/docker.sock"),
        checks=tuple(_check(table, text) for text in table.strings("checks")),
        files=table.strings("files"),
        search=table.take("search", str, None),
        execution_rules=_execution_rules(table),
        overrides=_overrides(table),
        on_failure=table.choice("on_failure", ON_FAILURE, "rollback"),
        requires=table.take("requires", str, None),
        lock_image=table.take("lock_image", str, None),
    )
    _check_environment(table, result)
    table.finish()
    return result


def _check_environment(table: _Table, environment: Environment) -> None:
    if not _NAME.fullmatch(environment.name):
        raise table.error((), f"{environment.name!r} is no environment name: use a-z, 0-9, - and _")
    names = [service.name for service in environment.services]
    if names and environment.gate is None:
        raise table.error((), "there are services but no `gate`: name the service under the gate")
    if environment.gate is not None and environment.subject is None:
        of = "the environment's services" if names else "the file's [services.*]"
        raise table.error(("gate",), f"{environment.gate!r} is not among {of}")
    for name in environment.publish:
        if name not in names:
            raise table.error(
                ("publish",),
                f"{name!r} is not among the environment's services{_nearest(name, names)}",
            )
        if next(s for s in environment.services if s.name == name).port is None:
            raise table.error(("publish",), f"service {name!r} has no `port` to publish")
    try:
        fault = strategies.find(environment.strategy).fault(environment)
    except ConfigurationError as error:
        raise table.error(("strategy",), str(error)) from None
    if fault is not None:
        raise table.error((fault[0],), fault[1])


def _check_requires(
    top: _Table, environment: Environment, environments: Mapping[str, Environment]
) -> None:
    key = ("environments", environment.name, "requires")
    road = [environment.name]
    while (name := environments[road[-1]].requires) is not None:
        if name not in environments:
            raise top.error(
                ("environments", road[-1], "requires"),
                f"{name!r} is not an environment{_nearest(name, environments)}",
            )
        if name in road:
            raise top.error(
                key,
                f"{' requires '.join((*road, name))}: no digest could ever have such a verdict; "
                "name an environment that comes before",
            )
        road.append(name)


def _check(table: _Table, text: str) -> Selected:
    try:
        return Selected.parse(text)
    except ValueError as error:
        raise table.error(("checks",), str(error)) from None


def _execution_rules(table: _Table) -> dict[str, str]:
    rules = table.mapping("execution_rules")
    for public_id, rule in rules.items():
        if rule not in EXECUTION_RULES:
            raise table.error(
                ("execution_rules", public_id),
                f"{rule!r} is unknown{_nearest(rule, EXECUTION_RULES)}",
            )
    return rules


def _overrides(table: _Table) -> dict[str, Any]:
    try:
        return validated(table.take("overrides", dict, {}), "overrides")
    except ConfigurationError as error:
        raise table.error(("overrides",), str(error)) from None


def _address(table: _Table, name: str, text: str) -> Address:
    match = _ADDRESS.fullmatch(text)
    if match is None or not 0 < int(match["port"]) < 65536:
        raise table.error(("publish", name), f'{text!r} is no address; write "HOST:PORT"')
    return Address(match["host"], int(match["port"]))


def _nearest(word: str, known: Mapping[str, object] | list[str] | tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known) or 'none'}"


_REQUIRED: Any = object()
_KINDS = {str: "a string", int: "an integer", dict: "a table", list: "a list", float: "a number"}


class _Table:
    """One table being read: each key is taken once, and what nobody took is unknown."""

    def __init__(self, file: str, text: str, path: tuple[str, ...], data: object) -> None:
        self.file, self.text, self.path = file, text, path
        if not isinstance(data, dict):
            raise self.error((), f"must be a table, not {data!r}")
        self._data = cast("dict[str, Any]", data)
        self._taken: list[str] = []

    @property
    def name(self) -> str:
        return self.path[-1]

    def error(self, key: tuple[str, ...], what: str) -> ConfigurationError:
        path = self.path + key
        line = _line(self.text, path)
        where = f"{self.file}:{line}" if line else self.file
        return ConfigurationError(
            f"{where}: {'.'.join(path)}: {what}" if path else f"{where}: {what}"
        )

    def has(self, key: str) -> bool:
        return key in self._data

    def take(self, key: str, kind: Callable[..., T], default: Any = _REQUIRED) -> T:
        self._taken.append(key)
        value = self._data.get(key, default)
        if value is _REQUIRED:
            raise self.error((), f"the key {key!r} is missing")
        # bool is an int to Python, not to a reader of the file.
        if key in self._data and (not isinstance(value, kind) or isinstance(value, bool)):  # type: ignore[arg-type]
            raise self.error((key,), f"must be {_KINDS[kind]}, not {value!r}")  # type: ignore[index]
        return cast("T", value)

    def seconds(self, key: str, default: D) -> float | D:
        self._taken.append(key)
        if key not in self._data:
            return default
        value = self._data[key]
        known = isinstance(value, int | float) and not isinstance(value, bool)
        if not known or not 0 < value <= sys.float_info.max:  # neither NaN nor infinity
            raise self.error((key,), f"must be a positive number of seconds, not {value!r}")
        return float(value)

    def choice(self, key: str, known: tuple[str, ...], default: str) -> str:
        value = self.take(key, str, default)
        if value not in known:
            raise self.error((key,), f"{value!r} is unknown{_nearest(value, known)}")
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        values: list[object] = self.take(key, list, [])
        for value in values:
            if not isinstance(value, str):
                raise self.error((key,), f"must be a list of strings, not {value!r}")
        return tuple(cast("list[str]", values))

    def mapping(self, key: str) -> dict[str, str]:
        values: dict[str, object] = self.take(key, dict, {})
        for name, value in values.items():
            if not isinstance(value, str):
                raise self.error((key, name), f"must be a string, not {value!r}")
        return cast("dict[str, str]", values)

    def table(self, key: str) -> _Table:
        self._taken.append(key)
        return _Table(self.file, self.text, (*self.path, key), self._data.get(key, {}))

    def tables(self, key: str) -> list[_Table]:
        parent = self.table(key)
        return [parent.table(name) for name in self._data.get(key, {})]

    def finish(self) -> None:
        for key in self._data:
            if key not in self._taken:
                raise self.error((key,), f"unknown key{_nearest(key, self._taken)}")


_HEADER = re.compile(r"\s*\[\[?\s*(?P<path>[^\]]+?)\s*\]\]?\s*(#.*)?")
_KEY = re.compile(r"\s*(?P<key>[\w.\"'-]+(\s*\.\s*[\w\"'-]+)*)\s*=")


def _line(text: str, path: tuple[str, ...]) -> int | None:
    """The line where `path` stands, else its nearest enclosing table's; tomllib does not tell."""
    best, depth = None, 0
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            table = here = _split(header["path"])
        elif key := _KEY.match(line):
            here = table + _split(key["key"])
        else:
            continue
        if len(here) > depth and here == path[: len(here)]:
            best, depth = number, len(here)
    return best


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
