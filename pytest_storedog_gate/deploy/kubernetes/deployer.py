"""The deployer of a cluster: each class is one type of `pytest_storedog_gate.deploy`."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lightkube.resources.apps_v1 import Deployment

from pytest_storedog_gate.deploy import registry
from pytest_storedog_gate.deploy.kubernetes import (
    going_back,
    history,
    journal,
    refusing,
    watching,
)
from pytest_storedog_gate.deploy.kubernetes.api.cluster import Cluster
from pytest_storedog_gate.deploy.kubernetes.deployment import KnownImage
from pytest_storedog_gate.deploy.kubernetes.lease import Lock
from pytest_storedog_gate.deploy.kubernetes.looking import Workload
from pytest_storedog_gate.deploy.kubernetes.planning import Plan
from pytest_storedog_gate.errors import ConfigurationError, RollbackFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_storedog_gate.deploy import Build, Entry, History, ImageReference, Timing
    from pytest_storedog_gate.deploy.environment import Environment, Service
    from pytest_storedog_gate.deploy.kubernetes.target import Target
    from pytest_storedog_gate.errors import GateError


@contextmanager
def connected(
    environment: Environment,
    build: Build,
    progress: Callable[[str], None],
    redact: Callable[[str], str],
    timing: Timing = nullcontext,
) -> Iterator[ClusterDeployer]:
    """Reaches the environment's cluster; see the hook `pytest_storedog_deployer`.

    `timing` is told the part `rollout`.
    """
    if environment.gated is None:
        raise ConfigurationError(
            f"environments.{environment.name} has no service under the gate: nothing can be "
            "deployed there; name it with `gate`, or run with --storedog-deploy=never"
        )
    target: Target = environment.target
    with Cluster(target, redact) as cluster, ExitStack() as resources:
        lock = Lock(cluster, target.lease, environment.name, build)
        site = Site(
            environment,
            environment.gated,
            target,
            cluster,
            lock,
            build,
            progress,
            timing,
            resources,
        )
        yield ClusterDeployer(site)


@dataclass(frozen=True)
class Site:
    """One environment's Deployment, and what one run has to reach it.

    What it has opened on this machine is closed with the `resources`.
    """

    environment: Environment
    service: Service
    target: Target
    cluster: Cluster
    lock: Lock
    build: Build
    progress: Callable[[str], None]
    timing: Timing
    resources: ExitStack

    @property
    def workload(self) -> Workload:
        return Workload(self.target.deployment, self.target.service)

    @property
    def previews(self) -> bool:
        return self.environment.preview is not None

    def deployment(self) -> Deployment:
        return self.cluster.get(Deployment, self.target.deployment)

    def containers(self, deployment: Deployment) -> tuple[str, ...]:
        return refusing.containers(deployment, self.target, self.service.name)


@dataclass(frozen=True)
class ClusterDeployer:
    """See `Deployer`."""

    site: Site

    def resolve(self, reference: ImageReference) -> ImageReference:
        """A cluster cannot be asked: this process asks the registry, and believes a digest."""
        return registry.resolved(reference)

    @contextmanager
    def lock(self, *, wait: float = 0.0) -> Iterator[HeldDeployment]:
        lock = self.site.lock
        # A Deployment that is not there has nothing that two runs could fight over.
        self.site.deployment()
        try:
            lock.acquire(wait)
            yield HeldDeployment(self.site)
        finally:
            lock.release()

    def history(self) -> History:
        site = self.site
        container = site.containers(site.deployment())[0]
        return history.read(site.cluster, site.lock, site.target.deployment, container)

    def foresee(self, reference: ImageReference) -> Plan:
        return Plan(self.site, reference)

    def watch(self) -> Iterator[Mapping[str, GateError | None]]:
        """See `Watches`."""
        return watching.looks(self.site)


@dataclass(frozen=True)
class HeldDeployment:
    """See `Held`, `Remembers` and `Agrees`."""

    site: Site

    def recover(self) -> str | None:
        """What cannot be put back must not keep a better version out."""
        try:
            return going_back.put_back(self.site)
        except RollbackFailed as error:
            name = self.site.target.deployment
            return f"{error}\nThis run goes on: only a version that works can mend {name}"

    def fetch(self, image: ImageReference) -> KnownImage:
        """The nodes pull it when it is started there."""
        return KnownImage(self.site, image)

    def go_back(self, version: Entry) -> KnownImage:
        build = replace(
            self.site.build,
            commit=version.commit,
            number=version.build,
            link=version.link,
            may_go_back=True,
        )
        return KnownImage(replace(self.site, build=build), version.image)

    def remember(self, entry: Entry) -> None:
        history.write(self.site.lock, entry)

    def put_back(self) -> str:
        done = going_back.put_back(self.site)
        name = self.site.target.deployment
        return done or f"{name} has no open deployment: nothing to put back"

    def standing(self) -> str | None:
        """See `Agrees`."""
        version = journal.standing(self.site.deployment())
        return version.deploy_id if version else None

    def agreed(self) -> Mapping[str, str]:
        return journal.read(self.site.deployment()).agreed

    def agree(self, deploy_ids: Mapping[str, str]) -> None:
        site = self.site
        journal.agree(site.cluster, site.lock, site.deployment(), deploy_ids)

    def keep(self) -> str | None:
        site = self.site
        site.lock.require()
        found = site.deployment()
        said = journal.read(found)
        if said.before is None or said.version is None or journal.standing(found) != said.version:
            return None
        journal.close(site.cluster, site.lock, found, said.version)
        return f"kept what is live as {site.target.deployment}, on which all targets had agreed"
