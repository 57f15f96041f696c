"""One run of the gate, from recovery to unlock, as a straight road."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.errors import DeploymentFailed, ExitStatus, GateError, NoVerdict
from pytest_storedog_gate.gate import steps
from pytest_storedog_gate.gate.checking import BeingRead, Checking, NothingRead
from pytest_storedog_gate.gate.deploying import DeployedElsewhere, Deploying, build_of
from pytest_storedog_gate.gate.going_back import RollingBack
from pytest_storedog_gate.gate.outcomes import Outcomes
from pytest_storedog_gate.gate.pictures import Exhibits
from pytest_storedog_gate.gate.recorder import Recorder
from pytest_storedog_gate.gate.steps import Step
from pytest_storedog_gate.gate.stopwatch import Stopwatch
from pytest_storedog_gate.gate.watching import watching
from pytest_storedog_gate.reports import attachments
from pytest_storedog_gate.verdicts.record import BatchLink, Mode, Record
from pytest_storedog_gate.verdicts.rule import Evidence, State, Verdict, decide

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.datadog.models import CheckOutcome
    from pytest_storedog_gate.gate.provided import Provided
    from pytest_storedog_gate.gate.selection import PlannedCheck
    from pytest_storedog_gate.gate.synthetics import Service
    from pytest_storedog_gate.reports.attachments import Attachments
    from pytest_storedog_gate.settings.load import Settings


# For a step of the road that another thread is in: then its deployment cannot be touched.
_PATIENCE = 30.0  # s


class _Proof(Enum):
    """The proof after the checks, which every open verdict needs."""

    OWED = 1
    BEGUN = 2
    GIVEN = 3


class GateRun:
    """Takes the steps. `prepare`, `begin`, `settle` and `finish` are called once, in this order.

    They are the main thread's, but `finish` may also come from another one that ends the process.
    It leaves the `service`, which has been starting.
    """

    def __init__(
        self,
        settings: Settings,
        service: Service,
        provided: Provided,
        progress: Callable[[str], None],
        waiting: Callable[[], AbstractContextManager[Callable[[str], None]]] | None = None,
    ) -> None:
        self.settings = settings
        self.outcomes = Outcomes(progress, waiting)
        self.narrowed = settings.narrowed
        self._service, self._provided, self._progress = service, provided, progress
        self._stopwatch = Stopwatch("pytest")
        self._build = build_of(settings)
        self._started = datetime.now(UTC)
        self._resources = ExitStack()
        self._resources.callback(service.leave)
        self._checking: Checking | NothingRead = NothingRead()
        self._read_beside = 0.0
        self._deploying: Deploying | DeployedElsewhere = DeployedElsewhere(settings)
        self._recorder = Recorder(settings, provided)
        self.watching: watching.Watching | watching.NothingWatched = watching.NothingWatched()
        self._exhibits: Exhibits | None = None
        self._proof = _Proof.OWED
        self._finished: Record | None = None
        self._finishing: int | None = None  # the thread that does
        self._road = threading.RLock()

    def prepare(self) -> None:
        """Recovers, and finds out what is to be checked. What goes wrong becomes `failure`."""
        with self._road, self._failing():
            settings, progress = self.settings, self._progress
            if settings.environment.gated is not None:
                reached = self._provided.deployer(
                    environment=settings.environment,
                    build=self._build,
                    progress=progress,
                    redact=settings.redact,
                    timing=self._stopwatch,
                )
                kind = Deploying if settings.rollback is None else RollingBack
                self._deploying = kind(settings, reached, self._resources, progress)
            self._take(steps.FIRST)
            self._read_checks()

    def begin(
        self, chosen: Collection[str], marked: Mapping[str, Mapping[str, Any]], *, stop_after: int
    ) -> None:
        """Deploys, proves and triggers the `chosen` checks and those that tests are `marked` with.

        What goes wrong becomes `failure`. Nobody waits any more once `stop_after` checks have not
        passed.
        """
        if self.failure is not None:
            return
        with self._road, self._failing():
            self._checking.choose(chosen, marked)
            self.outcomes.expect((c.public_id for c in self.checks), stop_after=stop_after)
            self._take(steps.AFTER_COLLECTION)
            self._stopwatch.enter("waiting")

    def trigger(self, public_id: str, overrides: Mapping[str, Any]) -> CheckOutcome:
        """Runs one check now, in a batch of its own, and waits for it; a test decides on it."""
        if self.failure is not None:
            raise self.failure
        return self._checking.alone(public_id, overrides)

    def attachments(self, public_id: str) -> Attachments | None:
        """The evidence of one check for reports of others; None where it has no result."""
        outcome = self.outcomes.known.get(public_id)
        if outcome is None:
            return None
        return attachments.of(outcome, self._checking.pictures_of([outcome]))

    def settle(self, evidence: Evidence) -> Record:
        """What the evidence says once the checks have ended, and what answers was proved again."""
        self._stopwatch.enter("pytest")
        self._look()
        self._stop()
        record = self._record(self._proved(evidence))
        # It ends beside what pytest and others have to tell.
        self._service.dismiss()
        return record

    def finish(self, evidence: Evidence, say: Callable[[Record], None]) -> Record:
        """Decides for good, leaves the environment accordingly, and keeps the record.

        An open gate is only said, kept and concluded if all three can be done: the records are
        written beside their places and `say` has spoken (it may raise OSError) before the previous
        version goes. Safe to call again, and from another thread.
        """
        # What a project brought may end the process while this thread is here already.
        again = self._finishing == threading.get_ident()
        if again or not self._enter():
            what = "left its environment in order" if again else "deployed"
            self.fail(NoVerdict(f"the process ended while it {what}; the next run recovers first"))
            return self._finished or self._record(self._decide(evidence, self.failure))
        try:
            if self._finished is None:
                self._finishing = threading.get_ident()
                self._stopwatch.enter("pytest")
                self._look()
                self._stop()
                self._finished = self._conclude(evidence, say)
                # Gives the lock back, and leaves the services that the run has reached.
                self._resources.close()
            return self._finished
        finally:
            self._finishing = None
            self._road.release()

    def _enter(self) -> bool:
        """Takes the road; another thread that is on it waits for no check any more."""
        if self._road.acquire(blocking=False):
            return True
        self._stop()
        return self._road.acquire(timeout=_PATIENCE)

    def _stop(self) -> None:
        self._checking.stop()
        self.watching.stop()

    @property
    def checks(self) -> tuple[PlannedCheck, ...]:
        """What is to be checked, as far as it is known."""
        return self._checking.checks

    @property
    def failure(self) -> GateError | None:
        return self.outcomes.failure

    @property
    def stopped(self) -> bool:
        """Whether it ended before it triggered anything."""
        return self.failure is not None and not self._checking.batches

    def fail(self, error: GateError) -> None:
        """Notes why the gate cannot be open; the first reason stays."""
        self.outcomes.fail(self._masked(error))

    def _take(self, part: Collection[Step], first: Callable[[], object] = lambda: None) -> None:
        """Takes the steps of this part of the road, and calls `first` before each of them.

        The last ones of the road are `settle`'s and `finish`'s.
        """
        taken: dict[Step, Callable[[], object]] = {
            **self._deploying.steps,
            Step.REQUIRE: lambda: self._recorder.require(self._digest),
            Step.WITHDRAW: lambda: self._recorder.withdraw(self._digest),
            Step.CHECK_STAGED: self._check_before_traffic,
            Step.BEFORE_TRAFFIC: self._prove_before_traffic,
            Step.PROVE: self._deploying.prove,
            Step.WATCH: self.watching.begin,
            Step.TRIGGER: self._checking.start,
        }
        for step in steps.of(self.settings):
            if step in part and step in taken:
                first()
                with self._stopwatch(step.part):
                    taken[step]()

    def _read_checks(self) -> None:
        """Reads the checks, and finds and brings the image meanwhile."""
        told = partial(Checking, lasted=self._provided.lasted, progress=self._progress)
        whole = partial(told, self.settings, self._service.connect, self.outcomes, fail=self.fail)
        self._checking = reading = BeingRead(whole)
        failed: GateError | None = None
        try:
            self._take(steps.WHILE_CHECKS_ARE_READ, first=reading.require_no_fault)
        except GateError as error:
            failed = error
        # What is wrong with the checks comes first, whichever of the two was found first: and
        # reports name the checks, whatever is wrong with the image.
        with self._stopwatch(Step.CHECKS.part):
            self._checking, self._read_beside = reading.done(self.outcomes)
        self.watching = watching.of(
            self.settings, self._deploying, self.outcomes, self._vain, self._resources
        )
        if failed is not None:
            raise failed

    def _vain(self) -> str | None:
        """Why nobody needs to wait for the watch any more: the gate cannot open."""
        if self.failure is not None:
            return str(self.failure)
        known = self.outcomes.known
        found = (known.get(public_id) for public_id in self._checking.required)
        bad = (each for each in found if each is not None and each.status is not Status.PASSED)
        return next((f"{each.public_id} did not pass" for each in bad), None)

    def _check_before_traffic(self) -> None:
        """Raises why the candidate gets no traffic: what was found of it does not open the gate."""
        checking, deploying = self._checking, self._deploying
        if not isinstance(deploying, Deploying):
            return
        deploying.prove_staged()
        if not checking.before:
            raise NoVerdict("no check runs before traffic: name one in the environment's `checks`")
        checking.start_before()
        self.outcomes.wait_for_all(check.public_id for check in checking.before)
        deploying.prove_staged()
        required = [check.public_id for check in checking.before if check.required]
        clean = Evidence(required, dict.fromkeys(required), int(ExitStatus.OPEN))
        verdict = decide(clean, checking.confirmed(), self.failure)
        if verdict.state is not State.OPEN:
            kind = DeploymentFailed if verdict.state is State.CLOSED else NoVerdict
            raise kind("the candidate was given no traffic: " + "; ".join(verdict.reasons))
        self._progress(f"passed before traffic: {', '.join(required)}")

    def _prove_before_traffic(self) -> None:
        if isinstance(self._deploying, Deploying):
            for environment, address in self._deploying.candidates:
                self._provided.before_traffic(
                    environment=environment, image=self._deploying.image, address=address
                )

    def _proved(self, evidence: Evidence) -> Verdict:
        """The decision; an open one only with the proof after the checks, which is given once."""
        verdict = self._decide(evidence, self.failure)
        if verdict.state is not State.OPEN or self._proof is _Proof.GIVEN:
            return verdict
        with self._failing(), self._stopwatch("proof"):
            if self._proof is _Proof.BEGUN:
                raise NoVerdict("the run was broken off while it proved what answers")
            self._proof = _Proof.BEGUN
            if Step.AFTER_CHECKS in steps.of(self.settings):
                self._provided.after_checks(
                    environment=self.settings.environment, record=self._record(verdict)
                )
            self._deploying.prove()
            self._proof = _Proof.GIVEN
        return self._decide(evidence, self.failure)

    def _decide(self, evidence: Evidence, failure: GateError | None) -> Verdict:
        relaxed = sorted(check.public_id for check in self.checks if not check.required)
        watched = self.watching.verdicts()
        return decide(evidence, self._checking.confirmed(), failure, relaxed, watched)

    def _look(self) -> None:
        """Keeps for the page what is there to be looked at, before any of it goes."""
        if self.settings.html and self._exhibits is None:
            self._exhibits = Exhibits(self._checking.pictures(), self._deploying.logs())

    def _conclude(self, evidence: Evidence, say: Callable[[Record], None]) -> Record:
        verdict = self._proved(evidence)
        if verdict.state is State.OPEN:
            record = self._record(verdict)
            with self._failing(), self._recorder.prepared(record) as (reports, kept):
                try:
                    say(record)
                except OSError as error:
                    raise NoVerdict(f"the output cannot be written: {error}") from None
                # First what is no regular file perhaps, and can still fail.
                for report in reports:
                    report.commit()
                self._deploying.conclude()
                kept.commit()
                self._deploying.remember(record)
                return record
        failure = self.failure
        try:
            with self._stopwatch("rollback"):
                self._deploying.leave()
        except GateError as error:
            # What is left of the environment matters more than why the gate is not open.
            failure = self._masked(error)
        verdict = self._decide(evidence, failure)
        record = self._record(verdict, failure)
        try:
            with self._recorder.prepared(record) as (reports, kept):
                for prepared in (*reports, kept):
                    prepared.commit()
        except NoVerdict as error:
            reasons = dict.fromkeys((*verdict.reasons, str(self._masked(error))))
            record = replace(record, verdict=replace(verdict, reasons=tuple(reasons)))
        with suppress(OSError):  # a gate that is not open stays so, whoever hears of it
            say(record)
        self._deploying.remember(record)
        return record

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Notes an error of the block as the run's failure; the first one stays."""
        try:
            yield
        except GateError as error:
            self.fail(error)

    def _masked(self, error: GateError) -> GateError:
        return type(error)(self.settings.redact(str(error)))

    @property
    def _digest(self) -> str:
        return str(self._deploying.subject.digest)

    def _record(self, verdict: Verdict, failure: GateError | None = None) -> Record:
        failure = failure or self.failure
        settings, checking, deploying = self.settings, self._checking, self._deploying
        masked = settings.redact.document(
            Record(
                replace(verdict, checks=()),
                self._mode,
                settings.environment.name,
                self._started,
                datetime.now(UTC),
                self._build,
                service=settings.environment.gate,
                subject=deploying.subject,
                deploys=settings.environment.gated is not None,
                deployment=deploying.deployment,
                jobs=deploying.jobs,
                rolled_back=deploying.rolled_back,
                override=self._recorder.decided_against(deploying.against),
                rollback=deploying.rollback,
                failure=None if failure is None else str(failure),
                batches=tuple(BatchLink(batch.id, batch.url) for batch in checking.batches),
                requirements=self._requirements(),
                names={check.public_id: check.definition.name for check in checking.checks},
                calls=checking.calls,
                seconds=self._stopwatch.seconds,
                read_beside=self._read_beside,
                pictures=self._exhibits.pictures if self._exhibits else {},
                logs=self._exhibits.logs if self._exhibits else {},
            )
        )
        # Nobody is told of a check but without secrets: to look through 10,000 again takes seconds.
        return replace(masked, verdict=replace(masked.verdict, checks=verdict.checks))

    def _requirements(self) -> tuple[str, ...]:
        """What this run required: checks, what brought them, and the words of watch and targets."""
        planned = {check.public_id for check in self.checks}
        asked = [name for name in self.settings.requirements.names() if name not in planned]
        required, watch = self._checking.required, self.settings.watch
        words = (*(watch.required() if watch else ()), *self.settings.environment.required())
        return tuple(sorted({*required, *asked, *words})) if required else ()

    @property
    def _mode(self) -> Mode:
        if self.settings.deploy:
            return Mode.DECIDES
        return Mode.NARROWED if self.narrowed else Mode.CHECKS_ONLY
