"""A deployment to a Swarm, from the image to what is live.

Each class is one type of `pytest_storedog_gate.deploy`.
"""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy import Deployment
from pytest_storedog_gate.deploy.docker import names as labels
from pytest_storedog_gate.deploy.docker.journal import succession
from pytest_storedog_gate.deploy.references import ImageReference
from pytest_storedog_gate.deploy.swarm import journal, preview, rollout
from pytest_storedog_gate.deploy.swarm.preview import Candidate
from pytest_storedog_gate.errors import (
    ConfigurationError,
    DeploymentFailed,
    NoVerdict,
    RollbackFailed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_storedog_gate.deploy.swarm.deployer import SwarmDeployer
    from pytest_storedog_gate.deploy.swarm.models import Service, Spec

_PROOF = 30.0  # s; a node that is drained has its tasks elsewhere a moment later


@dataclass(frozen=True)
class FetchedImage:
    """See `Fetched`."""

    site: SwarmDeployer
    image: ImageReference

    def stage(self) -> StagedImage:
        """Without a preview there is no candidate: the Swarm gives what is not ready no traffic."""
        site, manager = self.site, self.site.manager
        before = rollout.require_settled(manager, site.target.service)
        said = {**self._labels(), **succession.label_of(site.build, before)}
        staged = StagedImage(site, self.image, before, said, datetime.now(UTC))
        candidate = Candidate.beside(before, manager, site.environment)
        if candidate is None:
            return staged
        site.lease.require()
        with undone_on_failure(site):
            aim = candidate.start(manager, staged.template, site.target.timeout)
            tasks = preview.running(manager, aim)
        site.progress(f"{aim.name} is ready with {self.image.brief} on {candidate.node.name}")
        return StagedCandidate(**vars(staged), aim=aim, tasks=tasks)

    def _labels(self) -> dict[str, str]:
        site, build = self.site, self.site.build
        return {
            **labels.owner(site.environment),
            labels.SERVICE: site.environment.gate or "",
            labels.DIGEST: self.image.digest or "",
            labels.DEPLOY_ID: uuid.uuid4().hex[:12],
            labels.COMMIT: build.commit or "",
            labels.BUILD: build.number or "",
            labels.BUILD_LINK: build.link or "",
        }


@dataclass(frozen=True)
class StagedImage:
    """See `Staged`. `before` is the service as it was found, `said` what its labels are to be."""

    site: SwarmDeployer
    image: ImageReference
    before: Service
    said: Mapping[str, str]
    started: datetime

    def promote(self) -> LiveService:
        site, manager, name = self.site, self.site.manager, self.site.target.service
        site.lease.require()
        if site.leaves_alone(self.before, self.image):
            forgiven = rollout.failures(manager, self.before)
            site.progress(f"{name} runs {self.image.brief} already: it was left alone")
            same = self._deployment(self.before.labels[labels.DEPLOY_ID], 0.0)
            return LeftAlone(site, same, rollout.Aim(name, self.before.template, forgiven))
        aim = rollout.Aim(name, self.template)
        with undone_on_failure(site):
            manager.change_service(name, self._opened)
            downtime = rollout.settle(manager, aim, site.target.timeout)
        site.progress(f"{name} now runs {self.image.brief}; unavailable for {downtime:.2f} s")
        return LiveService(site, self._deployment(self.said[labels.DEPLOY_ID], downtime), aim)

    def _opened(self, found: Service) -> Spec:
        if found.template != self.before.template:
            raise rollout.updated_by_others(found)
        return journal.Journal.begun(found).opened(found, self.template, self.said)

    @property
    def template(self) -> Spec:
        """What was found with the image, and with labels for what reads those of containers.

        No other deployment has this ID, so that its tasks are of this one alone.
        """
        found = self.before.template
        container, said = dict(found["ContainerSpec"]), self.said
        ours = (labels.SERVICE, labels.ENVIRONMENT, labels.DIGEST, labels.DEPLOY_ID)
        container["Image"] = self.image.pinned
        container["Labels"] = {
            **(container.get("Labels") or {}),
            **{label: said[label] for label in ours},
            f"{labels.DATADOG}env": said[labels.ENVIRONMENT],
            f"{labels.DATADOG}service": said[labels.SERVICE],
            f"{labels.DATADOG}version": self.image.version,
        }
        return {**found, "ContainerSpec": container}

    def _deployment(self, deploy_id: str, downtime: float) -> Deployment:
        return Deployment(
            environment=self.site.environment.name,
            service=self.site.environment.gate or "",
            image=self.image,
            deploy_id=deploy_id,
            previous_digest=_digest(self.before.image),
            started=self.started,
            finished=datetime.now(UTC),
            downtime=downtime,
            took_back=succession.taken_back(self.site.build, self.before),
        )


@dataclass(frozen=True)
class StagedCandidate(StagedImage):
    """See `Answers`: it answers by the `tasks` that it had when it was staged."""

    aim: rollout.Aim
    tasks: frozenset[str]

    @property
    def address(self) -> str | None:
        return str(self.site.environment.preview)

    def prove(self) -> None:
        manager = self.site.manager
        self.site.lease.require()
        rollout.settle(manager, self.aim, _PROOF)
        if preview.running(manager, self.aim) != self.tasks:
            raise DeploymentFailed(
                f"{self.aim.name} is not what was started: another task of it runs there now"
            )

    def promote(self) -> LiveService:
        """The candidate goes first: what it holds of its node, the next version may need."""
        site = self.site
        preview.remove(site.manager, site.lease, site.target.service)
        return super().promote()


@dataclass(frozen=True)
class LiveService:
    """See `Live`."""

    site: SwarmDeployer
    deployment: Deployment
    aim: rollout.Aim

    def prove(self) -> None:
        site = self.site
        site.lease.require()
        rollout.settle(site.manager, self.aim, _PROOF)

    def logs(self) -> dict[str, str]:
        """See `TellsLogs`."""
        site = self.site
        service = site.manager.find_service(site.target.service)
        tasks = site.manager.tasks(service) if service else ()
        return {
            f"{site.target.service} {task.id[:12]}": site.manager.task_logs(task.id)
            for task in tasks
            if task.is_made_of(self.aim.template)
        }

    def conclude(self) -> None:
        """One update, which restarts nothing."""
        self.site.lease.require()
        self.site.manager.change_service(self.site.target.service, self._concluded)

    def rollback(self) -> str:
        site, name = self.site, self.site.target.service
        if (done := site.put_back()) is not None:
            return done
        service = site.manager.find_service(name)
        if service is None or service.template == self.aim.template:
            raise RollbackFailed(
                f"the deployment of {name} is open no more, and nothing tells what was live "
                "before: somebody else has ended it. See what runs: "
                f"{site.manager.way.docker} service ps {name}"
            )
        return f"{name} was updated by somebody else, to {rollout.brief(service.image)}: it stays"

    def _concluded(self, service: Service) -> Spec:
        found = journal.Journal.of(service)
        if found is None or service.template != self.aim.template:
            raise rollout.updated_by_others(service)
        return found.concluded(service)


@dataclass(frozen=True)
class LeftAlone(LiveService):
    """What was asked for was live already: it is proved as ever, and nothing was opened."""

    def conclude(self) -> None:
        self.site.lease.require()

    def rollback(self) -> str:
        return f"{self.site.target.service} was live before this run and was left alone"


def _digest(image: str) -> str | None:
    try:
        return ImageReference.parse(image).digest
    except ConfigurationError:  # named by something that is no reference
        return None


@contextmanager
def undone_on_failure(site: SwarmDeployer) -> Iterator[None]:
    """Puts back what was there when the block fails, and adds to the error that it did."""
    name = site.target.service
    try:
        yield
    except (DeploymentFailed, NoVerdict) as error:
        done = site.put_back()
        outcome = f"What was done: {done}." if done else f"Nothing changed: {name} is as it was."
        raise type(error)(f"{error}\n{outcome}") from error
