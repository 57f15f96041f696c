"""The `watch` of an environment: for how long, and what of Datadog's beside its services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate.reading.kinds import SECONDS, STRING, TABLE, WHOLE, Kind

if TYPE_CHECKING:
    from pytest_storedog_gate.reading.table import Table

_LONGEST_EVALUATION = 10800.0  # s; as long as `datadog-ci deployment gate` waits


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty; say something, or leave it out")
    return text


_TEXT = STRING.meaning(_said)
_IDS = Kind(
    "a list of monitor IDs, such as [12345678]",
    lambda value: isinstance(value, list) and all(WHOLE.fits(one) and one > 0 for one in value),
    means=lambda ids: tuple(dict.fromkeys(ids)),
    schema={"type": "array", "items": {"type": "integer", "minimum": 1}},
)
KEYS = {
    "seconds": SECONDS,
    "monitors": _IDS,
    "monitor_search": _TEXT,
    "deployment_gate": TABLE,
}
GATE_KEYS = {
    "service": _TEXT,
    "env": _TEXT,
    "identifier": _TEXT,
    "version": _TEXT,
    "apm_primary_tag": _TEXT,
    "timeout": SECONDS,
}


@dataclass(frozen=True)
class DeploymentGate:
    """A deployment gate of Datadog's, in the words of `datadog-ci deployment gate`.

    `version` is None for that of the image; an evaluation has `timeout` seconds.
    """

    service: str
    env: str
    identifier: str | None = None
    version: str | None = None
    apm_primary_tag: str | None = None
    timeout: float = _LONGEST_EVALUATION


@dataclass(frozen=True)
class Watch:
    """For so many `seconds` from the promotion on.

    `monitors` are IDs, `monitor_search` is a query that finds more.
    """

    seconds: float
    monitors: tuple[int, ...] = ()
    monitor_search: str | None = None
    deployment_gate: DeploymentGate | None = None

    def required(self) -> tuple[str, ...]:
        """What has to be watched, as words that a record shares with what a promotion asks for."""
        monitors = (f"watch of monitor {each}" for each in self.monitors)
        search = [f"watch of monitors {self.monitor_search!r}"] if self.monitor_search else []
        gate = ["watch of a deployment gate"] if self.deployment_gate else []
        return ("the watch", *monitors, *search, *gate)

    @property
    def asks_datadog(self) -> bool:
        return bool(self.monitors or self.monitor_search or self.deployment_gate)


def read(table: Table, service: str | None, environment: str) -> Watch:
    """The watch; its deployment gate is that of the `service` there, where it says no other.

    ConfigurationError names file, line and key of each fault.
    """
    values = table.read(KEYS, needed=("seconds",))
    if "deployment_gate" in values:
        gate = table.table("deployment_gate")
        said = gate.read(GATE_KEYS)
        named = said.setdefault("service", service)
        if named is None:
            raise gate.error((), "the key 'service' is missing; add it")
        said.setdefault("env", environment)
        values["deployment_gate"] = DeploymentGate(**said)
    return Watch(**values)
