"""How a container of a compose file's service runs: limits, health, logs, devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.reading.kinds import BOOLEAN, INTEGER
from pytest_storedog_gate.reading.table import Table
from pytest_storedog_gate.settings.services.compose.scalars import text, typed
from pytest_storedog_gate.settings.services.words import BYTES, CPUS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.reading.table import Keys
    from pytest_storedog_gate.settings.services.compose.around import Around
    from pytest_storedog_gate.settings.services.compose.words import Words

# Compose itself leaves these to Swarm.
_OF_SWARM = ("mode", "endpoint_mode", "labels", "placement", "rollback_config", "update_config")
_RESTART = {"any": "always", "on-failure": "on-failure", "none": "no"}
_LIMITS = {"cpus": "cpus", "memory": "mem_limit", "pids": "pids_limit"}
_KINDS = {"cpus": CPUS, "memory": BYTES, "pids": INTEGER}


def deploy(words: Words, service: Table, _around: Around) -> None:
    """Limits and the restart policy; one container is all that there is."""
    table = service.table("deploy")
    for key in _known(table, (*_OF_SWARM, "replicas", "resources", "restart_policy")):
        if key == "replicas" and table.data[key] != "1":
            raise table.error((key,), "must be 1: a service is one container here")
        if key == "mode" and table.data[key] != "replicated":
            raise table.error((key,), "must be replicated: a service is one container here")
    resources = table.table("resources") if table.data.get("resources") else Table({})
    for part in _known(resources, ("limits", "reservations")):
        limits = resources.table(part)
        for key in _known(limits, (*_LIMITS, "devices")):
            place: Keys = ("deploy", "resources", part, key)
            if part == "limits" and key in _LIMITS:
                words.set(_LIMITS[key], typed(limits.data[key], _KINDS[key]), place)
            elif part == "reservations" and key == "devices":
                words.set("gpus", _asked(service, limits.data[key], place), place)
            elif key != "cpus":  # which compose leaves to Swarm
                raise limits.error((key,), "is not kept free for a container; take it out")
    policy = table.table("restart_policy") if table.data.get("restart_policy") else Table({})
    if policy.data and "restart" not in service.data:
        said = policy.data.get("condition", "any")
        place = ("deploy", "restart_policy", "condition")
        words.set("restart", _RESTART.get(str(said), said), place)


def healthcheck(words: Words, service: Table, _around: Around) -> None:
    table = service.table("healthcheck")
    known = ("test", "interval", "timeout", "retries", "start_period", "disable")
    found = {key: table.data[key] for key in _known(table, known) if table.data[key] is not None}
    for key, kind in (("retries", INTEGER), ("disable", BOOLEAN)):
        if key in found:
            found[key] = typed(found[key], kind)
    if found.get("disable") is False:
        del found["disable"]
    words.set("healthcheck", found, ("healthcheck",))


def logging(words: Words, service: Table, _around: Around) -> None:
    table = service.table("logging")
    found: dict[str, Any] = {key: table.data[key] for key in _known(table, ("driver", "options"))}
    if found.get("options"):
        options = table.table("options").data
        found["options"] = {key: text(value) for key, value in options.items()}
    words.set("logging", found, ("logging",))


def ulimits(words: Words, service: Table, _around: Around) -> None:
    words.set("ulimits", {}, ("ulimits",))
    for name, said in service.table("ulimits").data.items():
        both = {"soft": said, "hard": said} if isinstance(said, str) else said
        if not isinstance(both, dict):
            raise service.error(("ulimits", name), "must be a number, or soft and hard")
        limits = {key: typed(value, INTEGER) for key, value in both.items()}
        words.put("ulimits", name, limits, ("ulimits", name))


def devices(words: Words, service: Table, _around: Around) -> None:
    """In short and in long syntax."""
    for number, one in enumerate(service.data["devices"]):
        long = one if isinstance(one, dict) else {"source": one}
        parts = [long.get(key) for key in ("source", "target", "permissions")]
        words.add("devices", ":".join(str(part) for part in parts if part), ("devices", number))


def gpus(words: Words, service: Table, _around: Around) -> None:
    """`all`, or a list of what is asked for."""
    words.set("gpus", _asked(service, service.data["gpus"], ("gpus",)), ("gpus",))


def _asked(service: Table, said: Any, place: Keys) -> Any:
    if not isinstance(said, list):
        return typed(said, INTEGER)
    found = []
    for number, one in enumerate(said):
        table = Table(one, service.document, (*service.path, *place, number))
        asked = dict(one)
        if asked.pop("options", None):
            raise table.error(("options",), "is not passed on; take it out")
        if "count" in asked:
            asked["count"] = -1 if asked["count"] == "all" else typed(asked["count"], INTEGER)
        found.append(asked)
    return found


def _known(table: Table, keys: tuple[str, ...]) -> Iterator[str]:
    """Its keys, which are all among these."""
    for key in table.data:
        if key.startswith("x-"):
            continue
        if key not in keys:
            raise table.error(
                (key,), f"is nothing that the gate knows of {table.name}; take it out"
            )
        yield key
