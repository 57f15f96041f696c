"""One run of the gate, from recovery to unlock, as a straight road."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from pytest_storedog_gate.ci import metadata as ci
from pytest_storedog_gate.datadog.batch import GRACE, Batch
from pytest_storedog_gate.datadog.calling.clock import Clock
from pytest_storedog_gate.datadog.client import MAX_TESTS
from pytest_storedog_gate.deploy import Build
from pytest_storedog_gate.errors import ConfigurationError, GateError, NoVerdict
from pytest_storedog_gate.gate import deploying, selection, steps, synthetics
from pytest_storedog_gate.gate.deploying import Deploying
from pytest_storedog_gate.gate.image import decided_on
from pytest_storedog_gate.gate.outcomes import Outcomes
from pytest_storedog_gate.gate.steps import Step
from pytest_storedog_gate.outlets import whole_file
from pytest_storedog_gate.outlets.plain_text import document
from pytest_storedog_gate.outlets.whole_file import Nothing
from pytest_storedog_gate.settings.requirements import BLOCKING
from pytest_storedog_gate.verdicts import record
from pytest_storedog_gate.verdicts.rule import Evidence, State, Verdict, by_rule, decide

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_storedog_gate.datadog.client import SyntheticsClient
    from pytest_storedog_gate.datadog.models import CheckOutcome
    from pytest_storedog_gate.deploy import Deployment, Reach
    from pytest_storedog_gate.gate.selection import Known, PlannedCheck
    from pytest_storedog_gate.outlets.whole_file import Prepared
    from pytest_storedog_gate.settings.load import Settings


# For a step of the road that another thread is in: then its deployment cannot be touched.
_PATIENCE = 30.0  # s
# For threads that follow a batch: they end at once, unless a call of theirs hangs.
_WATCHERS_END = 5.0  # s


class GateRun:
    """What one run knows. `prepare`, `begin`, `settle` and `finish` are called once, in this order.

    They are the main thread's, but `finish` may also come from another one that ends the process.
    """

    def __init__(self, settings: Settings, reach: Reach, progress: Callable[[str], None]) -> None:
        self.settings = settings
        self._reach = reach
        self.checks: tuple[PlannedCheck, ...] = ()
        self._rules: dict[str, str] = {}
        self.batches: list[Batch] = []
        self.outcomes = Outcomes(progress)
        self._progress = progress
        self._build = Build(*ci.origin())
        self._started = datetime.now(UTC)
        self._resources = ExitStack()
        self._client: SyntheticsClient | None = None
        self._known: Known | None = None
        self._deploying: Deploying | None = None
        # The image and digest that the verdict is about, and whether it may be kept under it.
        self._about: tuple[str, str] | None = None
        self._admitted = False
        self.narrowed = settings.narrowed
        self._required: list[str] = []
        self._settled = False
        self._finished: Verdict | None = None
        self._road = threading.RLock()
        self._cancelled = threading.Event()
        self._watchers: list[threading.Thread] = []
        self._watching = 0
        self._batch_ids: set[str] = set()
        self._counting = threading.Lock()

    # -- the road ------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Recovers, and finds out what is to be checked. What goes wrong becomes `failure`."""
        with self._road, self._failing():
            self._take(step for step in steps.of(self.settings) if step in steps.BEFORE_COLLECTION)

    def begin(
        self,
        chosen: Collection[str],
        marked: Mapping[str, Mapping[str, Any]],
        *,
        stop_after: int = 0,
    ) -> None:
        """Deploys, proves and triggers the `chosen` checks and those that tests are `marked` with.

        What goes wrong becomes `failure`. Nobody waits any more once `stop_after` checks have not
        passed.
        """
        if self.failure is not None or self._client is None or self._known is None:
            return
        with self._road, self._failing():
            if marked:
                requirements = self.settings.requirements.adding(marked)
                self._plan(selection.resolve(requirements, self._known))
                _refuse_suites(marked, self.checks)
            wanted = {*chosen, *marked}
            self._plan(check for check in self.checks if check.public_id in wanted)
            self._required = [c.public_id for c in self.checks if c.required]
            self.outcomes.expect((c.public_id for c in self.checks), stop_after=stop_after)
            self._take(
                step for step in steps.of(self.settings) if step not in steps.BEFORE_COLLECTION
            )

    def trigger(self, public_id: str, overrides: Mapping[str, Any]) -> CheckOutcome:
        """Runs one check now, in a batch of its own, and waits for it; a test decides on it."""
        if self.failure is not None or self._client is None or self._known is None:
            raise self.failure or NoVerdict("the run has not begun")
        asked = self.settings.requirements.only(public_id, overrides)
        checks = selection.resolve(asked, self._known)
        _refuse_suites([public_id], checks)
        batch = self._batch(self._client, checks)
        for outcome in batch.outcomes():
            return self.settings.redact.document(outcome)
        raise NoVerdict(f"the run ended before {public_id} had a result")

    def settle(self, evidence: Evidence) -> Verdict:
        """What the evidence says once the checks have ended, and what answers was proved again."""
        self._settled = True
        self._stop_watching()
        verdict = self._decide(evidence)
        if verdict.state is State.OPEN and self._deploying is not None:
            with self._failing():
                self._deploying.prove()
        return self._decide(evidence)

    def finish(self, evidence: Evidence, say: Callable[[Verdict], None]) -> Verdict:
        """Decides for good, leaves the environment accordingly, and keeps the record.

        An open gate is only said, kept and concluded if all three can be done: the records are
        written beside their places and `say` has spoken (it may raise OSError) before the previous
        version goes. Safe to call again, and from another thread.
        """
        if not self._road.acquire(timeout=_PATIENCE):
            self.fail(NoVerdict("the process ended while it deployed; the next run recovers first"))
            return self._finished or self._decide(evidence)
        try:
            if self._finished is None:
                self._stop_watching()
                self._finished = self._conclude(evidence, say)
                self.close()
            return self._finished
        finally:
            self._road.release()

    def close(self) -> None:
        """Gives the lock back and leaves the services that the run has reached."""
        self._resources.close()

    @property
    def deployment(self) -> Deployment | None:
        """What was deployed, if that was done."""
        return self._deploying.deployment if self._deploying else None

    @property
    def rolled_back(self) -> str | None:
        """What was put back, in a sentence."""
        return self._deploying.rolled_back if self._deploying else None

    @property
    def failure(self) -> GateError | None:
        """What stopped the run, if anything did."""
        return self.outcomes.failure

    @property
    def stopped(self) -> bool:
        """Whether it ended before it triggered anything."""
        return self.failure is not None and not self.batches

    @property
    def calls(self) -> int:
        """How many HTTP calls to Synthetics the run has made."""
        return self._client.calls if self._client else 0

    def fail(self, error: GateError) -> None:
        """Notes why the gate cannot be open; the first reason stays."""
        self.outcomes.fail(type(error)(self.settings.redact(str(error))))

    def properties(self) -> list[tuple[str, object]]:
        """The run's facts for a report, without those that it has not."""
        facts = self._facts()
        return [(k, v) for k, v in facts.items() if v not in (None, "") and not isinstance(v, list)]

    def report(self, verdict: Verdict) -> dict[str, Any]:
        """The verdict with the run's facts, as it is kept and reported."""
        data = self.settings.redact.document(record.as_json(verdict, self._facts()))
        return cast("dict[str, Any]", document(data))

    # -- its stops -----------------------------------------------------------------------------

    def _plan(self, checks: Iterable[PlannedCheck]) -> None:
        self.checks = tuple(checks)
        self._rules = {c.public_id: c.execution_rule for c in self.checks}

    def _take(self, road: Iterable[Step]) -> None:
        """Takes these steps of the road; the last ones are `settle`'s and `finish`'s."""
        if self.settings.environment.gated is not None and self._deploying is None:
            reached = self._reach(
                self.settings.environment, self._build, self._progress, self.settings.redact
            )
            self._deploying = Deploying(self.settings, reached, self._progress)
            self._resources.callback(self._deploying.close)
        own = {
            Step.CHECKS: self._read_checks,
            Step.RESOLVE: self._resolve,
            Step.REQUIRE: self._require,
            Step.WITHDRAW: self._withdraw,
            Step.PROVE: self._prove,
            Step.TRIGGER: self._trigger,
        }
        for step in road:
            if self._deploying is not None and step in deploying.STEPS:
                self._deploying.take(step)
            if step in own:
                own[step]()

    def _read_checks(self) -> None:
        clock = Clock(self._cancelled.wait)
        self._client = synthetics.connect(self.settings, self._resources, clock)
        self._known = selection.Known(self._client)
        self._plan(selection.resolve(self.settings.requirements, self._known))

    def _resolve(self) -> None:
        if self._deploying is not None:
            self._about = str(self._deploying.image), str(self._deploying.image.digest)
        else:
            self._about = decided_on(self.settings)

    def _require(self) -> None:
        """Refuses a digest that the environment before this one has not let through."""
        settings = self.settings
        if settings.requires is not None and self._about is not None:
            record.require_open(
                settings.verdicts,
                settings.requires.name,
                self._about[1],
                service=settings.environment.gate,
                names=settings.required_there,
            )

    def _withdraw(self) -> None:
        """An older verdict on a digest says nothing any more once it is put to the test again."""
        self._admitted = True
        if self._record_path is not None:
            try:
                whole_file.withdraw(self._record_path)
            except OSError as error:
                raise NoVerdict(
                    f"an earlier verdict cannot be withdrawn: {error.strerror}"
                ) from None

    def _prove(self) -> None:
        if self._deploying is not None:
            self._deploying.prove()

    def _trigger(self) -> None:
        client = self._client
        if client is None:
            raise NoVerdict("the checks were not read")
        client.deadline = client.clock.now() + self.settings.synthetics.batch_timeout + GRACE
        for start in range(0, len(self.checks), MAX_TESTS):
            checks = self.checks[start : start + MAX_TESTS]
            batch = self._batch(client, checks)
            self.batches.append(batch)
            self._progress(f"triggered {len(checks)} checks: {batch.url}")
        # Later than a batch that follows the deadline itself: only one that hangs is left behind.
        self.outcomes.until(client.deadline + _WATCHERS_END)
        self._watching = len(self.batches)
        for batch in self.batches:
            watcher = threading.Thread(target=self._watch, args=(batch,), daemon=True)
            self._watchers.append(watcher)
            watcher.start()

    def _batch(self, client: SyntheticsClient, checks: Sequence[PlannedCheck]) -> Batch:
        triggered = client.trigger(
            [check.payload for check in checks],
            batch_timeout=self.settings.synthetics.batch_timeout,
            metadata=ci.metadata(),
        )
        if triggered.batch_id in self._batch_ids:
            raise NoVerdict(
                f"{client.endpoint.name} answered a trigger with batch {triggered.batch_id}, which "
                "this run has already: its results are not of this trigger"
            )
        self._batch_ids.add(triggered.batch_id)
        return Batch(client, triggered, {check.public_id: check.places for check in checks})

    def _watch(self, batch: Batch) -> None:
        try:
            for found in batch.outcomes():
                self.outcomes.put(self._judged(found))
        except GateError as error:
            # A call that the end of the run cut short is no reason of its own.
            if not self._cancelled.is_set():
                self.fail(error)
        except Exception as error:  # noqa: BLE001  # a thread's error would be lost, and tests wait
            self.fail(NoVerdict(f"following the batch failed: {type(error).__name__}: {error}"))
        finally:
            with self._counting:
                self._watching -= 1
                if not self._watching:
                    self.outcomes.end()

    def _judged(self, outcome: CheckOutcome) -> CheckOutcome:
        """As tests, workers and reports see it: without secrets, and by the rules in git."""
        clean = self.settings.redact.document(outcome)
        return by_rule(clean, self._rules.get(outcome.public_id, BLOCKING))

    def _stop_watching(self) -> None:
        self._cancelled.set()
        for watcher in self._watchers:
            watcher.join(_WATCHERS_END)

    def _decide(self, evidence: Evidence) -> Verdict:
        known = self.outcomes.known
        relaxed = sorted(c.public_id for c in self.checks if not c.required)
        # Once more from the whole batch: results may have joined in the meantime.
        confirmed = {
            public_id: self._judged(batch.outcome(public_id))
            for batch in self.batches
            for public_id in batch.public_ids
            if public_id in known
        }
        return decide(
            [public_id for public_id in evidence.required if public_id not in relaxed],
            confirmed,
            evidence.flaws,
            failure=self.failure,
            session_status=evidence.session_status,
            optional=relaxed,
            silent=evidence.silent,
            broken=evidence.broken,
        )

    def _conclude(self, evidence: Evidence, say: Callable[[Verdict], None]) -> Verdict:
        verdict = self._decide(evidence) if self._settled else self.settle(evidence)
        if verdict.state is State.OPEN:
            try:
                with self._prepared(verdict) as (report, kept):
                    _said(verdict, say)
                    # First what is no regular file perhaps, and can still fail.
                    report.commit()
                    if self._deploying is not None:
                        self._deploying.conclude()
                    kept.commit()
            except GateError as error:
                self.fail(error)
            else:
                return verdict
        if self._deploying is not None:
            try:
                self._deploying.leave()
            except GateError as error:
                # What is left of the environment matters more than why the gate is not open.
                self.outcomes.failure = None
                self.fail(error)
        verdict = self._decide(evidence)
        try:
            with self._prepared(verdict) as (report, kept):
                report.commit()
                kept.commit()
        except NoVerdict as error:
            sentence = self.settings.redact(str(error))
            reasons = dict.fromkeys((*verdict.reasons, sentence))
            verdict = replace(verdict, reasons=tuple(reasons))
        with suppress(OSError):  # a gate that is not open stays so, whoever hears of it
            say(verdict)
        return verdict

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Notes an error of the block as the run's failure; the first one stays."""
        try:
            yield
        except GateError as error:
            self.fail(error)

    @contextmanager
    def _prepared(self, verdict: Verdict) -> Iterator[tuple[Prepared, Prepared]]:
        """The report and the record, written beside their places."""
        data = self.report(verdict)
        with ExitStack() as written:
            try:
                report, kept = (
                    written.enter_context(record.prepare(path, data) if path else Nothing())
                    for path in (self.settings.report, self._record_path)
                )
                yield report, kept
            except OSError as error:
                # Its file would be the temporary one.
                raise NoVerdict(f"the verdict cannot be written: {error.strerror}") from None

    @property
    def _record_path(self) -> Path | None:
        """Where the verdict is kept: only of an image that was put to the test."""
        if self._about is None or not self._admitted:
            return None
        settings = self.settings
        return record.path_of(settings.verdicts, settings.environment.name, self._about[1])

    def _facts(self) -> dict[str, Any]:
        environment, deployment = self.settings.environment, self.deployment
        image, digest = self._about or (None, None)
        if image is None and self._deploying is not None:
            image = str(self._deploying.image)
        return {
            "environment": environment.name,
            "mode": self._mode,
            "service": environment.gate,
            "image": image,
            "digest": digest,
            "deploy_id": deployment.deploy_id if deployment else None,
            "previous_digest": deployment.previous_digest if deployment else None,
            "rolled_back": self.rolled_back,
            "downtime": deployment.downtime if deployment else None,
            "commit": self._build.commit,
            "build": self._build.number,
            "build_link": self._build.link,
            "batch_id": " ".join(batch.id for batch in self.batches),
            "batch_url": " ".join(batch.url for batch in self.batches),
            "requirements": self._requirements(),
            "started": self._started.isoformat(),
            "finished": datetime.now(UTC).isoformat(),
        }

    def _requirements(self) -> list[str]:
        """What this run required: its checks, and the searches and suites that brought them."""
        planned = {check.public_id for check in self.checks}
        asked = [name for name in self.settings.requirements.names() if name not in planned]
        return sorted({*self._required, *asked}) if self._required else []

    @property
    def _mode(self) -> record.Mode:
        if self.settings.deploy:
            return record.Mode.DECIDES
        return record.Mode.NARROWED if self.narrowed else record.Mode.CHECKS_ONLY


def _said(verdict: Verdict, say: Callable[[Verdict], None]) -> None:
    try:
        say(verdict)
    except OSError as error:
        raise NoVerdict(f"the output cannot be written: {error}") from None


def _refuse_suites(public_ids: Collection[str], checks: Collection[PlannedCheck]) -> None:
    suites = set(public_ids) - {check.public_id for check in checks}
    if suites:
        raise ConfigurationError(
            f"{', '.join(sorted(suites))} is a suite, and a test needs one check: name one of the "
            "suite's tests"
        )
