"""A deployment on a cluster, from the known image to what is live.

Each class is one type of `pytest_storedog_gate.deploy`.
"""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lightkube.resources.core_v1 import Service

from pytest_storedog_gate.deploy import Deployment as Deployed
from pytest_storedog_gate.deploy import ancestry
from pytest_storedog_gate.deploy.kubernetes import (
    going_back,
    journal,
    looking,
    preview,
    refusing,
    rollout,
)
from pytest_storedog_gate.deploy.kubernetes.forwarding import Forward
from pytest_storedog_gate.deploy.kubernetes.journal import Version
from pytest_storedog_gate.deploy.kubernetes.rollout import Goal
from pytest_storedog_gate.deploy.reaching.engine_address import is_loopback
from pytest_storedog_gate.deploy.references import ImageReference
from pytest_storedog_gate.errors import (
    ConfigurationError,
    DeploymentFailed,
    NoVerdict,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lightkube.resources.apps_v1 import Deployment

    from pytest_storedog_gate.deploy.kubernetes.deployer import Site
    from pytest_storedog_gate.deploy.kubernetes.looking import Look

_MOST_COMMITS = 50


@dataclass(frozen=True)
class KnownImage:
    """See `Fetched`."""

    site: Site
    image: ImageReference

    def stage(self) -> Prepared:
        """The cluster is asked whether it would take the images; a candidate stands where told."""
        site = self.site
        site.lock.require()
        found = site.deployment()
        ready = prepared(site, self.image)
        for line in refusing.told(found):
            site.progress(line)
        if not ready.is_live(found):
            ready.try_out(found)
        if not site.previews:
            return ready
        with undone_on_failure(site):
            service = site.cluster.get(Service, site.target.service)
            preview.remove(site.cluster, site.lock, site.target)
            goal = preview.start(site.cluster, site.target, found, service, ready.images)
            look = rollout.wait(site.cluster, site.lock, goal).look
            _lead_to(site, service, look)
        site.progress(f"{site.target.candidate} is ready with {self.image.brief}")
        return StagedCandidate(**vars(ready), goal=goal, ready=look.ready)


@dataclass(frozen=True)
class Prepared:
    """See `Staged`: the cluster takes the images, and nothing of them runs.

    `images` are by container; `version` is what is going to be noted, `seen` the fingerprint of
    what it replaces.
    """

    site: Site
    image: ImageReference
    images: Mapping[str, str]
    version: Version
    seen: str
    started: datetime

    def is_live(self, found: Deployment) -> bool:
        """Whether nothing would change: a cluster starts nothing anew for the same image.

        What the manifests have put in is noted as any version, by which it is known later.
        """
        standing, said = journal.standing(found), journal.read(found)
        same = standing is not None and standing.template == self.version.template
        return same and said.before is None

    def try_out(self, found: Deployment) -> None:
        """What a policy of the cluster refuses is refused before anything runs."""
        change = journal.change(found, journal.Journal(self.version), self.images)
        del change["metadata"]["resourceVersion"]
        kind = type(found)
        would = self.site.cluster.would_patch(kind, looking.named(found), change)
        if looking.fingerprint(would) != self.version.template:
            raise NoVerdict(
                f"the cluster would make something else of {looking.named(found)} than was asked "
                f"for, {', '.join(looking.images(would).values())}: an admission policy changes "
                "it, or somebody else has; see which, and run again"
            )

    def promote(self) -> LiveDeployment:
        site, name = self.site, self.site.target.deployment
        site.lock.require()
        found = site.deployment()
        refusing.require_deployable(found, site.cluster.kubectl)
        previous = journal.read(found).version
        if self.is_live(found):
            goal = self._goal(found)
            rollout.wait(site.cluster, site.lock, goal)
            self._remove_candidate()
            site.progress(f"{name} runs {self.image.brief} already: it was left alone")
            version = journal.standing(found) or self.version
            return LeftAlone(site, self._deployed(version, previous, 0.0), goal)
        if looking.fingerprint(found) != self.seen:
            raise NoVerdict(
                f"somebody else has changed the template of {name} since it was looked at: nothing "
                "was overwritten; see what they did, and run again"
            )
        with undone_on_failure(site), site.timing("rollout"):
            opened = journal.open_deployment(
                site.cluster, site.lock, found, self.version, self.images
            )
            goal = self._goal(opened)
            arrived = rollout.wait(site.cluster, site.lock, goal)
            self._remove_candidate()
        downtime = arrived.downtime
        site.progress(f"{name} now runs {self.image.brief}; unavailable for {downtime:.2f} s")
        deployed = self._deployed(self.version, previous, downtime)
        return LiveDeployment(site, deployed, goal, looking.restarts(arrived.look))

    def _goal(self, found: Deployment) -> Goal:
        return Goal(
            self.site.workload,
            self.images,
            self.version.template,
            (found.metadata.generation if found.metadata else None) or 0,
            self.site.target.timeout,
        )

    def _remove_candidate(self) -> None:
        """There is none."""

    def _deployed(self, version: Version, previous: Version | None, downtime: float) -> Deployed:
        return Deployed(
            environment=self.site.environment.name,
            service=self.site.service.name,
            image=self.image,
            deploy_id=version.deploy_id,
            previous_digest=_digest(previous),
            started=self.started,
            finished=datetime.now(UTC),
            downtime=downtime,
            took_back=_taken_back(self.site, previous),
        )


@dataclass(frozen=True)
class StagedCandidate(Prepared):
    """See `Answers`: the candidate's pods are those that were `ready` when it was staged."""

    goal: Goal
    ready: frozenset[str]

    @property
    def address(self) -> str | None:
        return str(self.site.environment.preview)

    def prove(self) -> None:
        site = self.site
        look = rollout.prove(site.cluster, site.lock, self.goal)
        if look.ready != self.ready:
            raise DeploymentFailed(
                f"{site.target.candidate} is not what was started: "
                f"{', '.join(sorted(look.ready))} in place of {', '.join(sorted(self.ready))}"
            )

    def _remove_candidate(self) -> None:
        preview.remove(self.site.cluster, self.site.lock, self.site.target)


@dataclass(frozen=True)
class LiveDeployment:
    """See `Live`. `restarts` are those of each container when it was rolled out."""

    site: Site
    deployment: Deployed
    goal: Goal
    restarts: Mapping[str, int]

    def prove(self) -> None:
        look = rollout.prove(self.site.cluster, self.site.lock, self.goal)
        again = [
            name
            for name, count in looking.restarts(look).items()
            if count > self.restarts.get(name, 0)
        ]
        if again:
            raise DeploymentFailed(
                f"{self.site.target.deployment} is not what was deployed: {', '.join(again)} has "
                "restarted"
            )

    def logs(self) -> dict[str, str]:
        """See `TellsLogs`."""
        look = looking.look(self.site.cluster, self.site.workload)
        return {
            f"{looking.named(pod)}/{container}": self.site.cluster.logs(
                looking.named(pod), container
            )
            for pod in look.pods
            for container in self.goal.images
        }

    def conclude(self) -> None:
        site = self.site
        site.lock.require()
        found = site.deployment()
        said = journal.read(found)
        if looking.fingerprint(found) != self.goal.template or said.before is None:
            raise NoVerdict(
                f"the deployment of {site.target.deployment} is open no more, or somebody else has "
                "changed it: see what is there, and run again"
            )
        journal.close(site.cluster, site.lock, found, said.version)

    def rollback(self) -> str:
        name = self.site.target.deployment
        done = going_back.put_back(self.site)
        return done or f"what was live before in {name} was put back before"


@dataclass(frozen=True)
class LeftAlone(LiveDeployment):
    """What was asked for was live already: it is proved as ever, and nothing was opened."""

    def __init__(self, site: Site, deployment: Deployed, goal: Goal) -> None:
        look = looking.look(site.cluster, site.workload)
        super().__init__(site, deployment, goal, looking.restarts(look))

    def conclude(self) -> None:
        self.site.lock.require()

    def rollback(self) -> str:
        return f"{self.site.target.deployment} was live before this run and was left alone"


def prepared(site: Site, image: ImageReference) -> Prepared:
    """What a deployment of an image would put in; raises why it cannot."""
    found = site.deployment()
    refusing.require_deployable(found, site.cluster.kubectl)
    refusing.require_service(site.cluster, found, site.target.service)
    refusing.require_no_strangers(site.cluster, site.workload)
    if site.previews:
        preview.require_free(site.cluster, site.target)
    images = dict.fromkeys(site.containers(found), image.pinned)
    version = _version(site, image, found, images)
    return Prepared(site, image, images, version, looking.fingerprint(found), datetime.now(UTC))


@contextmanager
def undone_on_failure(site: Site) -> Iterator[None]:
    """Puts back what was there when the block fails, and adds to the error that it did."""
    try:
        yield
    except (DeploymentFailed, NoVerdict, ConfigurationError) as error:
        name = site.target.deployment
        was_open = going_back.is_open(site)
        done = going_back.put_back(site)
        outcome = (
            f"What was done: {done}." if was_open else f"Nothing changed: {name} was not touched."
        )
        raise type(error)(f"{error}\n{outcome}") from error


def _lead_to(site: Site, service: Service, look: Look) -> None:
    """An address of this machine is led to the candidate's pod; a Service's own needs nothing."""
    wanted = site.environment.preview
    if wanted is None:
        return
    if not is_loopback(wanted.host):
        ports = [each.port for each in (service.spec.ports if service.spec else None) or ()]
        if wanted.port not in ports:
            raise ConfigurationError(
                f"environments.{site.environment.name}.preview: {wanted} has no port of the "
                f"Service {looking.named(service)}, which are {', '.join(map(str, ports))}"
            )
        return
    one = next(each for each in look.endpoints if each.ready)
    port = site.service.port or one.port
    if port is None:
        raise ConfigurationError(
            f"the Service {looking.named(service)} has no port: name services."
            f"{site.service.name}.port"
        )
    forward = Forward(site.cluster, wanted, one.name, port)
    forward.open()
    site.resources.callback(forward.close)


def _version(
    site: Site, image: ImageReference, found: Deployment, images: Mapping[str, str]
) -> Version:
    """DeploymentFailed where a build that may not go back is older than what is live."""
    build, live = site.build, journal.read(found).version
    commit = live.commit if live else None
    before = live.commits_before if live else ()
    if ancestry.goes_back(build.commit, commit, before) and not build.may_go_back:
        raise DeploymentFailed(
            f"{site.target.deployment} runs commit {str(commit)[:12]}, and "
            f"{str(build.commit)[:12]} is older: a build that was started again would take it "
            "back; promote it in Drone, or say why with --storedog-override=REASON; nothing changed"
        )
    earlier = [each for each in (commit, *before) if each and each != build.commit]
    return Version(
        str(image),
        journal.with_images(found, images),
        uuid.uuid4().hex[:12],
        datetime.now(UTC).isoformat(),
        build.commit,
        build.number,
        build.link,
        tuple(dict.fromkeys(earlier))[:_MOST_COMMITS],
    )


def _taken_back(site: Site, before: Version | None) -> str | None:
    if before is None or not ancestry.goes_back(
        site.build.commit, before.commit, before.commits_before
    ):
        return None
    return (
        f"{site.target.deployment} ran commit {str(before.commit)[:12]}, and "
        f"{str(site.build.commit)[:12]} is older"
    )


def _digest(version: Version | None) -> str | None:
    return ImageReference.parse(version.image).digest if version else None
