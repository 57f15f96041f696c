"""One batch, from its trigger until every result is final."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.batch_state import RUNNING, BatchState
from pytest_storedog_gate.datadog.details import NO_DETAIL, Detail
from pytest_storedog_gate.datadog.judging import Evidence, judged
from pytest_storedog_gate.datadog.models import (
    ANYWHERE,
    Attempt,
    CheckOutcome,
    Place,
    Result,
    Status,
)
from pytest_storedog_gate.datadog.pace import Habit, Pace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_storedog_gate.datadog.batch_state import Entry
    from pytest_storedog_gate.datadog.client import SyntheticsClient, Triggered

# The service ends a batch itself at its timeout; this much later we stop believing that it will.
GRACE = 60.0
# For details that lag behind the end of their batch: the first pause, and as long at the least.
_LAG, _SHORTEST_LAG = 0.5, 5.0  # s
_LOOKING = 0.5  # s; what a look needs to be answered: a later one would only end in a timeout
_NO_HABIT = Habit()

# Location, device, and which of several results there: none may hide another one.
_Key = tuple[str, str, int]


@dataclass
class _Followed:
    """One check: its entries in the latest answer, and what all answers told of its results."""

    entries: dict[_Key, Entry] = field(default_factory=dict)
    # The IDs of the attempts that have ended, in their order.
    attempts: dict[_Key, dict[str, None]] = field(default_factory=dict)
    # By result ID: the entries that called it final, by their status.
    endings: dict[str, dict[str, Entry]] = field(default_factory=dict)
    # By number: when another attempt was first seen to come, in seconds after the trigger.
    again: dict[int, float] = field(default_factory=dict)

    def see(self, key: _Key, entry: Entry) -> None:
        """Takes note of one entry of the latest answer."""
        self.entries[key] = entry
        self.attempts.setdefault(key, {}).update(dict.fromkeys(entry.ended))
        if entry.final and entry.result_id:
            self.endings.setdefault(entry.result_id, {})[entry.status] = entry

    def gone(self) -> Iterator[Entry]:
        """What had ended, and is in the latest answer no more."""
        there = {entry.result_id for entry in self.entries.values()}
        for result_id, by_status in self.endings.items():
            if result_id not in there:
                yield from by_status.values()


class Batch:
    """Follows one batch. `outcomes` yields each check once, as soon as all its results are final.

    `places` are those where each check was asked to run: each of them needs a result, and a check
    that names none needs one from anywhere. `habits` tell when to look. It waits until the client's
    `deadline`. A result that never arrives, is lost, timed out or contradicted ends as "no
    verdict", never as passed.

    It is followed by one thread; `outcome` may be called by any.
    """

    def __init__(
        self,
        client: SyntheticsClient,
        triggered: Triggered,
        places: Mapping[str, Sequence[Place]],
        habits: Mapping[str, Habit] = MappingProxyType({}),
    ) -> None:
        self.public_ids = tuple(places)
        self._places, self._habits = places, habits
        self._client = client
        self._triggered = triggered
        self._clock = client.clock
        self._pace = Pace(self._clock, client.limit, near=client.endpoint.is_here)
        self._state = BatchState(RUNNING, ())
        # Whether the service waits for news: as it says, and as it has done the last time.
        self._told = False
        self._followed = {public_id: _Followed() for public_id in places}
        self._details: dict[str, Detail] = {}
        # Results that have ended, whose details have not arrived.
        self._lacking: set[str] = set()
        self._late = False
        # As they were judged by what is known; that changes as a whole, in `_learning`.
        self._outcomes: dict[str, CheckOutcome] = {}
        self._knowing = threading.Lock()

    @property
    def id(self) -> str:
        """The batch's ID."""
        return self._triggered.batch_id

    @property
    def url(self) -> str:
        """The page that shows the batch to people."""
        return self._client.endpoint.batch_page(self.id)

    def outcomes(self) -> Iterator[CheckOutcome]:
        """Yields every check's outcome as it becomes known; ends early when cancelled."""
        missing = dict.fromkeys(self.public_ids)
        while missing:
            left = self._client.deadline - self._clock.now()
            pause = self._pace.until_next(self._expected(missing), told=self._told)
            late = pause + _LOOKING > left
            if self._clock.wait(max(left, 0.0) if late else pause):
                return
            if late:
                with self._learning():
                    self._late = True
            else:
                self._pace.looks()
                state = self._client.batch(self.id, self._state)
                with self._learning():
                    self._see(state)
                if not self._wait_for_details():
                    return
            over = self._late or not self._state.running
            for public_id in [p for p in missing if over or self._settled(p)]:
                # The last one waits for the end of the batch: until then results may join.
                if over or len(missing) > 1:
                    del missing[public_id]
                    yield self.outcome(public_id)

    def outcome(self, public_id: str) -> CheckOutcome:
        """The check's outcome as it is known now; results may have joined since it was yielded.

        It is the same object as before where nothing has.
        """
        with self._knowing:
            if public_id not in self._outcomes:
                self._outcomes[public_id] = self._outcome(public_id)
            return self._outcomes[public_id]

    @contextmanager
    def _learning(self) -> Iterator[None]:
        """Lets nobody judge by a half of what the block learns, nor later by what was known before.

        Others may ask at any moment, also while an answer is on its way.
        """
        with self._knowing:
            yield
            self._outcomes.clear()

    def _outcome(self, public_id: str) -> CheckOutcome:
        followed = self._followed[public_id]
        results = [self._result(followed, key) for key in sorted(followed.entries)]
        name = results[0].name if results else public_id
        gone = "it had ended as {}, and then the batch did not hold it any more"
        lost = [(e.place, gone.format(e.status), e.result_id) for e in followed.gone()]
        lost += [
            (place, f"no result arrived from {place}", "") for place in self._missing(public_id)
        ]
        if not (results or lost):
            where = self.url or self.id
            lost = [(ANYWHERE, f"the batch holds no result of this check ({where})", "")]
        results += [
            Result(
                public_id,
                name,
                Status.NO_VERDICT,
                reason,
                result_id=result_id,
                batch_id=self.id,
                location=self._shown(place.location),
                device=place.device,
            )
            for place, reason, result_id in lost
        ]
        return CheckOutcome(public_id, tuple(results))

    def _see(self, state: BatchState) -> None:
        news = (state.status, state.entries) != (self._state.status, self._state.entries)
        self._told = bool(state.tag) and (news or self._pace.was_kept())
        self._state = replace(state, tests=frozenset(self.public_ids))
        for followed in self._followed.values():
            followed.entries = {}
        seen: Counter[tuple[str, str, str]] = Counter()
        for entry in state.entries:
            if entry.public_id in self._followed:
                where = (entry.public_id, entry.location, entry.device)
                key = (entry.location, entry.device, seen[where])
                seen[where] += 1
                followed = self._followed[entry.public_id]
                followed.see(key, entry)
                if entry.retries is not None and not entry.final:
                    followed.again.setdefault(entry.retries, self._pace.elapsed)
                self._lacking |= {i for i in entry.ended if not self._detail(i).ended}

    def _wait_for_details(self) -> bool:
        """Asks for details of what has ended; those that lag behind the batch get some time.

        False when cancelled.
        """
        if self._state.running:
            # A service that tells the news costs nothing to ask.
            if self._lacking and (self._told or self._failing() or self._pace.time_for_details()):
                self._ask_for_details()
            return True
        until = self._clock.now() + min(max(self._pace.elapsed, _SHORTEST_LAG), GRACE)
        pause = 0.0
        while self._lacking and self._clock.now() + pause < min(until, self._client.deadline):
            if pause and self._clock.wait(pause):
                return False
            self._ask_for_details()
            pause = 2 * pause or _LAG
        return True

    def _ask_for_details(self) -> None:
        found = self._client.details(sorted(self._lacking))
        with self._learning():
            self._details |= found
            self._lacking = {i for i in self._lacking if not self._detail(i).ended}

    def _failing(self) -> bool:
        """Whether somebody may be waiting to hear why a check failed."""
        return any(
            entry.result_id in self._lacking and entry.status == "failed"
            for entry in self._state.entries
        )

    def _expected(self, missing: Iterable[str]) -> float | None:
        """When all that is still running should have ended, in seconds after the trigger."""
        expected = 0.0
        for public_id in missing:
            followed, habit = self._followed[public_id], self._habits.get(public_id, _NO_HABIT)
            running = [entry for entry in followed.entries.values() if not entry.final]
            if followed.entries and not running:
                continue
            ended = [e.duration for e in followed.entries.values() if e.final and e.duration]
            lasting = max(ended, default=habit.lasting)
            begun = max(followed.again.values(), default=-habit.between) + habit.between
            if lasting is None and not followed.again:
                return None
            expected = max(expected, begun + (lasting or 0.0))
        return expected

    def _settled(self, public_id: str) -> bool:
        """Whether everything that is to come of this check has come, as far as one can know."""
        followed = self._followed[public_id]
        return (
            bool(followed.entries)
            and not self._missing(public_id)
            and all(entry.final and entry.readable for entry in followed.entries.values())
            and not any(self._lacking & ids.keys() for ids in followed.attempts.values())
        )

    def _missing(self, public_id: str) -> list[Place]:
        """The places that were asked for, and of which the latest answer holds nothing."""
        entries = self._followed[public_id].entries.values()
        there = [self._evidence(entry).place for entry in entries]
        return [place for place in self._places[public_id] if not any(map(place.fits, there))]

    def _result(self, followed: _Followed, key: _Key) -> Result:
        entry = followed.entries[key]
        result = judged(self._evidence(entry))
        return replace(
            result,
            result_url=self._result_url(entry),
            location=self._shown(entry.location),
            attempts=tuple(
                Attempt(result_id, result.status, result.reason)
                if result_id == entry.result_id and entry.final
                # An attempt that another one followed did not pass, whatever its details say.
                else Attempt(
                    result_id, Status.FAILED, self._detail(result_id).reason or "no details"
                )
                for result_id in followed.attempts[key]
            ),
        )

    def _evidence(self, entry: Entry) -> Evidence:
        asked = self._places[entry.public_id]
        endings = self._followed[entry.public_id].endings.get(entry.result_id, {})
        return Evidence(
            entry,
            self._detail(entry.result_id),
            batch=self._state,
            batch_id=self.id,
            late=self._late,
            asked=asked[0] if asked else ANYWHERE,
            location_name=self._triggered.locations.get(entry.location, ""),
            before=frozenset(endings),
            triggered=self._triggered.at,
            now=self._triggered.at + self._pace.elapsed,
        )

    def _detail(self, result_id: str) -> Detail:
        return self._details.get(result_id, NO_DETAIL)

    def _shown(self, location: str) -> str:
        return self._triggered.locations.get(location, location)

    def _result_url(self, entry: Entry) -> str:
        if not entry.result_id:
            return ""
        return self._client.endpoint.result_page(
            entry.public_id, entry.result_id, self.id, browser=entry.type == "browser"
        )
