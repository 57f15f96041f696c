"""datadog-ci's own configuration: `datadog-ci.json` and the variables DATADOG_SYNTHETICS_*.

What datadog-ci can do and a gate must not, or does otherwise, is refused with what to do instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog import overrides
from pytest_storedog_gate.reading import fields, json_text
from pytest_storedog_gate.reading.fields import BOOLEAN, NUMBER, STRING, STRINGS, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PREFIX = "DATADOG_SYNTHETICS_"


def _only(word: str, why: str) -> Kind:
    """The boolean `word` and not its opposite."""
    accepted = BOOLEAN.parse(word)
    what = f"{word}: {why}"
    return Kind(f"{what}; take it out", lambda value: value is accepted, what, BOOLEAN.parse)


_MILLISECONDS = Kind(
    "a number of milliseconds, above 0",
    lambda value: NUMBER.fits(value) and value > 0,
    "a number of milliseconds, above 0",
    NUMBER.parse,
)
_ALWAYS_FAILS = "the gate always fails on these"
_KINDS = {
    "batchTimeout": _MILLISECONDS,
    "failOnCriticalErrors": _only("true", _ALWAYS_FAILS),
    "failOnMissingTests": _only("true", _ALWAYS_FAILS),
    "failOnTimeout": _only("true", _ALWAYS_FAILS),
    "files": STRINGS,
    "publicIds": STRINGS,
    "selectiveRerun": _only(
        "false", "a result of an earlier batch proves nothing about what is deployed now"
    ),
    "testSearchQuery": STRING,
    "tunnel": _only("false", "a tunnel is not supported, but private locations are"),
}
_NO_MOBILE = "checks of mobile applications are not supported; take it out"
_REFUSED = {
    "buildCommand": "assets are not built here; build them in a step before this one",
    "jUnitReport": "use --junitxml in its place",
    "jsonReport": "use --storedog-report in its place",
    "latest": _NO_MOBILE,
    "mobileApplicationId": _NO_MOBILE,
    "mobileApplicationVersionFilePath": _NO_MOBILE,
    "versionName": _NO_MOBILE,
}
# What is read elsewhere, or by other commands of datadog-ci.
_ELSEWHERE = Kind("anything", lambda _: True)

_KINDS_IN_FILE = {
    **_KINDS,
    "datadogSite": STRING,
    "subdomain": STRING,
    **dict.fromkeys(
        ("$schema", "aas", "containerApp", "defaultTestOverrides", "excludeFields", "lambda"),
        _ELSEWHERE,
    ),
}
_REFUSED_IN_FILE = {
    **_REFUSED,
    "apiKey": "keys come from the environment only; take it out and set DD_API_KEY",
    "appKey": "keys come from the environment only; take it out and set DD_APP_KEY",
    "global": "datadog-ci has named it defaultTestOverrides since; rename it",
    "pollingTimeout": "datadog-ci has named it batchTimeout since; rename it",
    "proxy": "set HTTPS_PROXY in the environment in its place",
}
_KINDS_OF_VARIABLES = {
    **_KINDS,
    **dict.fromkeys(("ciTriggerApp", "configPath", "excludeFields"), _ELSEWHERE),
}


@dataclass(frozen=True)
class DatadogCi:
    """What datadog-ci is asked for. `batch_timeout` is in seconds; None or empty: nothing said."""

    site: str | None = None
    subdomain: str | None = None
    batch_timeout: float | None = None
    files: tuple[str, ...] = ()
    public_ids: tuple[str, ...] = ()
    search: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_file(cls, path: Path) -> DatadogCi:
        """Reads a `datadog-ci.json`; ConfigurationError names the file and each key's fault."""
        where = f"{path.name}: $"
        content = json_text.read(path, path.name)
        defaults = content.get("defaultTestOverrides", {}) if isinstance(content, dict) else {}
        data, of_all = fields.together(
            lambda: fields.check(content, _KINDS_IN_FILE, _REFUSED_IN_FILE, where),
            lambda: overrides.validated(defaults, f"{where}.defaultTestOverrides"),
        )
        return cls._of(
            data,
            site=data.get("datadogSite"),
            subdomain=data.get("subdomain"),
            overrides=of_all,
        )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> DatadogCi:
        """Reads the process environment; ConfigurationError names each variable's fault."""
        own = {name: v for name, v in environ.items() if not name.startswith(overrides.PREFIX)}
        data, of_all = fields.together(
            lambda: fields.read_variables(own, PREFIX, _KINDS_OF_VARIABLES, _REFUSED),
            lambda: overrides.from_environment(environ),
        )
        return cls._of(
            data,
            site=environ.get("DATADOG_SITE") or environ.get("DD_SITE"),
            subdomain=environ.get("DATADOG_SUBDOMAIN"),
            overrides=of_all,
        )

    @classmethod
    def _of(
        cls,
        data: Mapping[str, Any],
        *,
        site: str | None,
        subdomain: str | None,
        overrides: Mapping[str, Any],
    ) -> DatadogCi:
        timeout = data.get("batchTimeout")
        return cls(
            site=site or None,
            subdomain=subdomain or None,
            batch_timeout=None if timeout is None else timeout / 1000,
            files=tuple(data.get("files", ())),
            public_ids=tuple(data.get("publicIds", ())),
            search=data.get("testSearchQuery") or None,
            overrides=overrides,
        )
