"""A `[services.*]` of the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.environment import Readiness, Service, is_name
from pytest_storedog_gate.reading.kinds import INTEGER, SECONDS, STRING, TABLE, one_of

if TYPE_CHECKING:
    from pytest_storedog_gate.reading.table import Table

KEYS = {
    "image": STRING,
    "port": INTEGER,
    "readiness": TABLE,
    "environment": TABLE,
    "volumes": TABLE,
    "candidate": one_of("on", "off"),
}
READINESS = {"http": STRING, "status": INTEGER, "consecutive": INTEGER, "timeout": SECONDS}


def read(table: Table) -> Service:
    """The service; ConfigurationError names file, line and key of each fault."""
    values = table.read(KEYS, needed=("image",))
    if not is_name(table.name):
        raise table.error((), f"{table.name!r} is no service name: use a-z, 0-9, - and _")
    readiness = None
    if "readiness" in values:
        readiness = Readiness(**table.table("readiness").read(READINESS))
        if "port" not in values:
            raise table.error(
                ("readiness",), "readiness over HTTP needs the service's port; add `port = ...`"
            )
    return Service(
        table.name,
        values["image"],
        values.get("port"),
        readiness,
        environment=table.table("environment").each(STRING),
        volumes=table.table("volumes").each(STRING),
        candidate=values.get("candidate"),
    )
