"""One batch, from its trigger until every result is final."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .models import Attempt, CheckOutcome, Json, Result, Status, failure_text

if TYPE_CHECKING:
    from .client import SyntheticsClient, Triggered

# Quick at first, since many checks end within a second or two; then datadog-ci's pace.
_INTERVALS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
_STEADY_INTERVAL = 5.0
# The service ends a batch itself at its timeout; this much later we stop believing that it will.
_GRACE = 60.0
# How often the details of a final result are asked for before it is reported without them.
_DETAIL_POLLS = 4

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Clock:
    """The time as a batch sees it. `wait(seconds)` returns True when the run was cancelled."""

    wait: Callable[[float], bool]
    now: Callable[[], float] = time.monotonic


@dataclass
class _Entry:
    """What is known so far of one result: a check at one location on one device."""

    state: Json
    attempts: dict[str, Json | None] = field(default_factory=dict)
    polls: int = 0

    @property
    def final(self) -> bool:
        return self.state.get("status") != "in_progress"

    @property
    def result_id(self) -> str:
        return str(self.state.get("result_id") or "")

    @property
    def complete(self) -> bool:
        """Final, and its details are there or will not come any more."""
        known = not self.result_id or self.attempts.get(self.result_id) is not None
        return self.final and (known or self.polls >= _DETAIL_POLLS)


class Batch:
    """Follows one batch. `outcomes` yields each check once, as soon as all its results are final.

    A result that never arrives, is lost or timed out ends as "no verdict", never as passed.
    """

    def __init__(
        self,
        client: SyntheticsClient,
        triggered: Triggered,
        public_ids: Sequence[str],
        *,
        batch_timeout: float,
        clock: Clock,
    ) -> None:
        self._client = client
        self._triggered = triggered
        self._missing = set(public_ids)
        self._public_ids = tuple(public_ids)
        self._deadline = clock.now() + batch_timeout + _GRACE
        self._clock = clock
        self._entries: dict[Key, _Entry] = {}
        self._status = "in_progress"

    @property
    def id(self) -> str:
        """The batch's ID."""
        return self._triggered.batch_id

    @property
    def url(self) -> str:
        """The page that shows the batch to people."""
        return f"{self._client.endpoint.app}/synthetics/explorer/ci?batchResultId={self.id}"

    def outcomes(self) -> Iterator[CheckOutcome]:
        """Yields every check's outcome as it becomes known; ends early when cancelled."""
        intervals = iter(_INTERVALS)
        while self._missing:
            if self._clock.wait(next(intervals, _STEADY_INTERVAL)):
                return
            self._poll()
            late = self._clock.now() > self._deadline
            for public_id in self._public_ids:
                if public_id in self._missing and (late or self._settled(public_id)):
                    self._missing.discard(public_id)
                    yield self._outcome(public_id)

    def confirm(self, outcome: CheckOutcome) -> CheckOutcome:
        """The outcome once more, from the whole batch: results may have joined in the meantime."""
        return self._outcome(outcome.public_id)

    def _poll(self) -> None:
        data = self._client.batch(self.id)
        self._status = str(data.get("status"))
        for state in data["results"]:
            key = (
                str(state.get("test_public_id")),
                str(state.get("location") or ""),
                str(_device(state.get("device"))),
            )
            entry = self._entries.setdefault(key, _Entry(state))
            entry.state = state
            for name in ("initial_result_id", "result_id"):
                # While an attempt runs its ID is known, but there is nothing to ask for yet.
                running = not entry.final and state.get("retries") is None
                if state.get(name) and not running:
                    entry.attempts.setdefault(str(state[name]), None)
        wanted = [
            (entry, result_id)
            for entry in self._entries.values()
            for result_id, detail in entry.attempts.items()
            if detail is None and entry.polls < _DETAIL_POLLS
        ]
        if wanted:
            details = self._client.results(sorted({result_id for _, result_id in wanted}))
            for entry, result_id in wanted:
                entry.attempts[result_id] = details.get(result_id)
            for entry in {id(entry): entry for entry, _ in wanted if entry.final}.values():
                entry.polls += 1

    def _settled(self, public_id: str) -> bool:
        entries = self._of(public_id)
        if not entries:
            return self._status != "in_progress"
        return all(entry.complete for entry in entries.values())

    def _of(self, public_id: str) -> dict[Key, _Entry]:
        return {key: entry for key, entry in self._entries.items() if key[0] == public_id}

    def _outcome(self, public_id: str) -> CheckOutcome:
        entries = self._of(public_id)
        if not entries:
            reason = f"the batch holds no result of this check ({self.url})"
            lost = Result(public_id, public_id, Status.NO_VERDICT, reason)
            return CheckOutcome(public_id, (lost,))
        return CheckOutcome(
            public_id, tuple(self._result(key, entry) for key, entry in sorted(entries.items()))
        )

    def _result(self, key: Key, entry: _Entry) -> Result:
        state = entry.state
        public_id, location, device = key
        detail = entry.attempts.get(entry.result_id) or {}
        status, reason = _judge(state, detail)
        kind = str(state.get("test_type") or "")
        return Result(
            public_id=public_id,
            name=str(state.get("test_name") or public_id),
            status=status,
            reason=reason,
            result_id=entry.result_id,
            result_url=self._result_url(public_id, entry.result_id, kind),
            location=self._triggered.locations.get(location, location),
            device=device or str(_device(detail.get("device"))),
            type=kind,
            execution_rule=str(state.get("execution_rule") or "blocking"),
            duration=float(state.get("duration") or 0) / 1000,
            retries=int(state.get("retries") or 0),
            max_retries=int(state.get("max_retries") or 0),
            timed_out=bool(state.get("timed_out")),
            attempts=tuple(
                _attempt(
                    result_id, found, (status, reason) if result_id == entry.result_id else None
                )
                for result_id, found in entry.attempts.items()
            ),
            detail=detail,
        )

    def _result_url(self, public_id: str, result_id: str, kind: str) -> str:
        details = f"{self._client.endpoint.app}/synthetics/details/{public_id}"
        suffix = f"batch_id={self.id}&from_ci=true"
        if kind == "browser":
            return f"{details}/result/{result_id}?{suffix}"
        return f"{details}?resultId={result_id}&{suffix}"


