"""The deployer of a Docker engine: each class is one type of `pytest_storedog_gate.deploy`."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import journal, ports, proof, readiness, services
from pytest_storedog_gate.deploy.docker.engine import Engine
from pytest_storedog_gate.deploy.docker.images import fetch, resolve, standing
from pytest_storedog_gate.deploy.docker.lease import Lease
from pytest_storedog_gate.deploy.docker.names import DEPLOY_ID, DIGEST, Names
from pytest_storedog_gate.deploy.docker.planning import Plan
from pytest_storedog_gate.deploy.docker.specification import specify
from pytest_storedog_gate.deploy.docker.strategies import STRATEGIES
from pytest_storedog_gate.deploy.models import Deployment
from pytest_storedog_gate.deploy.references import ImageReference
from pytest_storedog_gate.errors import ConfigurationError, GateError, RollbackFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.deploy.docker.container import Container
    from pytest_storedog_gate.deploy.docker.specification import Spec
    from pytest_storedog_gate.deploy.environment import Environment, Service
    from pytest_storedog_gate.deploy.models import Build


@contextmanager
def connected(
    environment: Environment,
    build: Build,
    progress: Callable[[str], None],
    redact: Callable[[str], str],
) -> Iterator[DockerDeployer]:
    """Reaches the environment's engine; `NoVerdict` where it does not answer within 5 seconds.

    `progress` gets one line for each thing done; `redact` masks secrets in everything that comes
    from containers or the engine.
    """
    if environment.gated is None:
        raise ConfigurationError(
            f"environments.{environment.name} has no service under the gate: nothing can be "
            "deployed there; name it with `gate`, or run with --storedog-deploy=never"
        )
    engine = Engine(environment.engine, redact)
    try:
        engine.connect()
        names = Names(environment.name, environment.gated.name)
        yield DockerDeployer(Site(environment, environment.gated, names, engine, build, progress))
    finally:
        engine.close()


@dataclass(frozen=True)
class Site:
    """Where all stages work: one environment on one engine, and the service under its gate."""

    environment: Environment
    service: Service
    names: Names
    engine: Engine
    build: Build
    progress: Callable[[str], None]


class DockerDeployer:
    """See `Deployer`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lease = Lease(site.engine, site.names, site.build)

    def resolve(self, reference: ImageReference) -> ImageReference:
        """See `Deployer`."""
        return resolve(self._site.engine, reference)

    @contextmanager
    def lock(self, *, wait: float = 0.0) -> Iterator[HeldEnvironment]:
        """See `Deployer`.

        The lock is a container of the configuration's `lock_image`, else of an image that stands in
        the environment already. Where there is neither, nothing stands there that two runs could
        fight over: it is then made of the image that is fetched, before anything is touched.
        """
        held = HeldEnvironment(self._site, self._lease, wait)
        try:
            if (made_of := self._lock_image()) is not None:
                self._lease.acquire(made_of, wait)
            yield held
        finally:
            self._lease.release()

    def foresee(self, reference: ImageReference) -> Plan:
        """See `Deployer`."""
        site = self._site
        return Plan(site.engine, site.environment, self._lease, reference)

    def _lock_image(self) -> str | None:
        site = self._site
        if site.environment.lock_image is None:
            return standing(site.engine, site.names)
        named = resolve(site.engine, ImageReference.parse(site.environment.lock_image))
        fetch(site.engine, named)
        return named.pinned


class HeldEnvironment:
    """See `Held`."""

    def __init__(self, site: Site, lease: Lease, wait: float) -> None:
        self._site, self._lease, self._wait = site, lease, wait

    def recover(self) -> str | None:
        """See `Held`."""
        if not self._lease.taken:
            return None
        names = (
            Names(self._site.environment.name, s.name) for s in self._site.environment.services
        )
        done = [sentence for n in names if (sentence := journal.put_back(self._site.engine, n))]
        return "; ".join(done) or None

    def fetch(self, image: ImageReference) -> FetchedImage:
        """See `Held`. Takes the lock where there was nothing to make it of."""
        fetch(self._site.engine, image)
        self._site.progress(f"pulled {image.brief}")
        if not self._lease.taken:
            self._lease.acquire(image.pinned, self._wait)
            if mended := self.recover():
                self._site.progress(f"recovered: {mended}")
        return FetchedImage(self._site, self._lease, image)

    def put_back(self) -> str:
        """See `Held`. Without the lock nothing was touched."""
        return put_back(self._site, self._lease) if self._lease.taken else ""


