"""datadog-ci's own configuration: `datadog-ci.json` and the variables DATADOG_SYNTHETICS_*.

What datadog-ci can do and a gate must not, or does otherwise, is refused with what to do instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog import overrides
from pytest_storedog_gate.reading import variables
from pytest_storedog_gate.reading.files import json_table
from pytest_storedog_gate.reading.kinds import BOOLEAN, LIST, NUMBER, STRING, Kind
from pytest_storedog_gate.reading.table import together

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
    parse=NUMBER.parse,
    means=lambda value: value / 1000,
)
_ALWAYS_FAILS = "the gate always fails on these"
_KINDS = {
    "batchTimeout": _MILLISECONDS,
    "failOnCriticalErrors": _only("true", _ALWAYS_FAILS),
    "failOnMissingTests": _only("true", _ALWAYS_FAILS),
    "failOnTimeout": _only("true", _ALWAYS_FAILS),
    "files": LIST,
    "publicIds": LIST,
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
_FIELDS = {
    "batchTimeout": "batch_timeout",
    "datadogSite": "site",
    "files": "files",
    "publicIds": "public_ids",
    "subdomain": "subdomain",
    "testSearchQuery": "search",
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
        file = json_table(path, path.name)
        data, of_all = together(
            lambda: file.read(_KINDS_IN_FILE, _REFUSED_IN_FILE),
            lambda: overrides.validated(file.table("defaultTestOverrides")),
        )
        return cls(overrides=of_all, **_said(data))

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> DatadogCi:
        """Reads the variables DATADOG_SYNTHETICS_*; ConfigurationError names each one's fault."""
        own = {name: v for name, v in environ.items() if not name.startswith(overrides.PREFIX)}
        data, of_all = together(
            lambda: variables.read(own, PREFIX, _KINDS_OF_VARIABLES, _REFUSED),
            lambda: overrides.from_environment(environ),
        )
        return cls(overrides=of_all, **_said(data))


def _said(data: Mapping[str, Any]) -> dict[str, Any]:
    return {_FIELDS[key]: value for key, value in data.items() if value and key in _FIELDS}
