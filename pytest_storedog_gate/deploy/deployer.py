"""The steps of a deployment, in the order in which the gate calls them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_storedog_gate.errors import ConfigurationError, GateError, RollbackFailed

from . import journal, ports, proof, readiness, services
from .engine import Engine
from .images import fetch, resolve, standing
from .lease import Lease
from .models import Deployment
from .names import DEPLOY_ID, DIGEST, Names
from .planning import Plan
from .references import ImageReference
from .specification import specify
from .strategies import STRATEGIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_storedog_gate.configuration import Environment

    from .models import Build


class Deployer:
    """Puts images into one environment.

    Steps, in order: `connect`, `lock`, `recover`, `resolve`, `pull`, `start_services`, `deploy`,
    `prove` (before and after the checks), then `conclude` or `rollback`, and always `close`.
    Every step raises a `GateError`, and none needs to be undone before the next run: an interrupted
    one is mended by that run's `recover`. `progress` gets one line for each thing done; `redact`
    masks secrets in everything that comes from containers or the engine.
    """

    def __init__(
        self,
        environment: Environment,
        *,
        build: Build,
        progress: Callable[[str], None],
        redact: Callable[[str], str],
    ) -> None:
        if environment.gated is None:
            raise ConfigurationError(
                f"environments.{environment.name} has no service under the gate: nothing can be "
                "deployed there; name it with `gate`, or run with --storedog-deploy=never"
            )
        self._environment = environment
        self._service = environment.gated
        self._build = build
        self._progress = progress
        self._names = Names(environment.name, environment.gated.name)
        self._engine = Engine(environment.engine, redact)
        self._lease = Lease(self._engine, self._names, build)

    def connect(self) -> None:
        """Reaches the engine; `NoVerdict` where it does not answer within 5 seconds."""
        self._engine.connect()

    def resolve(self, reference: ImageReference) -> ImageReference:
        """The reference with its digest, asked from the registry; nothing is pulled.

        Raises `ConfigurationError` without tag and digest, `DeploymentFailed` where the registry
        does not know it, `NoVerdict` where the registry cannot be asked.
        """
        return resolve(self._engine, reference)

    def pull(self, image: ImageReference) -> None:
        """Brings the digest to the engine; never settles for an image that is there already."""
        fetch(self._engine, image)
        self._progress(f"pulled {image.brief}")

    def lock(self, image: ImageReference | None = None, *, wait: float = 0.0) -> bool:
        """Takes the environment's lock, for at most `wait` seconds; raises `Locked`.

        The lock is a container of the configuration's `lock_image`, else of an image that stands
        in the environment already, else of `image` (pulled); False where there is none of these.
        It is free again as soon as this process ends, for whatever reason.
        """
        made_of = self._lock_image(image)
        if made_of is not None:
            self._lease.acquire(made_of, wait)
        return made_of is not None

    def unlock(self) -> None:
        """Gives the lock back; without a lock it does nothing."""
        self._lease.release()

    def recover(self) -> str | None:
        """Mends what an unfinished run left; says what in a sentence, None where all was well.

        Raises `RollbackFailed` where the previous version cannot be put back.
        """
        done = [
            sentence
            for service in self._environment.services
            if (
                sentence := journal.put_back(
                    self._engine, Names(self._environment.name, service.name)
                )
            )
        ]
        return "; ".join(done) or None

    def start_services(self) -> None:
        """Brings the network and the supporting services to what the configuration says."""
        services.start(self._engine, self._environment, self._build, self._progress)

    def deploy(self, image: ImageReference) -> Deployment:
        """Makes the pulled image live, after a candidate of it was ready.

        The deployment stays open until `conclude`. Raises `DeploymentFailed` or `NoVerdict`, with
        the previous version in place, and `RollbackFailed` where it could not be put back.
        """
        engine, names = self._engine, self._names
        started = datetime.now(UTC)
        previous = engine.find(names.live)
        spec = specify(self._environment, self._service, image, self._build, uuid.uuid4().hex[:12])
        if spec.publish is not None:
            ports.require_free(engine, spec.publish, holder=names.live)
        with journal.undone_on_failure(engine, names):
            candidate = engine.create(names.candidate, spec.candidate())
            engine.start(candidate)
            readiness.wait(engine, candidate, names.candidate)
        self._progress(f"{names.candidate} is ready with {image.brief}")
        # Without the lock nothing may be touched any more, the candidate included.
        self._lease.require()
        with journal.undone_on_failure(engine, names):
            downtime = STRATEGIES[self._environment.strategy](engine, names, spec)
        live = engine.get(names.live)
        self._progress(f"{names.live} is that now, after {downtime:.2f} s without an answer")
        return Deployment(
            environment=self._environment.name,
            service=self._service.name,
            image=image,
            deploy_id=spec.labels[DEPLOY_ID],
            container_id=live.id,
            container_started=live.started_at,
            previous_digest=previous.labels.get(DIGEST) if previous else None,
            started=started,
            finished=datetime.now(UTC),
            downtime=downtime,
        )

    def prove(self, deployment: Deployment) -> None:
        """Nothing but this deployment answers; `DeploymentFailed` says what else does."""
        self._lease.require()
        expected = proof.Identity.of(self._engine, deployment)
        published = self._environment.publish.get(self._service.name)
        proof.prove(self._engine, self._names, expected, published)

    def conclude(self) -> None:
        """Ends the open deployment: what is live stays, and the previous version goes."""
        self._lease.require()
        journal.conclude(self._engine, self._names)

    def rollback(self) -> str:
        """Puts the previous version back, proves that it answers, and says so in a sentence.

        Raises `RollbackFailed` with the commands that a person needs.
        """
        engine, names = self._engine, self._names
        try:
            self._lease.require()
            previous = engine.find(names.previous)
            done = journal.put_back(engine, names)
            if previous is not None:
                proof.prove_put_back(engine, names, previous)
        except RollbackFailed:
            raise
        except GateError as error:
            raise RollbackFailed(f"{error}\n{journal.by_hand(engine, names)}") from error
        return done or f"{names.live} has no open deployment: nothing to put back"

    def foresee(self, reference: ImageReference) -> Plan:
        """What each step would do; changes nothing, and raises what the step would raise."""
        return Plan(self._engine, self._environment, self._lease, reference)

    def plan(self, reference: ImageReference) -> list[str]:
        """What all steps would do."""
        return list(self.foresee(reference))

    def close(self) -> None:
        """Gives the lock back and leaves the engine. Safe in every state."""
        self._lease.release()
        self._engine.close()

    def _lock_image(self, image: ImageReference | None) -> str | None:
        if self._environment.lock_image is not None:
            named = resolve(self._engine, ImageReference.parse(self._environment.lock_image))
            fetch(self._engine, named)
            return named.pinned
        return standing(self._engine, self._names) or (image.pinned if image else None)
