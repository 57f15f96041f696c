"""How one result of a batch ended: by its entry in the batch, and by its details.

A result that says something else in another place says nothing: each rule below is one way to do
so, and the sentence that a person reads then.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.batch_state import RUNNING, BatchState
from pytest_storedog_gate.datadog.details import NO_DETAIL, Detail, shown, text_of
from pytest_storedog_gate.datadog.models import ANYWHERE, Place, Result, Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_storedog_gate.datadog.batch_state import Entry
    from pytest_storedog_gate.datadog.models import Assertion

# Clocks of workers, of the service and of this machine differ by less.
_CLOCKS = 600.0  # s
# As long Datadog keeps results. What is older, or in other units, is no time of a result.
_KEPT = 456 * 86_400.0  # s, 15 months


@dataclass(frozen=True)
class Evidence:
    """One result, and what stands around it; what is not told is not compared.

    `batch` is the whole answer, which is `late` once nobody waits for it any more; `asked` is one
    of the places that were asked for; `location_name` is what people call the entry's location, as
    the trigger's answer has it; `before` is how the same result had ended in earlier answers.
    Times are Unix times.
    """

    entry: Entry
    detail: Detail = NO_DETAIL
    batch: BatchState = field(default_factory=lambda: BatchState("passed", ()))
    batch_id: str = ""
    late: bool = False
    asked: Place = ANYWHERE
    location_name: str = ""
    before: frozenset[str] = frozenset()
    triggered: float = math.nan
    now: float = math.nan

    @property
    def place(self) -> Place:
        """Where it ran, as far as anything tells."""
        return Place(self.entry.location, self.entry.device or self.detail.device)

    @property
    def began(self) -> float:
        """When it began; NaN where that is not told."""
        return self._time(self.detail.started_at)

    @property
    def ended(self) -> float:
        """When it ended; NaN where that is not told."""
        return self._time(self.detail.finished_at)

    def _time(self, milliseconds: float) -> float:
        return math.nan if milliseconds / 1000 < self.triggered - _KEPT else milliseconds / 1000


# By its sentence, a rule finds what is wrong, or nothing; the sentence may name it as {0}.
_Rules = dict[str, Callable[[Evidence], object]]

_NO_RESULT: _Rules = {
    "an entry of the batch cannot be read": lambda e: not e.entry.readable,
    "no result arrived in time; it was still running": lambda e: e.entry.status == RUNNING,
    "no result arrived in time; it was left in the unknown status {e.entry.status!r}": lambda e: (
        not e.entry.final
    ),
    "it was not run: it passed in an earlier batch, which proves nothing about this one": (
        lambda e: e.entry.earlier
    ),
    "it was skipped, and not run: its execution rule says so": lambda e: (
        e.entry.status == "skipped"
    ),
    "it was cancelled before it had a result": lambda e: e.entry.status == "cancelled",
    "the batch timed out before its {0} arrived": lambda e: e.entry.timed_out and _awaited(e.entry),
    "it could not be run: {0}": lambda e: (
        not e.detail.usable and (e.detail.reason or "unhealthy worker")
    ),
    "the batch holds result {e.entry.result_id} twice, which can be of one place only": lambda e: (
        e.entry.result_id in e.batch.shared
    ),
    "it had ended as {0} before the service called it {e.entry.status}": lambda e: _others(
        e.before, e.entry.status
    ),
}
_NOT_ITS_OWN: _Rules = {
    "its details cannot be read": lambda e: not e.detail.readable,
    "its details are those of result {0}": lambda e: _others(
        e.detail.result_ids, e.entry.result_id
    ),
    "its details are those of the test {0}": lambda e: _others(
        e.detail.test_ids, e.entry.public_id
    ),
    "its details are those of batch {0}": lambda e: _others(e.detail.batch_ids, e.batch_id),
    "its details are those of a scheduled run, which no batch started": lambda e: (
        e.detail.run_type == "scheduled"
    ),
    "the batch says that it ran at {e.entry.place}, its details say {0}": lambda e: _elsewhere(
        e.entry, e.detail, e.location_name
    ),
}
_NOT_FAILED: _Rules = {
    "the batch says failed, the result says 'passed'": lambda e: "passed" in e.detail.statuses,
}
_NOT_PROVED: _Rules = {
    "the batch says passed, and names no result": lambda e: not e.entry.result_id,
    "the batch says passed, and why it failed: {0}": lambda e: e.entry.failure,
    "the batch says passed, and not at which location": lambda e: (
        e.asked.location and not e.place.location
    ),
    "the batch says passed, and nothing says on which device": lambda e: (
        e.asked.device and not e.place.device
    ),
    "the batch never ended: results may be missing": lambda e: e.late and not e.batch.final,
    "the batch says {e.batch.status}, and none of its results does": lambda e: e.batch.unexplained,
    "the batch holds a failed result of no test": lambda e: e.batch.stray_failure,
}
# Each after "the batch says passed, the result ".
_CONTRADICTED: _Rules = {
    "says {0}": lambda e: next((repr(shown(s)) for s in e.detail.statuses if s != "passed"), ""),
    "says that it timed out": lambda e: e.detail.timed_out,
    "says why it failed: {0}": lambda e: e.detail.failure,
    "holds a failed {0}": lambda e: _failed_step(e.detail),
    "holds an assertion that is not true: {0}": lambda e: _unmet(e.detail.assertions),
    "ended before it began": lambda e: e.began > e.ended,
    "ended {0:.0f} s before the batch was triggered": lambda e: (
        e.ended < e.triggered - _CLOCKS and e.triggered - e.ended
    ),
    "began {0:.0f} s before the batch was triggered": lambda e: (
        e.began < e.triggered - _CLOCKS and e.triggered - e.began
    ),
    "ends {0:.0f} s from now": lambda e: e.ended > e.now + _CLOCKS and e.ended - e.now,
}


def judged(evidence: Evidence) -> Result:
    """The result that this makes.

    What was not run, was cut off or contradicts itself has no verdict. The reason is one sentence,
    or a line for each failed assertion.
    """
    foreign = _broken(evidence, _NOT_ITS_OWN)
    if foreign:
        # They tell nothing of this result.
        evidence = replace(evidence, detail=NO_DETAIL)
    status, reason = _judge(evidence, foreign)
    entry, detail = evidence.entry, evidence.detail
    return Result(
        public_id=entry.public_id,
        name=entry.name,
        status=status,
        reason=reason,
        result_id=entry.result_id,
        initial_result_id=entry.initial_result_id,
        batch_id=evidence.batch_id,
        location=entry.location,
        device=evidence.place.device,
        type=entry.type,
        execution_rule=entry.execution_rule,
        duration=entry.duration,
        retries=entry.retries or 0,
        max_retries=entry.max_retries,
        timed_out=entry.timed_out,
        steps=detail.steps,
        assertions=detail.assertions,
        timings=detail.timings,
        detail=detail.data,
    )


def _judge(evidence: Evidence, foreign: str) -> tuple[Status, str]:
    why_not = _broken(evidence, _NO_RESULT)
    if evidence.entry.status == "failed":
        why_not = why_not or _broken(evidence, _NOT_FAILED)
        return (Status.NO_VERDICT, why_not) if why_not else (Status.FAILED, _why(evidence, foreign))
    why_not = why_not or foreign or _broken(evidence, _NOT_PROVED)
    if not why_not and (said := _broken(evidence, _CONTRADICTED)):
        why_not = f"the batch says passed, the result {said}"
    return (Status.NO_VERDICT if why_not else Status.PASSED), why_not


def _why(evidence: Evidence, foreign: str) -> str:
    if evidence.detail.ended:
        return evidence.detail.reason or "failed, and the result does not say why"
    return evidence.detail.reason or f"failed; {foreign or 'its details never arrived'}"


def _broken(evidence: Evidence, rules: _Rules) -> str:
    """What the first rule says that finds anything; empty where none does."""
    for sentence, find in rules.items():
        if found := find(evidence):
            return sentence.format(found, e=evidence)
    return ""


def _others(said: frozenset[str], wanted: str) -> str:
    return ", ".join(sorted(said - {wanted})) if wanted else ""


def _elsewhere(entry: Entry, detail: Detail, location_name: str) -> str:
    """The first place in the details that is not the entry's."""
    for location in sorted(detail.locations) or [""]:
        here = location == location_name
        place = Place(entry.location if here else location, detail.device)
        if not entry.place.fits(place):
            return str(place)
    return ""


def _awaited(entry: Entry) -> str:
    return "retry" if (entry.retries or 0) < entry.max_retries else "result"


def _unmet(assertions: Iterable[Assertion]) -> str:
    return next((text_of(assertion) for assertion in assertions if not assertion.valid), "")


def _failed_step(detail: Detail) -> str:
    """The first step that speaks against a pass, and what it says."""
    for number, step in enumerate(detail.steps, 1):
        failed = "failed" if step.status is Status.FAILED else ""
        why = step.reason or _unmet(step.assertions) or failed
        if why and not step.allow_failure:
            return f"step {number}, {step.name}: {why}"
    return ""
