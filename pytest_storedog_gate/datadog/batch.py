"""One batch, from its trigger until every result is final."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .judging import judged
from .models import Attempt, CheckOutcome, Result, Status
from .pace import Pace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .batch_state import BatchState, Entry
    from .client import SyntheticsClient, Triggered
    from .details import Detail

# The service ends a batch itself at its timeout; this much later we stop believing that it will.
GRACE = 60.0
# Between two questions for details that lag behind the end of their batch.
_LAG = 2.0

# Location, device, and which of several results there: none may hide another one.
Place = tuple[str, str, int]


@dataclass
class _Followed:
    """What is known so far of one result: a check at one place."""

    entry: Entry
    details: dict[str, Detail | None] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Final, with the details of every attempt."""
        return self.entry.final and None not in self.details.values()


class Batch:
    """Follows one batch. `outcomes` yields each check once, as soon as all its results are final.

    It waits until the client's `deadline`. A result that never arrives, is lost or timed out ends
    as "no verdict", never as passed.
    """

    def __init__(
        self,
        client: SyntheticsClient,
        triggered: Triggered,
        public_ids: Sequence[str],
    ) -> None:
        self.public_ids = tuple(public_ids)
        self._client = client
        self._triggered = triggered
        self._clock = client.clock
        self._pace = Pace(self._clock)
        self._followed: dict[str, dict[Place, _Followed]] = {}
        self._running = True
        self._out_of_time = False

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
        missing = dict.fromkeys(self.public_ids)
        while missing:
            left = self._client.deadline - self._clock.now()
            if self._clock.wait(min(self._pace.until_next(), max(left, 0.0))):
                return
            self._out_of_time = self._clock.now() >= self._client.deadline
            if not self._out_of_time:
                self._see(self._client.batch(self.id))
                self._ask_for_details()
                if not self._running and not self._wait_for_details():
                    return
            over = self._out_of_time or not self._running
            for public_id in [p for p in missing if over or self._settled(p)]:
                # The last one waits for the end of the batch: until then results may join.
                if over or len(missing) > 1:
                    del missing[public_id]
                    yield self.outcome(public_id)

    def outcome(self, public_id: str) -> CheckOutcome:
        """The check's outcome as it is known now; results may have joined since it was yielded."""
        followed = self._followed.get(public_id)
        if not followed:
            reason = f"the batch holds no result of this check ({self.url})"
            lost = Result(public_id, public_id, Status.NO_VERDICT, reason)
            return CheckOutcome(public_id, (lost,))
        return CheckOutcome(public_id, tuple(self._result(followed[p]) for p in sorted(followed)))

    def _see(self, state: BatchState) -> None:
        self._running = state.running
        self._pace.saw(running=state.running)
        seen: Counter[tuple[str, str, str]] = Counter()
        for entry in state.entries:
            where = (entry.public_id, entry.location, entry.device)
            place = (entry.location, entry.device, seen[where])
            seen[where] += 1
            places = self._followed.setdefault(entry.public_id, {})
            followed = places.setdefault(place, _Followed(entry))
            followed.entry = entry
            for result_id in entry.ended:
                followed.details.setdefault(result_id, None)

    def _ask_for_details(self) -> None:
        """Asks for what has ended and is not known yet, unless the pace has no call for it now."""
        wanted = [
            (followed, result_id)
            for places in self._followed.values()
            for followed in places.values()
            for result_id, detail in followed.details.items()
            if detail is None
        ]
        if wanted and self._pace.left() > 0:
            self._pace.asked_for_details()
            found = self._client.details(sorted({result_id for _, result_id in wanted}))
            for followed, result_id in wanted:
                followed.details[result_id] = found.get(result_id)

    def _wait_for_details(self) -> bool:
        """Gives details that lag behind the end of the batch some time; False when cancelled."""
        for number in range(1, self._pace.left() + 1):
            if all(f.complete for places in self._followed.values() for f in places.values()):
                break
            if self._clock.wait(_LAG * number):
                return False
            self._ask_for_details()
        return True

    def _settled(self, public_id: str) -> bool:
        places = self._followed.get(public_id, {})
        return bool(places) and all(followed.complete for followed in places.values())

    def _result(self, followed: _Followed) -> Result:
        entry = followed.entry
        detail = followed.details.get(entry.result_id)
        result = judged(entry, detail)
        if result.status is Status.PASSED and self._out_of_time:
            reason = "the batch never ended: results may be missing"
            result = replace(result, status=Status.NO_VERDICT, reason=reason)
        return replace(
            result,
            batch_id=self.id,
            result_url=self._result_url(entry),
            location=self._triggered.locations.get(entry.location, entry.location),
            attempts=tuple(
                Attempt(result_id, result.status, result.reason)
                if result_id == entry.result_id and entry.final
                # An attempt that another one followed did not pass, whatever its details say.
                else Attempt(result_id, Status.FAILED, (found and found.reason) or "no details")
                for result_id, found in followed.details.items()
            ),
        )

    def _result_url(self, entry: Entry) -> str:
        if not entry.result_id:
            return ""
        details = f"{self._client.endpoint.app}/synthetics/details/{entry.public_id}"
        suffix = f"batch_id={self.id}&from_ci=true"
        if entry.type == "browser":
            return f"{details}/result/{entry.result_id}?{suffix}"
        return f"{details}?resultId={entry.result_id}&{suffix}"
