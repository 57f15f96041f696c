"""A `[services.*]` of the configuration; what it says of its container has compose's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.deploy.environment import Readiness, Service, is_name
from pytest_storedog_gate.deploy.runtime import Runtime
from pytest_storedog_gate.reading.kinds import (
    BOOLEAN,
    INTEGER,
    LIST,
    SECONDS,
    STRING,
    TABLE,
    one_of,
)
from pytest_storedog_gate.settings.services import mounts, networking, tables
from pytest_storedog_gate.settings.services.refused import REFUSED
from pytest_storedog_gate.settings.services.words import (
    BYTES,
    CPUS,
    DURATION,
    FOLDER,
    HOSTNAME,
    ONE_OR_MORE,
    RESTART,
    SIGNAL,
    TABLE_OR_LIST,
    USER,
    WORDS,
)

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_storedog_gate.reading.table import Table

_OWN = {
    "image": STRING,
    "port": INTEGER,
    "readiness": TABLE,
    "environment": TABLE,
    "env_file": ONE_OR_MORE,
    "candidate": one_of("on", "off"),
    "before_swap": TABLE,
}
_RUNTIME = {
    "command": WORDS,
    "entrypoint": WORDS,
    "user": USER,
    "working_dir": FOLDER,
    "hostname": HOSTNAME,
    "init": BOOLEAN,
    "read_only": BOOLEAN,
    "privileged": BOOLEAN,
    "restart": RESTART,
    "stop_grace_period": DURATION,
    "stop_signal": SIGNAL,
    "ports": networking.PORTS,
    "dns": ONE_OR_MORE,
    "mem_limit": BYTES,
    "shm_size": BYTES,
    "cpus": CPUS,
    "pids_limit": INTEGER,
    "cap_add": LIST,
    "cap_drop": LIST,
    "security_opt": LIST.meaning(tables.security),
    "devices": LIST.meaning(tables.devices),
}
_TABLES = {
    "volumes": TABLE_OR_LIST,
    "tmpfs": ONE_OR_MORE,
    "secrets": TABLE,
    "networks": TABLE_OR_LIST,
    "extra_hosts": TABLE,
    "labels": TABLE,
    "ulimits": TABLE,
    "sysctls": TABLE,
    "gpus": tables.GPUS,
    "healthcheck": TABLE,
    "logging": TABLE,
}
KEYS = {**_OWN, **_RUNTIME, **_TABLES}
READINESS = {"http": STRING, "status": INTEGER, "consecutive": INTEGER, "timeout": SECONDS}


def read(table: Table, folder: Path) -> Service:
    """The service; paths are relative to `folder`.

    ConfigurationError names file, line and key of each fault.
    """
    values = table.read(KEYS, REFUSED, needed=("image",))
    if not is_name(table.name):
        raise table.error((), f"{table.name!r} is no service name: use a-z, 0-9, - and _")
    readiness = None
    if "readiness" in values:
        readiness = Readiness(**table.table("readiness").read(READINESS))
        if "port" not in values:
            raise table.error(
                ("readiness",), "readiness over HTTP needs the service's port; add `port = ...`"
            )
    mounted = mounts.volumes(table, folder)
    own, further = mounts.told_apart(mounted)
    runtime = Runtime(
        **{key: values[key] for key in _RUNTIME if key in values},
        **_from_tables(table, values),
        mounts=further,
        tmpfs=mounts.tmpfs(table),
        secrets=mounts.secrets(table, folder),
    )
    mounts.check_targets(table, mounted, runtime.tmpfs, runtime.secrets)
    return Service(
        table.name,
        values["image"],
        values.get("port"),
        readiness,
        environment=table.table("environment").each(STRING),
        volumes=own,
        candidate=values.get("candidate"),
        env_files=tuple(str(folder / name) for name in values.get("env_file", ())),
        runtime=runtime,
        before_swap=tables.job(table.table("before_swap")) if "before_swap" in values else None,
    )


def _from_tables(table: Table, values: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "networks": networking.networks(table),
        "extra_hosts": table.table("extra_hosts").each(STRING),
        "labels": tables.labels(table.table("labels")),
        "ulimits": tables.ulimits(table.table("ulimits")),
        "sysctls": tables.texts(table.table("sysctls")),
    }
    if "gpus" in values:
        found["gpus"] = tables.gpus(table, values["gpus"])
    if "healthcheck" in values:
        found["healthcheck"] = tables.healthcheck(table.table("healthcheck"))
    if "logging" in values:
        found["logging"] = tables.logging(table.table("logging"))
    return found
