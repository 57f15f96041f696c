"""What a run has to do with Synthetics: the checks that it reads, chooses, triggers and follows."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import Future, wait
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_storedog_gate.datadog.batch import GRACE, Batch
from pytest_storedog_gate.datadog.calling.clock import Clock
from pytest_storedog_gate.datadog.client import MAX_TESTS
from pytest_storedog_gate.datadog.models import CheckOutcome
from pytest_storedog_gate.datadog.pace import Habit
from pytest_storedog_gate.errors import ConfigurationError, GateError, NoVerdict
from pytest_storedog_gate.gate import around_traffic, pictures, selection
from pytest_storedog_gate.reading.ci import metadata as ci
from pytest_storedog_gate.settings.requirements import BLOCKING
from pytest_storedog_gate.verdicts.rule import by_rule

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from pytest_storedog_gate.datadog.client import SyntheticsClient
    from pytest_storedog_gate.gate.outcomes import Outcomes
    from pytest_storedog_gate.gate.selection import PlannedCheck
    from pytest_storedog_gate.settings.load import Settings

_PATIENCE = 5.0  # s; watchers end at once, unless a call of theirs hangs
_GLANCE = 0.5  # s, after which it is told what the reading has met
_HEARTBEAT = 10.0  # s between two lines about the same waiting


class NothingRead:
    """The same before the checks are read: there are none, and nothing can be triggered."""

    checks: tuple[PlannedCheck, ...] = ()
    before: tuple[PlannedCheck, ...] = ()
    required: tuple[str, ...] = ()
    batches: Sequence[Batch] = ()
    calls = 0

    def choose(self, *_: object, **__: object) -> NoReturn:
        raise NoVerdict("the checks were not read")

    start_before = start = alone = choose

    def confirmed(self) -> dict[str, CheckOutcome]:
        return {}

    def pictures(self) -> dict[str, bytes]:
        return {}

    def pictures_of(self, _outcomes: object) -> dict[str, bytes]:
        return {}

    def stop(self) -> None:
        """There is nothing to stop."""


class BeingRead(NothingRead):
    """The same while the checks are read, in a thread beside the run's own.

    Nobody waits for that thread but by `done`: a call of its own may hang.
    """

    def __init__(self, read: Callable[..., Checking]) -> None:
        """`read` gives the checks, or raises why not; early, once the event `cancelled` is set."""
        self._cancelled, self._begun = threading.Event(), time.monotonic()
        self._read: Future[tuple[Checking, float]] = Future()
        threading.Thread(target=self._follow, args=(read,), daemon=True).start()

    def require_no_fault(self) -> None:
        """Raises why the checks cannot be read, if that is known already."""
        if self._read.done():
            self._read.result()

    def done(self, outcomes: Outcomes) -> tuple[Checking, float]:
        """The checks, once they are read, and for how many seconds nobody had to wait for that.

        The lock is held meanwhile: `outcomes` tells what is waited for.
        """
        asked = told = time.monotonic()
        while not wait([self._read], _GLANCE).done:
            outcomes.tell()
            now = time.monotonic()
            if now - told >= _HEARTBEAT:
                told = now
                outcomes.note(f"the checks are still being read after {now - self._begun:.0f} s")
        outcomes.tell()
        checking, ended = self._read.result()
        return checking, min(asked, ended) - self._begun

    def stop(self) -> None:
        self._cancelled.set()

    def _follow(self, read: Callable[..., Checking]) -> None:
        try:
            self._read.set_result((read(cancelled=self._cancelled), time.monotonic()))
        except BaseException as error:  # noqa: BLE001  # raised where it is waited for
            self._read.set_exception(error)


class Checking:
    """The checks of one run, from their reading on.

    `checks` are all of the configuration, and after `choose` those of the run; `required` are those
    of the chosen ones that decide, and `before` those that run before the candidate has traffic.
    `alone` may be called from any thread, and so may `stop`.
    """

    def __init__(  # noqa: PLR0913  # what stands around it has that many parts
        self,
        settings: Settings,
        connect: Callable[[Clock], SyntheticsClient],
        outcomes: Outcomes,
        *,
        lasted: Mapping[str, float],
        fail: Callable[[GateError], None],
        progress: Callable[[str], None],
        cancelled: threading.Event,
    ) -> None:
        """Reads the checks. `outcomes` hears of each result, `fail` why there will be no more.

        `lasted` is how long each check usually lasts, in seconds; no call is waited for any more
        once it is `cancelled`.
        """
        self._settings, self._outcomes, self._lasted = settings, outcomes, lasted
        self._fail, self._progress = fail, progress
        self._cancelled = cancelled
        self._client = connect(Clock(self._cancelled.wait))
        # What a server says may repeat any secret that it was told.
        self._client.say = lambda line: outcomes.note(settings.redact(line))
        self._known = selection.Known(self._client)
        self.checks = selection.resolve(settings.requirements, self._known)
        self.required: tuple[str, ...] = ()
        # By the target that they go to, "" where there is but one.
        self._before: Mapping[str, tuple[PlannedCheck, ...]] = {}
        self._after: Mapping[str, tuple[PlannedCheck, ...]] = {}
        self.batches: list[Batch] = []
        self._holding: dict[str, list[tuple[str, Batch]]] = {}
        self._rules: Mapping[str, str] = {}
        self._batch_ids: set[str] = set()
        # As it was told, and as it is shown: outcomes of many checks take a while to mask.
        self._seen: dict[tuple[str, str], tuple[CheckOutcome, CheckOutcome]] = {}
        self._watchers: list[threading.Thread] = []

    @property
    def calls(self) -> int:
        """How many HTTP calls to Synthetics the run has made."""
        return self._client.calls

    def choose(self, chosen: Collection[str], marked: Mapping[str, Mapping[str, Any]]) -> None:
        """Leaves the `chosen` checks, and those that tests are `marked` with, with overrides."""
        checks = self.checks
        if marked:
            requirements = self._settings.requirements.adding(marked)
            checks = selection.resolve(requirements, self._known)
            _refuse_suites(marked, checks)
        wanted = {*chosen, *marked}
        self.checks = tuple(check for check in checks if check.public_id in wanted)
        self.required = tuple(check.public_id for check in self.checks if check.required)
        rounds = partial(around_traffic.rounds, self._settings, self.checks)
        self._before = rounds(around_traffic.before)
        self._after = rounds(around_traffic.after)
        self._rules = {check.public_id: check.execution_rule for check in self.checks}

    @property
    def before(self) -> tuple[PlannedCheck, ...]:
        """Those that run before the candidate has traffic; the same ones at each target."""
        return next(iter(self._before.values()), ())

    def start_before(self) -> None:
        """Triggers those that run before the candidate has traffic."""
        self._start(self._before)

    def start(self) -> None:
        """Triggers the others, and once more those that are to run twice."""
        # What was found before traffic stays a part of what is found now.
        self._outcomes.forget(c.public_id for checks in self._after.values() for c in checks)
        self._start(self._after)

    def _start(self, rounds: Mapping[str, Sequence[PlannedCheck]]) -> None:
        """Triggers the checks of all targets; one is told once every target's batch has."""
        client = self._client
        client.deadline = client.clock.now() + self._settings.synthetics.batch_timeout + GRACE
        batches = []
        missing = Counter(check.public_id for checks in rounds.values() for check in checks)
        for target, checks in _parts(rounds):
            batch = self._batch(checks)
            batches.append(batch)
            self.batches.append(batch)
            for check in checks:
                self._holding.setdefault(check.public_id, []).append((target, batch))
            number = "1 check" if len(checks) == 1 else f"{len(checks)} checks"
            where = f"{target}: " if target else ""
            self._progress(f"{where}triggered {number}" + (f": {batch.url}" if batch.url else ""))
        telling = threading.Lock()

        def put(found: CheckOutcome) -> None:
            with telling:
                missing[found.public_id] -= 1
                if missing[found.public_id] <= 0:
                    self._outcomes.put(self._joined(found.public_id))

        # Later than a batch that follows the deadline itself: only one that hangs is left behind.
        self._outcomes.until(client.deadline + _PATIENCE)
        self._watchers += watch(
            batches,
            self._cancelled,
            put=put,
            fail=self._fail,
            end=self._outcomes.end,
        )

    def alone(self, public_id: str, overrides: Mapping[str, Any]) -> CheckOutcome:
        """One check's outcome in a batch of its own, or in one for each target."""
        asked = self._settings.requirements.only(public_id, overrides)
        checks = selection.resolve(asked, self._known)
        _refuse_suites([public_id], checks)
        rounds = around_traffic.rounds(self._settings, checks, around_traffic.anywhere)
        batches = {target: self._batch(told) for target, told in rounds.items()}
        found = [_of_target(o, target) for target, b in batches.items() for o in b.outcomes()]
        if len(found) < len(batches):
            raise NoVerdict(f"the run ended before {public_id} had a result")
        return self._settings.redact.document(_of_all(found))

    def confirmed(self) -> dict[str, CheckOutcome]:
        """What is known, once more from the whole batch: results may have joined since."""
        known = tuple(self._outcomes.known)  # at once: watchers may tell of more meanwhile
        return {public_id: self._joined(public_id) for public_id in known}

    def pictures(self) -> dict[str, bytes]:
        """The screenshots that the service still has, by their keys: see `Record`."""
        return self.pictures_of(self.confirmed().values())

    def pictures_of(self, outcomes: Iterable[CheckOutcome]) -> dict[str, bytes]:
        """The same of some outcomes."""
        return pictures.taken(self._client, outcomes)

    def stop(self) -> None:
        """Cuts every wait short; nobody follows a batch any more."""
        self._cancelled.set()
        for watcher in self._watchers:
            watcher.join(_PATIENCE)

    def _batch(self, checks: Sequence[PlannedCheck]) -> Batch:
        client = self._client
        triggered = client.trigger(
            [check.payload for check in checks],
            batch_timeout=self._settings.synthetics.batch_timeout,
            metadata=ci.metadata(),
        )
        if triggered.batch_id in self._batch_ids:
            raise NoVerdict(
                f"{client.endpoint.name} answered a trigger with batch {triggered.batch_id}, which "
                "this run has already: its results are not of this trigger"
            )
        self._batch_ids.add(triggered.batch_id)
        places = {check.public_id: check.places for check in checks}
        pauses = {check.public_id: check.definition.retry_interval for check in checks}
        habits = {p: Habit(self._lasted.get(p), pause) for p, pause in pauses.items()}
        return Batch(client, triggered, places, habits)

    def _joined(self, public_id: str) -> CheckOutcome:
        """What all batches that hold the check tell of it."""
        holding = self._holding[public_id]
        return _of_all([self._judged(b.outcome(public_id), target) for target, b in holding])

    def _judged(self, outcome: CheckOutcome, target: str) -> CheckOutcome:
        """As tests, workers and reports see it: without secrets, and by the rules in git."""
        key = (outcome.public_id, outcome.results[0].batch_id)
        seen = self._seen.get(key)
        if seen is None or seen[0] is not outcome:
            found = by_rule(outcome, self._rules.get(outcome.public_id, BLOCKING))
            seen = outcome, self._settings.redact.document(_of_target(found, target))
            self._seen[key] = seen
        return seen[1]