def _attempt(result_id: str, detail: Json | None, final: tuple[Status, str] | None) -> Attempt:
    if final is not None:
        return Attempt(result_id, *final)
    # An attempt that another one followed did not pass, whether or not its details arrived.
    return Attempt(result_id, Status.FAILED, failure_text(detail or {}) or "no details")


def _judge(state: Json, detail: Json) -> tuple[Status, str]:
    """One result's status with the reason in one sentence (or a line per failed assertion)."""
    status = state.get("status")
    if status == "in_progress":
        return Status.NO_VERDICT, "no result arrived in time; the batch was still running"
    if status == "skipped":
        return Status.NO_VERDICT, "Datadog skipped it: its execution rule there says skipped"
    if state.get("timed_out"):
        return Status.NO_VERDICT, "the batch timed out before this result arrived"
    # `inconclusive` is the local service's own word: a check that it refuses, or that it broke.
    if detail.get("unhealthy") or detail.get("inconclusive"):
        return (
            Status.NO_VERDICT,
            f"it could not be run: {failure_text(detail) or 'unhealthy worker'}",
        )
    if status == "failed":
        return Status.FAILED, failure_text(detail) or "failed; its details never arrived"
    if status != "passed":
        return Status.NO_VERDICT, f"the service answered with the unknown status {status!r}"
    if detail and detail.get("status") not in ("passed", None):
        return Status.NO_VERDICT, f"the batch says passed, the result says {detail['status']!r}"
    return Status.PASSED, ""


def _device(device: object) -> object:
    return (device.get("id") or "") if isinstance(device, Mapping) else device or ""
