"""Keys of a service that are tables, or lists with a form of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.deploy.docker.names import DATADOG, PREFIX
from pytest_storedog_gate.deploy.runtime import Gpus, Healthcheck, Job, Logging
from pytest_storedog_gate.reading.kinds import BOOLEAN, INTEGER, LIST, STRING, TABLE, WHOLE, Kind
from pytest_storedog_gate.reading.table import Table
from pytest_storedog_gate.settings.services.words import DURATION, SOME_TIME, TEXT, WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

HEALTHCHECK = {
    "test": replace(
        WORDS, what="a string for a shell, or a list of strings", means=lambda said: said
    ),
    "interval": DURATION,
    "timeout": DURATION,
    "retries": WHOLE,
    "start_period": DURATION,
    "disable": BOOLEAN,
}
LOGGING = {"driver": STRING, "options": TABLE}
JOB = {
    "command": WORDS,
    "entrypoint": WORDS,
    "service": STRING,
    "environment": TABLE,
    "timeout": SOME_TIME,
}
GPU = {
    "driver": STRING,
    "count": INTEGER,
    "device_ids": LIST,
    "capabilities": LIST,
}
GPUS = Kind(
    '"all", a number, or a list of tables',
    lambda value: value == "all" or WHOLE.fits(value) or isinstance(value, list),
    schema={"anyOf": [{"const": "all"}, WHOLE.schema, {"type": "array"}]},
)
ULIMIT = {"soft": INTEGER, "hard": INTEGER}
LIMIT = Kind(
    "an integer, or a table with soft and hard",
    lambda value: INTEGER.fits(value) or TABLE.fits(value),
    schema={"type": ["integer", "object"]},
)
_OURS = tuple(f"{DATADOG}{name}" for name in ("env", "service", "version"))


def security(texts: list[str]) -> tuple[str, ...]:
    """Options of the engine's; a profile in a file is the command line's."""
    for text in texts:
        name, _, value = text.replace(":", "=", 1).partition("=")
        if name == "seccomp" and value not in ("unconfined", "builtin"):
            raise ValueError(
                f"{text!r} names a file, which only Docker's command line reads; the gate knows "
                "seccomp=unconfined and seccomp=builtin"
            )
    return tuple(texts)


def devices(texts: list[str]) -> tuple[str, ...]:
    for text in texts:
        if not text.startswith("/") or text.count(":") > 2:
            raise ValueError(f'{text!r} is no device; write it as in "/dev/snd:/dev/snd:rwm"')
    return tuple(texts)


def labels(table: Table) -> dict[str, str]:
    found = table.each(STRING)
    for name in found:
        if name.startswith(PREFIX) or name in _OURS:
            raise table.error((name,), "the gate sets this label itself; take it out")
    return found


def ulimits(table: Table) -> dict[str, tuple[int, int]]:
    found = {}
    for name, limit in table.each(LIMIT).items():
        if isinstance(limit, int):
            found[name] = (limit, limit)
        else:
            both = table.table(name).read(ULIMIT, needed=("soft", "hard"))
            found[name] = (both["soft"], both["hard"])
    return found


def texts(table: Table) -> dict[str, str]:
    """A table of strings, or of numbers that stand for them."""
    return table.each(TEXT)


def logging(table: Table) -> Logging:
    found = table.read(LOGGING)
    return Logging(found.get("driver", Logging.driver), texts(table.table("options")))


def healthcheck(table: Table) -> Healthcheck:
    found = table.read(HEALTHCHECK)
    if found.pop("disable", False):
        if found:
            raise table.error(("disable",), "leaves nothing to ask; take out the other keys")
        return Healthcheck(("NONE",))
    if "test" in found:
        found["test"] = _test(table, found["test"])
    return Healthcheck(**found)


def _test(table: Table, said: str | list[str]) -> tuple[str, ...]:
    if isinstance(said, str) and said.strip():
        return ("CMD-SHELL", said)
    words = tuple(said)
    if words == ("NONE",) or (len(words) > 1 and words[0] in ("CMD", "CMD-SHELL")):
        return words
    raise table.error(
        ("test",), 'must be a command: a string for a shell, or a list that begins with "CMD"'
    )


def gpus(table: Table, said: Any) -> tuple[Gpus, ...]:
    if said == "all":
        return (Gpus(count=-1),)
    if isinstance(said, int):
        return (Gpus(count=said),)
    return tuple(_gpu(_nested(table, ("gpus", number), one)) for number, one in enumerate(said))


def _gpu(table: Table) -> Gpus:
    found = table.read(GPU)
    if "count" in found and "device_ids" in found:
        raise table.error(("count",), "stands in the place of `device_ids`: keep one of them")
    if "count" not in found and "device_ids" not in found:
        found["count"] = -1
    return Gpus(**found)


def job(table: Table) -> Job:
    found = table.read(JOB, needed=("command",))
    return Job(**{**found, "environment": table.table("environment").each(STRING)})


def _nested(table: Table, key: tuple[str | int, ...], data: Mapping[str, Any]) -> Table:
    return Table(data, table.document, (*table.path, *key))
