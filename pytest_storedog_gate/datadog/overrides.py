"""What a run changes in a check for its own batch: datadog-ci's `testOverrides`.

Keys and variables are those of datadog-ci's documentation and its `BaseConfigOverride`. Unlike
there, `false`, `0` and `""` are values like all others, and are sent.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.reading import variables
from pytest_storedog_gate.reading.kinds import (
    BOOLEAN,
    NUMBER,
    OBJECT,
    STRING,
    STRING_MAP,
    STRINGS,
    WHOLE,
    Kind,
    one_of,
)
from pytest_storedog_gate.reading.table import Document, Table, together

if TYPE_CHECKING:
    from collections.abc import Mapping

EXECUTION_RULES = ("blocking", "non_blocking", "skipped")
PREFIX = "DATADOG_SYNTHETICS_OVERRIDE_"

_PLAIN = {
    "allowInsecureCertificates": BOOLEAN,
    "body": STRING,
    "bodyType": STRING,
    "defaultStepTimeout": NUMBER,  # s
    "deviceIds": STRINGS,
    "executionRule": one_of(*EXECUTION_RULES),
    "followRedirects": BOOLEAN,
    "headers": STRING_MAP,
    "locations": STRINGS,
    "resourceUrlSubstitutionRegexes": STRINGS,
    "startUrl": STRING,
    "startUrlSubstitutionRegex": STRING,
    "testTimeout": NUMBER,  # s
    "variables": STRING_MAP,
}
_COOKIES = {"value": STRING, "append": BOOLEAN}
GROUPS = {
    "basicAuth": {"username": STRING, "password": STRING},
    "cookies": _COOKIES,
    "retry": {"count": WHOLE, "interval": NUMBER},  # ms
    "setCookies": _COOKIES,
}
NEEDED = {"basicAuth": ("username", "password"), "cookies": ("value",), "setCookies": ("value",)}
_TEXT_OR_OBJECT = Kind(
    "a string, or an object with a value", lambda value: isinstance(value, str | dict)
)
KINDS = {
    **_PLAIN,
    **{name: _TEXT_OR_OBJECT if "value" in keys else OBJECT for name, keys in GROUPS.items()},
}
_VARIABLES = {
    **_PLAIN,
    **{
        name if key == "value" else f"{name}.{key}": kind
        for name, keys in GROUPS.items()
        for key, kind in keys.items()
    },
}
_NO_MOBILE = "checks of mobile applications are not supported; take it out"
_REFUSED = {
    "appExtractedMetadata": _NO_MOBILE,
    "mobileApplication": _NO_MOBILE,
    "mobileApplicationVersion": _NO_MOBILE,
    "mobileApplicationVersionFilePath": _NO_MOBILE,
    "tunnel": "a tunnel is not supported; use a private location or the local service",
}
_MERGED_BY_KEY = ("headers", "variables")
_PLACEHOLDER = re.compile(r"{{\s*([^{}]*?)\s*}}")  # a process's variables have any name


def validated(table: Table) -> dict[str, Any]:
    """The overrides that `table` holds; ConfigurationError has a sentence for each fault."""
    groups = (name for name in GROUPS if isinstance(table.data.get(name), dict))
    together(
        partial(table.read, KINDS, _REFUSED),
        *(
            partial(table.table(name).read, GROUPS[name], needed=NEEDED.get(name, ()))
            for name in groups
        ),
    )
    return dict(table.data)


def merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """One layer of many: later ones win, and add to `headers` and `variables` key by key."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            result[key] = {**result.get(key, {}), **value} if key in _MERGED_BY_KEY else value
    return result


def from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """What the variables DATADOG_SYNTHETICS_OVERRIDE_* say; ConfigurationError names the variable.

    What datadog-ci passes over in silence is an error here: a value that cannot be read, and an
    unknown name.
    """
    overrides: dict[str, Any] = {}
    for key, value in variables.read(environ, PREFIX, _VARIABLES, _REFUSED).items():
        group, _, part = key.partition(".")
        if group in GROUPS:
            overrides.setdefault(group, {})[part or "value"] = value
        else:
            overrides[key] = value
    return validated(Table(overrides, Document(root=f"{PREFIX}*")))


def names_in_start_url(overrides: Mapping[str, Any]) -> set[str]:
    """The names in `startUrl`'s `{{ NAME }}`."""
    return set(_PLACEHOLDER.findall(str(overrides.get("startUrl") or "")))


def with_environment_in_start_url(
    overrides: Mapping[str, Any], environ: Mapping[str, str]
) -> dict[str, Any]:
    """The same, with variables of the process in `startUrl`'s `{{ NAME }}`.

    Other names are left to Datadog, which knows a check's own variables.
    """
    result = dict(overrides)
    if "startUrl" in result:
        result["startUrl"] = _PLACEHOLDER.sub(
            lambda match: environ.get(match[1], match[0]), result["startUrl"]
        )
    return result
