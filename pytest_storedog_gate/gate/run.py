"""One run of the gate, from recovery to unlock, as a straight road."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog import ci
from pytest_storedog_gate.datadog.batch import GRACE, Batch
from pytest_storedog_gate.datadog.client import MAX_TESTS
from pytest_storedog_gate.datadog.clock import Clock
from pytest_storedog_gate.deploy import Build, Deployer, Deployment, ImageReference
from pytest_storedog_gate.errors import ConfigurationError, GateError, NoVerdict
from pytest_storedog_gate.redaction import masked

from . import record, selection, synthetics
from .image import asked_for
from .outcomes import Outcomes
from .verdict import State, Verdict, decide, required_outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from pytest_storedog_gate.datadog.client import SyntheticsClient
    from pytest_storedog_gate.datadog.models import CheckOutcome
    from pytest_storedog_gate.settings import Settings

    from .selection import Known, PlannedCheck


class GateRun:
    """What one run knows. `prepare`, `begin` and `end` are called once, in the main thread."""

    def __init__(self, settings: Settings, progress: Callable[[str], None]) -> None:
        self.settings = settings
        self.checks: tuple[PlannedCheck, ...] = ()
        self._relaxed: frozenset[str] = frozenset()
        self.deployment: Deployment | None = None
        self.batches: list[Batch] = []
        self.rolled_back: str | None = None
        self.outcomes = Outcomes(progress)
        self._progress = progress
        self._build = Build(
            commit=os.environ.get("DRONE_COMMIT_SHA"),
            number=os.environ.get("DRONE_BUILD_NUMBER"),
            link=os.environ.get("DRONE_BUILD_LINK"),
        )
        self._started = datetime.now(UTC)
        self._resources = ExitStack()
        self._client: SyntheticsClient | None = None
        self._known: Known | None = None
        self._deployer: Deployer | None = None
        self._locked: Deployer | None = None
        self._image: ImageReference | None = None
        self._cancelled = threading.Event()
        self._watchers: list[threading.Thread] = []

    # -- the road ------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Recovers, and finds out what is to be checked. What goes wrong becomes `failure`."""
        try:
            if self.settings.environment.gated:
                self._deployer = self._connect_engine()
                if self._deployer.lock(wait=self.settings.lock_wait):
                    self._recover(self._deployer)
            clock = Clock(self._cancelled.wait)
            self._client = synthetics.connect(self.settings, self._resources, clock)
            self._known = selection.Known(self._client)
            self._plan(selection.resolve(self.settings.requirements, self._known))
        except GateError as error:
            self.fail(error)

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
        try:
            if marked:
                requirements = self.settings.requirements.adding(marked)
                self._plan(selection.resolve(requirements, self._known))
                _refuse_suites(marked, self.checks)
            wanted = {*chosen, *marked}
            self._plan(check for check in self.checks if check.public_id in wanted)
            if self._deployer is not None:
                self._deploy(self._deployer, asked_for(self.settings))
            self.outcomes.expect((c.public_id for c in self.checks), stop_after=stop_after)
            self._trigger(self._client)
        except GateError as error:
            self.fail(error)

    def trigger(self, public_id: str, overrides: Mapping[str, Any]) -> CheckOutcome:
        """Runs one check now, in a batch of its own, and waits for it; a test decides on it."""
        if self.failure is not None or self._client is None or self._known is None:
            raise self.failure or NoVerdict("the run has not begun")
        asked = replace(self.settings.requirements, checks=(), search=())
        checks = selection.resolve(asked.adding({public_id: overrides}), self._known)
        _refuse_suites([public_id], checks)
        batch = self._batch(self._client, checks)
        for outcome in batch.outcomes():
            return masked(outcome, self.settings.redact)
        raise NoVerdict(f"the run ended before {public_id} had a result")

    def end(
        self, required: Sequence[str], flaws: Mapping[str, str | None], session_status: int
    ) -> Verdict:
        """Decides; then concludes what it proves once more, or puts the previous version back."""
        self._stop_watching()
        verdict = self._decide(required, flaws, session_status)
        if verdict.state is State.OPEN and self._locked is not None and self.deployment:
            try:
                self._locked.prove(self.deployment)
                self._locked.conclude()
            except GateError as error:
                self.fail(error)
                verdict = self._decide(required, flaws, session_status)
        if verdict.state is not State.OPEN and self._locked is not None:
            try:
                self._leave(self._locked)
            except GateError as error:
                self.outcomes.failure = None
                self.fail(error)
                verdict = self._decide(required, flaws, session_status)
        verdict = self._keep_record(verdict)
        self._resources.close()
        return verdict

    @property
    def failure(self) -> GateError | None:
        """What stopped the run, if anything did."""
        return self.outcomes.failure

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
        return record.as_json(verdict, self._facts())

    # -- its stops -----------------------------------------------------------------------------

    def _plan(self, checks: Iterable[PlannedCheck]) -> None:
        self.checks = tuple(checks)
        self._relaxed = frozenset(c.public_id for c in self.checks if not c.required)

    def _connect_engine(self) -> Deployer:
        settings = self.settings
        self._image = asked_for(settings)
        deployer = Deployer(
            settings.environment,
            build=self._build,
            progress=self._progress,
            redact=settings.redact,
        )
        self._resources.callback(deployer.close)
        deployer.connect()
        return deployer

    def _recover(self, deployer: Deployer) -> None:
        """The lock's holder first mends what an earlier run left, and may touch the rest."""
        self._locked = deployer
        mended = deployer.recover()
        if mended:
            self._progress(f"recovered: {mended}")

    def _deploy(self, deployer: Deployer, asked: ImageReference) -> None:
        settings = self.settings
        self._image = image = deployer.resolve(asked)
        digest = str(image.digest)
        if settings.requires is not None:
            record.require_open(
                settings.verdicts,
                settings.requires.name,
                digest,
                service=str(settings.environment.gate),
                names=settings.required_there,
            )
        deployer.pull(image)
        if self._locked is None:
            deployer.lock(image, wait=settings.lock_wait)
            self._recover(deployer)
        # An older verdict on this digest says nothing any more once it is put to the test again.
        record.path_of(settings.verdicts, settings.environment.name, digest).unlink(missing_ok=True)
        deployer.start_services()
        self.deployment = deployer.deploy(image)
        deployer.prove(self.deployment)

    def _trigger(self, client: SyntheticsClient) -> None:
        client.deadline = client.clock.now() + self.settings.batch_timeout + GRACE
        for start in range(0, len(self.checks), MAX_TESTS):
            checks = self.checks[start : start + MAX_TESTS]
            batch = self._batch(client, checks)
            self.batches.append(batch)
            self._progress(f"triggered {len(checks)} checks: {batch.url}")
        for batch in self.batches:
            watcher = threading.Thread(target=self._watch, args=(batch,), daemon=True)
            self._watchers.append(watcher)
            watcher.start()

    def _batch(self, client: SyntheticsClient, checks: Sequence[PlannedCheck]) -> Batch:
        triggered = client.trigger(
            [check.payload for check in checks],
            batch_timeout=self.settings.batch_timeout,
            metadata=ci.metadata(),
        )
        return Batch(client, triggered, [check.public_id for check in checks])

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

    def _judged(self, outcome: CheckOutcome) -> CheckOutcome:
        """As tests, workers and reports see it: without secrets, and by the rules in git."""
        clean = masked(outcome, self.settings.redact)
        return clean if outcome.public_id in self._relaxed else required_outcome(clean)

    def _stop_watching(self) -> None:
        self._cancelled.set()
        for watcher in self._watchers:
            watcher.join()

    def _decide(
        self, required: Sequence[str], flaws: Mapping[str, str | None], session_status: int
    ) -> Verdict:
        known = self.outcomes.known
        # Once more from the whole batch: results may have joined in the meantime.
        confirmed = {
            public_id: self._judged(batch.outcome(public_id))
            for batch in self.batches
            for public_id in batch.public_ids
            if public_id in known
        }
        return decide(
            [public_id for public_id in required if public_id not in self._relaxed],
            confirmed,
            flaws,
            failure=self.failure,
            session_status=session_status,
            optional=sorted(self._relaxed),
        )

    def _leave(self, deployer: Deployer) -> None:
        """Leaves the environment after a run that did not open the gate."""
        if self.deployment is None:
            deployer.rollback()  # an interrupted deployment has left its parts
        elif self.settings.environment.on_failure == "keep":
            deployer.conclude()
        else:
            self.rolled_back = deployer.rollback()

    def _keep_record(self, verdict: Verdict) -> Verdict:
        """Writes the record and the report; an open gate without its record is not open."""
        settings = self.settings
        data = self.report(verdict)
        try:
            if self.deployment is not None:
                digest = str(self.deployment.image.digest)
                path = record.path_of(settings.verdicts, settings.environment.name, digest)
                record.write(path, data)
            if settings.report is not None:
                record.write(settings.report, data)
        except OSError as error:
            self.fail(NoVerdict(f"the verdict cannot be written: {error}"))
            return Verdict(
                State.INCONCLUSIVE,
                verdict.exit_status or NoVerdict.exit_status,
                (*verdict.reasons, str(self.failure)),
                verdict.checks,
            )
        return verdict

    def _facts(self) -> dict[str, Any]:
        environment, deployment = self.settings.environment, self.deployment
        image = deployment.image if deployment else self._image
        return {
            "environment": environment.name,
            "service": environment.gate,
            "image": str(image) if image else None,
            "digest": image.digest if image else None,
            "deploy_id": deployment.deploy_id if deployment else None,
            "previous_digest": deployment.previous_digest if deployment else None,
            "rolled_back": self.rolled_back,
            "downtime": deployment.downtime if deployment else None,
            "commit": self._build.commit,
            "build": self._build.number,
            "build_link": self._build.link,
            "batch_id": " ".join(batch.id for batch in self.batches),
            "batch_url": " ".join(batch.url for batch in self.batches),
            "requirements": list(self.settings.requirements.names()),
            "started": self._started.isoformat(),
            "finished": datetime.now(UTC).isoformat(),
        }


def _refuse_suites(public_ids: Collection[str], checks: Collection[PlannedCheck]) -> None:
    suites = set(public_ids) - {check.public_id for check in checks}
    if suites:
        raise ConfigurationError(
            f"{', '.join(sorted(suites))} is a suite, and a test needs one check: name one of the "
            "suite's tests"
        )
