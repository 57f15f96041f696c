"""What is known of each check so far: threads that follow batches tell it, tests wait for it."""

from __future__ import annotations

import math
import threading
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.errors import GateError, NoVerdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.datadog.models import CheckOutcome

_HEARTBEAT = 10.0  # s between two lines about the same waiting
_NAMED = 5  # IDs in one line


class Outcomes:
    """The board of one run. `progress` and `waiting` are called by whoever waits, in that thread.

    `waiting` shows that somebody waits, and gives what takes a line about that now and then.
    """

    def __init__(
        self,
        progress: Callable[[str], None],
        waiting: Callable[[], AbstractContextManager[Callable[[str], None]]] | None = None,
    ) -> None:
        self.known: dict[str, CheckOutcome] = {}
        self.failure: GateError | None = None
        self.say = progress
        self.waiting = waiting or (lambda: nullcontext(progress))
        self._arrived: list[str] = []  # 10,000 are looked up by their number, one after the other
        self._expected: set[str] = set()
        self._stop_after = 0
        self._bad = 0
        self._stopped: str | None = None
        self._deadline = math.inf
        self._news = threading.Condition()
        self._lines: list[str] = []
        self._begun = self._told = time.monotonic()

    def expect(self, public_ids: Iterable[str], *, stop_after: int = 0) -> None:
        """Begins the waiting; it ends for all once `stop_after` checks have not passed."""
        with self._news:
            self._expected, self._stop_after = set(public_ids), stop_after
            self._begun = self._told = time.monotonic()

    def lasted(self) -> float:
        """For how long the outcomes have been waited for, in seconds."""
        return time.monotonic() - self._begun

    def until(self, deadline: float) -> None:
        """Nobody waits longer than this, in the time of `time.monotonic`."""
        with self._news:
            self._deadline = deadline
            self._news.notify_all()

    def end(self) -> None:
        """Nobody is left who could tell of more outcomes: nobody waits any more."""
        self.until(-math.inf)

    def put(self, outcome: CheckOutcome) -> None:
        with self._news:
            self.known[outcome.public_id] = outcome
            self._arrived.append(outcome.public_id)
            if outcome.status is not Status.PASSED:
                self._lines.append(f"{outcome.public_id} {outcome.status.value}: {outcome.name}")
                self._bad += 1
                if 0 < self._stop_after <= self._bad:
                    self._stopped = f"not waited for, since {outcome.public_id} did not pass (-x)"
            self._news.notify_all()

    def give_up(self, why: str) -> None:
        """Nobody waits for what is not there yet: the run cannot open the gate any more."""
        with self._news:
            self._stopped = self._stopped or f"not waited for, since {why}"
            self._lines.append(why)
            self._news.notify_all()

    def forget(self, public_ids: Iterable[str]) -> None:
        """Waits anew for these."""
        with self._news:
            for public_id in public_ids:
                if self.known.pop(public_id, None) is not None:
                    self._arrived.remove(public_id)

    def fail(self, error: GateError) -> None:
        """Notes why there will be no more outcomes; the first reason stays."""
        with self._news:
            self.failure = self.failure or error
            self._news.notify_all()

    def wait_for(self, public_id: str) -> CheckOutcome:
        """One check's outcome; blocks until it is there. Raises why there will be none."""
        self._wait(lambda: public_id in self.known)
        if public_id in self.known:
            return self.known[public_id]
        raise self.failure or NoVerdict(
            self._stopped or f"no batch of this run has told of {public_id} in time"
        )

    def wait_for_all(self, public_ids: Iterable[str] | None = None) -> None:
        """Blocks until every one of these is there (else all that are expected), or none will."""
        wanted = self._expected if public_ids is None else set(public_ids)
        self._wait(lambda: wanted <= self.known.keys())

    def arrival(self, number: int) -> str | None:
        """The ID of the outcome that arrives as that `number`, from 0; None if none will."""
        self._wait(lambda: number < len(self._arrived))
        return self._arrived[number] if number < len(self._arrived) else None

    def note(self, line: str) -> None:
        """Tells a line, from any thread: whoever waits says it, or the main thread at once."""
        with self._news:
            self._lines.append(line)
            self._news.notify_all()
        if threading.current_thread() is threading.main_thread():
            self.tell()

    def tell(self) -> None:
        """Tells what nobody has been told, in the thread of the caller."""
        with self._news:
            self._tell()

    def _wait(self, arrived: Callable[[], bool]) -> None:
        with self._news:
            if not self._over(arrived):
                with self.waiting() as remind:
                    while not self._over(arrived):
                        left = self._deadline - time.monotonic()
                        self._news.wait(max(min(_HEARTBEAT, left), 0))
                        self._remind(remind)
                        self._tell()
            self._tell()

    def _over(self, arrived: Callable[[], bool]) -> bool:
        late = time.monotonic() >= self._deadline
        return arrived() or bool(self.failure or self._stopped) or late

    def _remind(self, say: Callable[[str], None]) -> None:
        now = time.monotonic()
        late = now - self._told >= _HEARTBEAT and not self._lines
        # Only then: it costs as much as there are checks.
        missing = sorted(self._expected - self.known.keys()) if late else []
        if missing:
            named = ", ".join(missing[:_NAMED]) + (", …" if len(missing) > _NAMED else "")
            done = len(self._expected) - len(missing)
            self._told = now
            say(
                f"{done} of {len(self._expected)} checks are done after {now - self._begun:.0f} s; "
                f"waiting for {named}"
            )

    def _tell(self) -> None:
        if self._lines:
            self._told = time.monotonic()
        while self._lines:
            self.say(self._lines.pop(0))
