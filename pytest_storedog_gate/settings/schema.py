"""The JSON Schema of storedog.toml, made of the tables that the code reads it with.

Editors complete and check by it. `storedog.schema.json` beside this file is its text. What one key
demands of another, `pytest --storedog-plan` tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog import overrides, watch
from pytest_storedog_gate.deploy import platforms
from pytest_storedog_gate.reading.kinds import INTEGER, LIST, STRING, STRING_MAP, WHOLE
from pytest_storedog_gate.settings import (
    environments,
    file,
    promotion,
    reports,
    services,
    synthetics,
)
from pytest_storedog_gate.settings.environments import targets
from pytest_storedog_gate.settings.services import catalogue, mounts, networking, tables
from pytest_storedog_gate.settings.services.words import TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_storedog_gate.reading.kinds import Kind

Schema = dict[str, Any]
_HAS_IMAGE = {"required": ["image"]}


def schema() -> Schema:
    """Of the whole file."""
    service = _table(
        catalogue.KEYS,
        (),
        readiness=_table(services.READINESS),
        environment=STRING_MAP.schema,
        **_of_runtime(),
    )
    theirs = {key: _of_platform(key, kinds) for key, kinds in platforms.tables().items()}
    theirs |= {"publish": dict(STRING_MAP.schema)}
    target = _table(targets.KEYS, (), **theirs, overrides=_table(targets.OVERRIDES))
    environment = _table(
        environments.KEYS,
        (),
        **theirs,
        targets=_each(target),
        overrides=_overrides(),
        execution_rules=_each(environments.RULE.schema),
        watch=_table(watch.KEYS, needed=("seconds",), deployment_gate=_table(watch.GATE_KEYS)),
    )
    sections = _table(
        file.KEYS,
        synthetics=_table(synthetics.KEYS),
        services=_each(service),
        environments=_each(environment),
        promotion=_table(promotion.KEYS),
        gogs=_table(reports.GOGS_KEYS, needed=("url",)),
        datadog=_table(reports.MARKER_KEYS),
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:pytest-storedog-gate:storedog:1",
        "title": "storedog.toml: which checks an environment's gate asks for, and what is deployed",
        **sections,
        # Else a service of the compose file has one.
        "anyOf": [{"required": ["compose"]}, {"properties": {"services": _each(_HAS_IMAGE)}}],
    }


def _of_platform(key: str, kinds: Mapping[str, Kind]) -> Schema:
    table = _table(kinds)
    may_be_false = {"const": False} in environments.KEYS[key].schema.get("anyOf", ())
    return {"anyOf": [table, {"const": False}]} if may_be_false else table


def _of_runtime() -> dict[str, Schema]:
    mount = _table(mounts.MOUNT, needed=("type", "source", "target"))
    gpu = _table(tables.GPU)
    listed = {"type": "array", "items": {"anyOf": [STRING.schema, mount]}}
    texts = _each(TEXT.schema)
    ulimit = {"anyOf": [INTEGER.schema, _table(tables.ULIMIT, needed=("soft", "hard"))]}
    return {
        "volumes": {"anyOf": [STRING_MAP.schema, listed]},
        "secrets": _each(_table(mounts.SECRET)),
        "networks": {"anyOf": [LIST.schema, _each(_table(networking.NETWORK))]},
        "extra_hosts": dict(STRING_MAP.schema),
        "labels": dict(STRING_MAP.schema),
        "sysctls": texts,
        "ulimits": _each(ulimit),
        "gpus": {"anyOf": [{"const": "all"}, WHOLE.schema, {"type": "array", "items": gpu}]},
        "healthcheck": _table(tables.HEALTHCHECK),
        "logging": _table(tables.LOGGING, options=texts),
        "before_swap": _table(tables.JOB, needed=("command",), environment=dict(STRING_MAP.schema)),
    }


def _overrides() -> Schema:
    groups = {
        name: _table(keys, needed=overrides.NEEDED.get(name, ()))
        for name, keys in overrides.GROUPS.items()
    }
    # Cookies may be a text alone.
    texts = {
        name: {"anyOf": [STRING.schema, group]}
        for name, group in groups.items()
        if overrides.KINDS[name].fits("")
    }
    return _table(overrides.KINDS, **groups | texts)


def _table(
    kinds: Mapping[str, Kind], needed: Sequence[str] = (), **tables: Mapping[str, Any]
) -> Schema:
    """`tables`: what is known of those keys whose kind says only that they are tables."""
    known = {key: tables.get(key, kind.schema) for key, kind in kinds.items()}
    required = {"required": list(needed)} if needed else {}
    return {"type": "object", "properties": known, "additionalProperties": False, **required}


def _each(schema: Mapping[str, Any]) -> Schema:
    return {"type": "object", "additionalProperties": schema}
