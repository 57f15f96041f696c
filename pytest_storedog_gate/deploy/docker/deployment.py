"""A deployment on a Docker engine, from the fetched image to what is live.

Each class is one type of `pytest_storedog_gate.deploy`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy import Deployment
from pytest_storedog_gate.deploy.docker import (
    journal,
    proof,
    readiness,
    services,
    strategies,
)
from pytest_storedog_gate.deploy.docker.images import declared_volumes
from pytest_storedog_gate.deploy.docker.journal import succession
from pytest_storedog_gate.deploy.docker.journal.by_hand import by_hand
from pytest_storedog_gate.deploy.docker.names import DEPLOY_ID, DIGEST, Names
from pytest_storedog_gate.deploy.docker.services import jobs
from pytest_storedog_gate.deploy.docker.specification import specify
from pytest_storedog_gate.deploy.docker.traffic.ports import require_free
from pytest_storedog_gate.deploy.docker.traffic.stopping import drain_and_stop
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed, RollbackFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.deploy.docker.container import Container
    from pytest_storedog_gate.deploy.docker.deployer import DockerDeployer
    from pytest_storedog_gate.deploy.docker.specification import Spec
    from pytest_storedog_gate.deploy.references import ImageReference


@dataclass(frozen=True)
class FetchedImage:
    """See `Fetched`."""

    site: DockerDeployer
    image: ImageReference

    def stage(self) -> Prepared:
        site, engine, names = self.site, self.site.engine, self.site.names
        before = succession.label_of(site.build, engine.find(names.live))
        with site.timing("services"):
            ran = services.start(engine, site.environment, site.build, site.progress)
        started = datetime.now(UTC)
        spec = specify(site.environment, site.service, self.image, site.build)
        spec = replace(spec, labels={**spec.labels, **before})
        strategy = strategies.find(site.environment.strategy)
        if isinstance(strategy, strategies.Prepares):
            spec = strategy.prepare(engine, site.environment, names, spec, site.progress)
        for address in spec.addresses:
            require_free(engine, address, names.live)
        if site.service.candidate != "off":
            spec = self._with_its_data(spec)
        if site.runs_job(self.image):
            # What a job does stays: all that can be refused is refused before.
            proof.require_no_impostor(engine, names)
            site.lease.require()
            with site.timing("job"):
                ran |= jobs.run(engine, names, site.service, spec, site.progress)
        if site.service.candidate == "off":
            return Prepared(site, self.image, spec, started, ran)
        with journal.undone_on_failure(engine, names):
            engine.remove(names.candidate)  # one that recovery could not take away
            candidate = engine.create(names.candidate, spec.candidate())
            engine.start(candidate)
            ready = readiness.wait(engine, candidate, names.candidate)
        site.progress(f"{names.candidate} is ready with {self.image.brief}")
        return StagedCandidate(site, self.image, spec, started, ran, ready)

    def _with_its_data(self, spec: Spec) -> Spec:
        """A candidate that becomes live itself gets what live has in anonymous volumes, if told."""
        site = self.site
        live = site.engine.find(site.names.live)
        alone = strategies.candidate_becomes_live(site.environment.strategy) is False
        if live is None or alone:
            return spec
        shared = spec.with_volumes_of(live, declared_volumes(site.engine, spec.image))
        if shared != spec and site.service.candidate is None:
            folders = ", ".join(sorted(set(shared.volumes.values()) - set(spec.volumes.values())))
            raise ConfigurationError(
                f"{site.names.live} has data in a volume at {folders}, which its image asks for, "
                "and a candidate would be at work there too: use strategy recreate, which hands it "
                f'on, or say services.{site.service.name}.candidate = "on" where two may share it; '
                "nothing changed"
            )
        return shared


@dataclass(frozen=True)
class Prepared:
    """See `Staged` and `RanJobs`: what it needs is there, and the candidate, if any, is ready."""

    site: DockerDeployer
    image: ImageReference
    spec: Spec
    started: datetime
    jobs: Mapping[str, str]

    def promote(self) -> LiveDeployment:
        site, engine, names = self.site, self.site.engine, self.site.names
        # Without the lock nothing may be touched any more, the candidate included.
        site.lease.require()
        previous = engine.find(names.live)
        with journal.undone_on_failure(engine, names):
            proof.require_no_impostor(engine, names)
            if previous is not None and DEPLOY_ID not in previous.labels:
                self._adopt(previous)
            if previous is not None and site.leaves_alone(self.image, previous):
                engine.remove(names.candidate)
                site.progress(f"{names.live} runs {self.image.brief} already: it was left alone")
                return LeftAlone(site, self._deployment(previous, previous, 0.0), previous)
            strategy = strategies.find(site.environment.strategy)
            downtime = strategy.swap(engine, names, self.spec)
            with site.timing("drain"):
                drain_and_stop(engine, names.previous)
            live = engine.get(names.live)
        site.progress(f"{names.live} now runs {self.image.brief}; unavailable for {downtime:.2f} s")
        return LiveDeployment(site, self._deployment(live, previous, downtime), live)

    def _deployment(
        self, live: Container, previous: Container | None, downtime: float
    ) -> Deployment:
        return Deployment(
            environment=self.site.environment.name,
            service=self.site.service.name,
            image=self.image,
            deploy_id=live.labels[DEPLOY_ID],
            previous_digest=previous.labels.get(DIGEST) if previous else None,
            started=self.started,
            finished=datetime.now(UTC),
            downtime=downtime,
            took_back=succession.taken_back(self.site.build, previous),
        )

    def _adopt(self, found: Container) -> None:
        """A container of this name that the gate has not made is the previous version, too."""
        if found.goes_when_stopped:
            raise DeploymentFailed(
                f"{found.name} was started with --rm, and is gone as soon as it is stopped: it "
                "could not be put back; start it anew without --rm, or remove it"
            )
        self.site.progress(f"adopted {found.name}, which the gate has not made, from {found.image}")


@dataclass(frozen=True)
class StagedCandidate(Prepared):
    """See `Answers`."""

    candidate: Container

    @property
    def address(self) -> str | None:
        """The preview, else a port that only this machine reaches, where it has one."""
        site, port = self.site, self.spec.port
        if site.environment.preview is not None:
            return str(site.environment.preview)
        return readiness.reach(site.engine, self.candidate, port) if port else None

    def prove(self) -> None:
        site = self.site
        site.lease.require()
        proof.prove_staged(site.engine, site.names, self.candidate, site.environment.preview)


@dataclass(frozen=True)
class LiveDeployment:
    """See `Live`. It is proved to be the very container that was started."""

    site: DockerDeployer
    deployment: Deployment
    container: Container

    def prove(self) -> None:
        site = self.site
        site.lease.require()
        published = site.environment.publish.get(site.service.name)
        site.require_edge()
        proof.prove_deployed(site.engine, site.names, self.deployment, self.container, published)

    def logs(self) -> dict[str, str]:
        """See `TellsLogs`: those of all services, the one under the gate first."""
        site = self.site
        others = (s.name for s in site.environment.services if s.name != site.service.name)
        names = [site.names.live, *(Names.of(site.environment, other).live for other in others)]
        return {name: site.engine.logs(name) for name in names if site.engine.find(name)}

    def conclude(self) -> None:
        self.site.lease.require()
        journal.conclude(self.site.engine, self.site.names)

    def rollback(self) -> str:
        site, names = self.site, self.site.names
        done = site.put_back()
        if (
            done is None
            and (found := site.engine.find(names.live))
            and found.id == self.container.id
        ):
            raise RollbackFailed(
                f"the deployment of {names.live} is open no more, and nothing tells what was live "
                f"before: somebody else has ended it.\n{by_hand(site.engine, names)}"
            )
        return done or f"the previous version of {names.live} was put back before"


@dataclass(frozen=True)
class LeftAlone(LiveDeployment):
    """What was asked for was live already: it is proved as ever, and nothing was opened."""

    def conclude(self) -> None:
        self.site.lease.require()

    def rollback(self) -> str:
        return f"{self.site.names.live} was live before this run and was left alone"