def watch(
    batches: Sequence[Batch],
    cancelled: threading.Event,
    *,
    put: Callable[[CheckOutcome], None],
    fail: Callable[[GateError], None],
    end: Callable[[], None],
) -> list[threading.Thread]:
    """Follows the batches, each in a thread: `put` takes outcomes, `end` comes when all have ended.

    `fail` takes why there will be no more of a batch, unless the run has `cancelled` it.
    """
    left, counting = len(batches), threading.Lock()

    def follow(batch: Batch) -> None:
        nonlocal left
        try:
            for found in batch.outcomes():
                put(found)
        except GateError as error:
            # A call that the end of the run cut short is no reason of its own.
            if not cancelled.is_set():
                fail(error)
        except Exception as error:  # noqa: BLE001  # a thread's error would be lost, and tests wait
            fail(NoVerdict(f"following the batch failed: {type(error).__name__}: {error}"))
        finally:
            with counting:
                left -= 1
                if not left:
                    end()

    threads = [threading.Thread(target=follow, args=(batch,), daemon=True) for batch in batches]
    for thread in threads:
        thread.start()
    return threads


def _parts(
    rounds: Mapping[str, Sequence[PlannedCheck]],
) -> Iterator[tuple[str, Sequence[PlannedCheck]]]:
    """As many checks as go into one batch, with their target."""
    for target, checks in rounds.items():
        for start in range(0, len(checks), MAX_TESTS):
            yield target, checks[start : start + MAX_TESTS]


def _of_all(outcomes: Sequence[CheckOutcome]) -> CheckOutcome:
    """One of several outcomes of a check, which has the results of all."""
    first, *others = outcomes
    if not others:
        return first
    return CheckOutcome(first.public_id, tuple(r for each in outcomes for r in each.results))


def _of_target(outcome: CheckOutcome, target: str) -> CheckOutcome:
    """The same, whose results name the target, where there are several, beside the location."""
    if not target:
        return outcome
    results = (replace(each, location=f"{each.location} ({target})") for each in outcome.results)
    return replace(outcome, results=tuple(results))


def _refuse_suites(public_ids: Collection[str], checks: Collection[PlannedCheck]) -> None:
    suites = set(public_ids) - {check.public_id for check in checks}
    if suites:
        raise ConfigurationError(
            f"{', '.join(sorted(suites))} is a suite, and a test needs one check: name one of the "
            "suite's tests"
        )
