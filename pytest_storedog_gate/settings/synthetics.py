"""Which Synthetics service a run uses: the `[synthetics]` of the configuration, and what counts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.calling.endpoint import US1, Endpoint, known_site
from pytest_storedog_gate.datadog.calling.keys import KEY_VARIABLES
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.reading.kinds import INTEGER, LIST, SECONDS, STRING, one_of
from pytest_storedog_gate.settings import secret_values

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_storedog_gate.reading.kinds import Kind
    from pytest_storedog_gate.settings.precedence import Precedence


def _positive(number: int) -> int:
    if number < 1:
        raise ValueError("must be 1 or more")
    return number


_PLAIN = ("backend", "url", "batch_timeout", "site", "subdomain", "smtp")


@dataclass(frozen=True)
class Artifacts:
    """The directory for trace and page of tests; the newest `count` of them, for so many `days`.

    None is what the service does by itself.
    """

    folder: Path
    count: int | None
    days: int | None


@dataclass(frozen=True)
class SyntheticsSettings:
    """How a run reaches Synthetics. `batch_timeout` is in seconds and bounds all its waiting.

    A `url` stands for every address of Datadog's. `definitions`, `smtp` and `artifacts` are the
    local service's: globs, the HOST:PORT where it receives mail, what it keeps of browser tests
    that failed.
    """

    backend: str
    url: str | None
    batch_timeout: float
    site: str
    subdomain: str | None
    definitions: tuple[str, ...]
    smtp: str | None
    artifacts: Artifacts | None
    api_key: str | None = field(repr=False)
    app_key: str | None = field(repr=False)


@dataclass(frozen=True)
class _Backend:
    """What the section says for it; some want keys to run checks, and have sites."""

    keys: Mapping[str, Kind]
    wants_keys: bool = False
    has_sites: bool = False


# The command line may choose another one than the file.
BACKENDS = {
    "datadog": _Backend(
        {"site": STRING, "subdomain": STRING, "datadog_ci": STRING}, wants_keys=True, has_sites=True
    ),
    "local": _Backend(
        {
            "definitions": LIST,
            "smtp": STRING,
            "artifacts": STRING,
            "artifacts_count": INTEGER.meaning(_positive),
            "artifacts_days": INTEGER.meaning(_positive),
        }
    ),
}
KEYS = {
    "backend": one_of(*BACKENDS),
    "url": STRING,
    "batch_timeout": SECONDS,
    **{key: kind for backend in BACKENDS.values() for key, kind in backend.keys.items()},
}
DEFAULTS = {"backend": "datadog", "batch_timeout": 1800.0, "site": US1}  # datadog-ci's


def settled(
    pick: Precedence,
    folder: Path,
    environ: Mapping[str, str],
    *,
    listing: bool,
    watches: bool = False,
) -> SyntheticsSettings:
    """What counts; paths are relative to `folder`. For `listing` checks, keys are no must.

    Who `watches` Datadog's monitors needs its keys and site whichever service runs the checks.

    ConfigurationError says what cannot be meant.
    """
    keys = {part: secret_values.key(environ, names) for part, names in KEY_VARIABLES.items()}
    artifacts: str | None = pick("artifacts")
    found = SyntheticsSettings(
        **{name: pick(name) for name in _PLAIN},
        definitions=tuple(str(folder / pattern) for pattern in pick("definitions") or ()),
        artifacts=Artifacts(folder / artifacts, pick("artifacts_count"), pick("artifacts_days"))
        if artifacts
        else None,
        api_key=keys["api"],
        app_key=keys["app"],
    )
    backend = BACKENDS[found.backend]
    if backend.wants_keys and not listing:
        _require(keys, "or use --synthetics-backend=local")
    elif watches and not listing:
        _require(keys, "the environment's `watch` asks Datadog")
    if found.url is not None:
        Endpoint.of_url(found.url)
    # A watch asks Datadog itself, wherever the checks run.
    at_a_site = found.url is None if backend.has_sites else watches
    if at_a_site:
        return replace(found, site=known_site(found.site, environ))
    return found


def _require(keys: Mapping[str, str | None], more: str) -> None:
    missing = [" or ".join(KEY_VARIABLES[part]) for part, key in keys.items() if key is None]
    if missing:
        raise ConfigurationError(
            f"Datadog wants keys, and the process environment lacks {' and '.join(missing)}; set "
            f"them, {more}"
        )
