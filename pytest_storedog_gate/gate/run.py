"""One run of the gate, from recovery to unlock, as a straight road."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog import ci
from pytest_storedog_gate.datadog.batch import Batch, Clock
from pytest_storedog_gate.deploy import Build, Deployer, Deployment, ImageReference
from pytest_storedog_gate.errors import GateError, NoVerdict
from pytest_storedog_gate.redaction import masked

from . import preflight, record
from .image import asked_for
from .verdict import State, Verdict, decide

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_storedog_gate.datadog.client import SyntheticsClient
    from pytest_storedog_gate.datadog.models import CheckOutcome
    from pytest_storedog_gate.datadog.selection import Selected
    from pytest_storedog_gate.settings import Settings


class GateRun:
    """Holds what one run knows. `begin` and `end` are called once, from the main thread."""

    def __init__(self, settings: Settings, progress: Callable[[str], None]) -> None:
        self.settings = settings
        self.failure: GateError | None = None
        self.deployment: Deployment | None = None
        self.batch: Batch | None = None
        self.rolled_back: str | None = None
        self._progress = progress
        self._build = Build(
            commit=os.environ.get("DRONE_COMMIT_SHA"),
            number=os.environ.get("DRONE_BUILD_NUMBER"),
            link=os.environ.get("DRONE_BUILD_LINK"),
        )
        self._started = datetime.now(UTC)
        self._resources = ExitStack()
        self._locked: Deployer | None = None
        self._image: ImageReference | None = None
        self._outcomes: dict[str, CheckOutcome] = {}
        self._news = threading.Condition()
        self._cancelled = threading.Event()
        self._watcher: threading.Thread | None = None

    # -- the road ------------------------------------------------------------------------------

    def begin(self, checks: Sequence[Selected]) -> None:
        """Recovers, deploys, proves and triggers. What goes wrong becomes `failure`."""
        try:
            deployer = self._connect_engine() if self.settings.environment.gated else None
            if deployer is not None and deployer.lock(wait=self.settings.lock_wait):
                self._recover(deployer)
            client = preflight.connect(self.settings, self._resources)
            preflight.definitions(client, checks)
            if deployer is not None:
                self._deploy(deployer, asked_for(self.settings))
            self._trigger(client, checks)
        except GateError as error:
            self.fail(error)

    def outcome(self, public_id: str) -> CheckOutcome:
        """One check's outcome; blocks until it is there. Raises why there will be none."""
        with self._news:
            self._news.wait_for(lambda: public_id in self._outcomes or self.failure is not None)
            if public_id in self._outcomes:
                return self._outcomes[public_id]
            assert self.failure is not None  # noqa: S101  # the wait's other condition
            raise self.failure

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
                self.failure = None
                self.fail(error)
                verdict = self._decide(required, flaws, session_status)
        verdict = self._keep_record(verdict)
        self._resources.close()
        return verdict

    def fail(self, error: GateError) -> None:
        """Notes why the gate cannot be open; the first reason stays."""
        clean = type(error)(self.settings.redact(str(error)))
        with self._news:
            self.failure = self.failure or clean
            self._news.notify_all()

    def properties(self) -> list[tuple[str, object]]:
        """The run's facts for a report, without those that it has not."""
        facts = self._facts()
        return [(name, value) for name, value in facts.items() if value not in (None, "")]

    # -- its stops -----------------------------------------------------------------------------

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
                checks=[check.public_id for check in settings.requires.checks],
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

    def _trigger(self, client: SyntheticsClient, checks: Sequence[Selected]) -> None:
        settings = self.settings
        tests = [_payload(check, settings.environment.overrides) for check in checks]
        triggered = client.trigger(
            tests, batch_timeout=settings.batch_timeout, metadata=ci.metadata()
        )
        self.batch = Batch(
            client,
            triggered,
            [check.public_id for check in checks],
            batch_timeout=settings.batch_timeout,
            clock=Clock(self._cancelled.wait),
        )
        self._progress(f"triggered {len(tests)} checks: {self.batch.url}")
        self._watcher = threading.Thread(target=self._watch, args=(self.batch,), daemon=True)
        self._watcher.start()

    def _watch(self, batch: Batch) -> None:
        try:
            for found in batch.outcomes():
                # Here, before a test, a worker or a report can see it.
                outcome = masked(found, self.settings.redact)
                with self._news:
                    self._outcomes[outcome.public_id] = outcome
                    self._news.notify_all()
        except GateError as error:
            self.fail(error)
        except Exception as error:  # noqa: BLE001  # a thread's error would be lost, and tests wait
            self.fail(NoVerdict(f"following the batch failed: {type(error).__name__}: {error}"))

    def _stop_watching(self) -> None:
        self._cancelled.set()
        if self._watcher is not None:
            self._watcher.join()

    def _decide(
        self, required: Sequence[str], flaws: Mapping[str, str | None], session_status: int
    ) -> Verdict:
        outcomes = self._outcomes
        if self.batch is not None:
            confirmed = {p: self.batch.confirm(outcome) for p, outcome in outcomes.items()}
            outcomes = masked(confirmed, self.settings.redact)
        return decide(
            required, outcomes, flaws, failure=self.failure, session_status=session_status
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
        data = record.as_json(verdict, self._facts())
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
            "batch_id": self.batch.id if self.batch else None,
            "batch_url": self.batch.url if self.batch else None,
            "started": self._started.isoformat(),
            "finished": datetime.now(UTC).isoformat(),
        }


def _payload(check: Selected, overrides: Mapping[str, Any]) -> dict[str, Any]:
    payload = {**overrides, "public_id": check.public_id}
    if check.version is not None:
        payload["version"] = check.version
    return payload
