"""How one result of a batch ended: by its entry in the batch, and by its details."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .details import Detail
from .models import Result, Status

if TYPE_CHECKING:
    from .batch_state import Entry


def judged(entry: Entry, detail: Detail | None) -> Result:
    """The result that an entry and its details make; `detail` is None where none arrived.

    What was not run, was cut off or contradicts itself has no verdict. The reason is one sentence,
    or a line for each failed assertion.
    """
    status, reason = _judge(entry, detail)
    known = detail or Detail()
    return Result(
        public_id=entry.public_id,
        name=entry.name,
        status=status,
        reason=reason,
        result_id=entry.result_id,
        initial_result_id=entry.initial_result_id,
        location=entry.location,
        device=entry.device or known.device,
        type=entry.type,
        execution_rule=entry.execution_rule,
        duration=entry.duration,
        retries=entry.retries or 0,
        max_retries=entry.max_retries,
        timed_out=entry.timed_out,
        steps=known.steps,
        assertions=known.assertions,
        timings=known.data.get("timings") or {},
        detail=known.data,
    )


def _judge(entry: Entry, detail: Detail | None) -> tuple[Status, str]:
    if not entry.final:
        return Status.NO_VERDICT, "no result arrived in time; the batch was still running"
    why_not = _why_no_verdict(entry, detail)
    if why_not:
        return Status.NO_VERDICT, why_not
    if entry.status == "failed":
        reason = detail.reason if detail else "failed; its details never arrived"
        return Status.FAILED, reason or "failed, and the result does not say why"
    return Status.PASSED, ""


def _why_no_verdict(entry: Entry, detail: Detail | None) -> str | None:
    if entry.earlier:
        return "it was not run: it passed in an earlier batch, which proves nothing about this one"
    if entry.status == "skipped":
        return "it was skipped, and not run: its execution rule says so"
    if entry.timed_out:
        what = "retry" if (entry.retries or 0) < entry.max_retries else "result"
        return f"the batch timed out before its {what} arrived"
    if detail is not None and not detail.usable:
        return f"it could not be run: {detail.reason or 'unhealthy worker'}"
    if entry.status not in ("passed", "failed"):
        return f"the service answered with the unknown status {entry.status!r}"
    if entry.status == "passed" and detail is not None and detail.status not in ("passed", None):
        return f"the batch says passed, the result says {detail.status!r}"
    return None
