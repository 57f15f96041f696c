"""What `GET /ci/batch/{id}` says, read strictly where a verdict depends on it.

The shape is what datadog-ci reads; https://docs.datadoghq.com/api/latest/synthetics/ lacks the
running batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .details import device_of

if TYPE_CHECKING:
    from .models import Json

RUNNING = "in_progress"


@dataclass(frozen=True)
class Entry:
    """One check at one location on one device. `duration` is in seconds.

    `retries` counts the attempts that have ended but the first; None while the first one runs.
    """

    public_id: str
    name: str
    type: str
    status: str
    location: str
    device: str
    result_id: str
    initial_result_id: str
    execution_rule: str
    duration: float
    retries: int | None
    max_retries: int
    timed_out: bool
    earlier: bool

    @classmethod
    def from_json(cls, data: Json) -> Entry:
        """Reads one of the batch's `results`. KeyError without a test or a status."""
        retries = data.get("retries")
        rerun = data.get("selective_rerun") or {}
        return cls(
            public_id=str(data["test_public_id"]),
            name=str(data.get("test_name") or data["test_public_id"]),
            type=str(data.get("test_type") or ""),
            status=str(data["status"]),
            location=str(data.get("location") or ""),
            device=device_of(data),
            result_id=str(data.get("result_id") or rerun.get("linked_result_id") or ""),
            initial_result_id=str(data.get("initial_result_id") or ""),
            execution_rule=str(data.get("execution_rule") or "blocking"),
            duration=float(data.get("duration") or 0) / 1000,
            retries=None if retries is None else int(retries),
            max_retries=int(data.get("max_retries") or 0),
            timed_out=bool(data.get("timed_out")),
            earlier=rerun.get("decision") == "skip",
        )

    @property
    def final(self) -> bool:
        """Whether no further attempt will come."""
        return self.status != RUNNING

    @property
    def ended(self) -> tuple[str, ...]:
        """The IDs of those attempts, known here, that have ended."""
        last = self.result_id if self.final or self.retries is not None else ""
        return tuple(dict.fromkeys(i for i in (self.initial_result_id, last) if i))


@dataclass(frozen=True)
class BatchState:
    """One answer: the batch's status, and what is known of each result."""

    status: str
    entries: tuple[Entry, ...]

    @classmethod
    def from_json(cls, data: Json) -> BatchState:
        """Reads the answer. KeyError or TypeError where it is none."""
        state = data["data"]
        return cls(str(state["status"]), tuple(Entry.from_json(e) for e in state["results"]))

    @property
    def running(self) -> bool:
        """Whether results may still change or join."""
        return self.status == RUNNING
