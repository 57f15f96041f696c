"""The deployer of a Swarm: each class is one type of `pytest_storedog_gate.deploy`."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import names as labels
from pytest_storedog_gate.deploy.docker.images import resolve
from pytest_storedog_gate.deploy.swarm import agreeing, preview, remembering, rollout
from pytest_storedog_gate.deploy.swarm.deployment import FetchedImage
from pytest_storedog_gate.deploy.swarm.journal import Journal
from pytest_storedog_gate.deploy.swarm.lease import Lease
from pytest_storedog_gate.deploy.swarm.manager import Manager
from pytest_storedog_gate.deploy.swarm.planning import Plan
from pytest_storedog_gate.errors import ConfigurationError, GateError, RollbackFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_storedog_gate.deploy import Build, Entry, History
    from pytest_storedog_gate.deploy.environment import Environment
    from pytest_storedog_gate.deploy.references import ImageReference
    from pytest_storedog_gate.deploy.swarm.models import Service
    from pytest_storedog_gate.deploy.swarm.target import Target


@contextmanager
def connected(
    environment: Environment,
    build: Build,
    progress: Callable[[str], None],
    redact: Callable[[str], str],
) -> Iterator[SwarmDeployer]:
    """Reaches the environment's manager; `NoVerdict` where it does not answer within 5 seconds.

    `progress` gets one line for each thing done; `redact` masks secrets in everything that comes
    from containers or the manager.
    """
    if environment.gated is None:
        raise ConfigurationError(
            f"environments.{environment.name} has no service under the gate: nothing can be "
            "deployed there; name it with `gate`, or run with --storedog-deploy=never"
        )
    target: Target = environment.target
    with closing(Manager(environment.engine, redact)) as manager:
        lease = Lease(manager, environment, target.service, build)
        yield SwarmDeployer(environment, target, manager, lease, build, progress)


@dataclass(frozen=True)
class SwarmDeployer:
    """See `Deployer`: one service of a Swarm, which somebody else has made."""

    environment: Environment
    target: Target
    manager: Manager
    lease: Lease
    build: Build
    progress: Callable[[str], None]

    def resolve(self, reference: ImageReference) -> ImageReference:
        return resolve(self.manager, reference)

    @contextmanager
    def lock(self, *, wait: float = 0.0) -> Iterator[HeldService]:
        self.require_ours()
        try:
            self.lease.acquire(wait)
            # The run that was waited for may have made it another environment's.
            self.require_ours()
            yield HeldService(self)
        finally:
            self.lease.release()

    def history(self) -> History:
        return remembering.read(self.manager, self.target.service)

    def watch(self) -> Iterator[Mapping[str, GateError | None]]:
        """See `Watches`."""
        for wrong in rollout.looks(self.manager, self.target.service):
            yield {self.environment.gate or "": wrong}

    def foresee(self, reference: ImageReference) -> Plan:
        return Plan(self, reference)

    def require_ours(self) -> None:
        """`ConfigurationError` where there is no such service, or another environment has it."""
        service = self.manager.find_service(self.target.service)
        if service is None:
            raise ConfigurationError(rollout.unknown(self.manager, self.target.service))
        whose = (service.labels.get(labels.PROJECT, ""), service.labels.get(labels.ENVIRONMENT))
        if whose not in (("", None), (self.environment.project, self.environment.name)):
            raise ConfigurationError(
                f"the service {service.name} is of {labels.told(service.labels)}, and not of "
                f"{self.environment.name} here: it was not touched; name another one in "
                f"environments.{self.environment.name}.swarm.service"
            )

    def leaves_alone(self, service: Service, image: ImageReference) -> bool:
        """Whether a deployment of this image would change nothing."""
        said = service.labels
        return (
            not self.build.redeploy
            and service.image == image.pinned
            and said.get(labels.DIGEST) == image.digest
            and said.get(labels.COMMIT) == (self.build.commit or "")
            and labels.DEPLOY_ID in said
            and Journal.of(service) is None
        )

    def put_back(self) -> str | None:
        """Puts the previous version back, proves that it answers, and says so in a sentence.

        None where there was nothing to do. Raises `RollbackFailed` with what a person has to do.
        """
        try:
            self.lease.require()
            return self._put_back()
        except GateError as error:
            name, docker = self.target.service, self.manager.way.docker
            raise RollbackFailed(
                f"the previous version of {name} could not be put back: {error}\n"
                f"A person is needed. See what runs: {docker} service ps {name}; mend that, or run "
                "again with the version that is to be live"
            ) from error

    def _put_back(self) -> str | None:
        manager, name = self.manager, self.target.service
        removed = preview.remove(manager, self.lease, name)
        service = manager.find_service(name)
        journal = Journal.of(service) if service else None
        if service is None or journal is None:
            return removed
        forgiven = rollout.failures(manager, service)
        template = journal.before["TaskTemplate"]
        # One that the Swarm has paused goes on by another update alone.
        if not journal.restores or service.update == "paused":
            manager.change_service(name, lambda found: _still_open(found).restoring(found))
        # What is refused and on a lost node has to be stopped, and cannot be: all else is put back.
        aim = rollout.Aim(name, template, forgiven, unheard=True)
        lost = rollout.settle(manager, aim, self.target.timeout)
        self.lease.require()
        restored = manager.change_service(name, lambda found: _still_open(found).restored(found))
        away = f", unavailable for {lost:.2f} s" if lost else ""
        return f"{name} runs {rollout.brief(restored.image)} again{away}"


def _still_open(service: Service) -> Journal:
    """The journal, which was there a moment ago."""
    if (journal := Journal.of(service)) is None:
        raise rollout.updated_by_others(service)
    return journal


@dataclass(frozen=True)
class HeldService:
    """See `Held`, `Remembers` and `Agrees`."""

    site: SwarmDeployer

    def recover(self) -> str | None:
        """What cannot be put back must not keep a better version out."""
        try:
            return self.site.put_back()
        except RollbackFailed as error:
            return f"{error}\nThis run goes on: only a version that works can mend it"

    def fetch(self, image: ImageReference) -> FetchedImage:
        """The nodes pull it themselves, by its digest: the registry has to know that."""
        self.site.resolve(image)
        return FetchedImage(self.site, image)

    def go_back(self, version: Entry) -> FetchedImage:
        """See `Remembers`: the nodes that have it still do not ask the registry."""
        its = replace(
            self.site.build, commit=version.commit, number=version.build, link=version.link
        )
        site = replace(self.site, build=replace(its, may_go_back=True))
        return FetchedImage(site, version.image)

    def remember(self, entry: Entry) -> None:
        site = self.site
        site.lease.require()
        remembering.write(site.manager, site.environment, site.target.service, entry)

    def standing(self) -> str | None:
        """See `Agrees`."""
        return agreeing.standing(self.site.manager.get_service(self.site.target.service))

    def agreed(self) -> Mapping[str, str]:
        return agreeing.read(self.site.manager.get_service(self.site.target.service))

    def agree(self, deploy_ids: Mapping[str, str]) -> None:
        self.site.lease.require()
        self.site.manager.change_service(
            self.site.target.service, lambda found: agreeing.noted(found, deploy_ids)
        )

    def keep(self) -> str | None:
        site, name = self.site, self.site.target.service
        site.lease.require()
        service = site.manager.get_service(name)
        journal = Journal.of(service)
        if journal is None or journal.restores:
            return None
        site.manager.change_service(name, lambda found: _still_open(found).concluded(found))
        return f"kept what is live as {name}, on which all targets had agreed"

    def put_back(self) -> str:
        done = self.site.put_back()
        return done or f"{self.site.target.service} has no open deployment: nothing to put back"