class FetchedImage:
    """See `Fetched`."""

    def __init__(self, site: Site, lease: Lease, image: ImageReference) -> None:
        self._site, self._lease, self._image = site, lease, image

    def stage(self) -> StagedCandidate:
        """See `Fetched`."""
        site, engine, names = self._site, self._site.engine, self._site.names
        services.start(engine, site.environment, site.build, site.progress)
        started = datetime.now(UTC)
        deploy_id = uuid.uuid4().hex[:12]
        spec = specify(site.environment, site.service, self._image, site.build, deploy_id)
        if spec.publish is not None:
            ports.require_free(engine, spec.publish, holder=names.live)
        with journal.undone_on_failure(engine, names):
            candidate = engine.create(names.candidate, spec.candidate())
            engine.start(candidate)
            readiness.wait(engine, candidate, names.candidate)
        site.progress(f"{names.candidate} is ready with {self._image.brief}")
        return StagedCandidate(site, self._lease, self._image, spec, started)


class StagedCandidate:
    """See `Staged`."""

    def __init__(
        self, site: Site, lease: Lease, image: ImageReference, spec: Spec, started: datetime
    ) -> None:
        self._site, self._lease, self._image = site, lease, image
        self._spec, self._started = spec, started

    def promote(self) -> LiveDeployment:
        """See `Staged`."""
        site, engine, names = self._site, self._site.engine, self._site.names
        # Without the lock nothing may be touched any more, the candidate included.
        self._lease.require()
        previous = engine.find(names.live)
        with journal.undone_on_failure(engine, names):
            swap = STRATEGIES[site.environment.strategy]
            downtime = swap(engine, names, self._spec)
        live = engine.get(names.live)
        site.progress(
            f"{names.live} now runs {self._image.brief}; unavailable for {downtime:.2f} s"
        )
        deployment = Deployment(
            environment=site.environment.name,
            service=site.service.name,
            image=self._image,
            deploy_id=self._spec.labels[DEPLOY_ID],
            previous_digest=previous.labels.get(DIGEST) if previous else None,
            started=self._started,
            finished=datetime.now(UTC),
            downtime=downtime,
        )
        return LiveDeployment(site, self._lease, deployment, live)


class LiveDeployment:
    """See `Live`. It is proved to be the very container that was started."""

    def __init__(
        self, site: Site, lease: Lease, deployment: Deployment, container: Container
    ) -> None:
        self.deployment = deployment
        self._site, self._lease, self._container = site, lease, container

    def prove(self) -> None:
        """See `Live`."""
        site = self._site
        self._lease.require()
        expected = proof.Identity.of(site.engine, self.deployment, self._container)
        published = site.environment.publish.get(site.service.name)
        proof.prove(site.engine, site.names, expected, published)

    def conclude(self) -> None:
        """See `Live`."""
        self._lease.require()
        journal.conclude(self._site.engine, self._site.names)

    def rollback(self) -> str:
        """See `Live`."""
        return put_back(self._site, self._lease)


def put_back(site: Site, lease: Lease) -> str:
    """Puts the previous version back, proves that it answers, and says so in a sentence."""
    engine, names = site.engine, site.names
    try:
        lease.require()
        previous = engine.find(names.previous)
        done = journal.put_back(engine, names)
        if previous is not None:
            proof.prove_put_back(engine, names, previous)
    except RollbackFailed:
        raise
    except GateError as error:
        raise RollbackFailed(f"{error}\n{journal.by_hand(engine, names)}") from error
    return done or f"{names.live} has no open deployment: nothing to put back"
