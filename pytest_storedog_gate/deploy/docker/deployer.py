"""The deployer of a Docker engine: each class is one type of `pytest_storedog_gate.deploy`."""

from __future__ import annotations

from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import (
    journal,
    ownership,
    proof,
    strategies,
)
from pytest_storedog_gate.deploy.docker.deployment import FetchedImage
from pytest_storedog_gate.deploy.docker.engine import Engine
from pytest_storedog_gate.deploy.docker.images import fetch, resolve, standing
from pytest_storedog_gate.deploy.docker.journal import (
    agreeing,
    pruning,
    remembering,
    succession,
)
from pytest_storedog_gate.deploy.docker.journal.by_hand import by_hand
from pytest_storedog_gate.deploy.docker.lease import Lease
from pytest_storedog_gate.deploy.docker.names import DEPLOY_ID, SERVICE, Names, owner
from pytest_storedog_gate.deploy.docker.planning import Plan
from pytest_storedog_gate.deploy.docker.specification import as_deployed
from pytest_storedog_gate.deploy.docker.traffic import watching
from pytest_storedog_gate.deploy.docker.traffic.ports import require_reachable
from pytest_storedog_gate.deploy.references import ImageReference
from pytest_storedog_gate.errors import (
    ConfigurationError,
    GateError,
    RollbackFailed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_storedog_gate.deploy import Build, Entry, History, Timing
    from pytest_storedog_gate.deploy.docker.container import Container
    from pytest_storedog_gate.deploy.environment import Environment, Service


@contextmanager
def connected(
    environment: Environment,
    build: Build,
    progress: Callable[[str], None],
    redact: Callable[[str], str],
    timing: Timing = nullcontext,
) -> Iterator[DockerDeployer]:
    """Reaches the environment's engine; `NoVerdict` where it does not answer within 5 seconds.

    `progress` gets one line for each thing done; `redact` masks secrets in everything that comes
    from containers or the engine; `timing` is told the parts `services`, `job` and `drain`.
    """
    if environment.gated is None:
        raise ConfigurationError(
            f"environments.{environment.name} has no service under the gate: nothing can be "
            "deployed there; name it with `gate`, or run with --storedog-deploy=never"
        )
    strategy = strategies.find(environment.strategy)
    if environment.preview is not None and not isinstance(strategy, strategies.Prepares):
        raise ConfigurationError(
            f"environments.{environment.name}.preview: strategy {environment.strategy} cannot let "
            'a candidate answer there before it has traffic; use strategy = "edge", or take it out'
        )
    with closing(Engine(environment.engine, redact)) as engine:
        require_reachable(engine, environment)
        names = Names.of(environment, environment.gated.name)
        lease = Lease(engine, names, build)
        yield DockerDeployer(
            environment, environment.gated, names, engine, lease, build, progress, timing
        )


@dataclass(frozen=True)
class DockerDeployer:
    """See `Deployer`: one environment on one engine, and the service under its gate."""

    environment: Environment
    service: Service
    names: Names
    engine: Engine
    lease: Lease
    build: Build
    progress: Callable[[str], None]
    timing: Timing

    def resolve(self, reference: ImageReference) -> ImageReference:
        return resolve(self.engine, reference)

    @contextmanager
    def lock(self, *, wait: float = 0.0) -> Iterator[HeldEnvironment]:
        """The lock is a container of `lock_image`, else of an image that stands there already.

        Where there is neither, nothing stands there that two runs could fight over: it is then made
        of the image that is fetched, before anything is touched.
        """
        # Looked at before the lock is: what is not this environment's has nothing to put back.
        ownership.require(self.engine, self.environment)
        try:
            if (made_of := self._lock_image()) is not None:
                self.lease.acquire(made_of, wait)
            yield HeldEnvironment(self, wait)
        finally:
            self.lease.release()

    def history(self) -> History:
        return remembering.read(self.engine, self.environment, self.names)

    def foresee(self, reference: ImageReference) -> Plan:
        return Plan(self.engine, self.environment, self.lease, reference, self.build)

    def watch(self) -> Iterator[Mapping[str, GateError | None]]:
        """See `Watches`."""
        return watching.looks(self.engine, self.environment)

    def put_back(self) -> str | None:
        """Puts the previous version back, proves that it answers, and says so in a sentence.

        None where there was nothing to do.
        """
        engine, names = self.engine, self.names
        try:
            self.lease.require()
            previous = engine.find(names.previous)
            done = journal.put_back(engine, names)
        except RollbackFailed:
            raise
        except GateError as error:
            raise RollbackFailed(f"{error}\n{by_hand(engine, names)}") from error
        if previous is not None:
            try:
                proof.prove_put_back(engine, names, previous)
                if engine.find(names.live) is not None and not previous.wanted:
                    self.require_edge()
            except GateError as error:
                # Nothing is left to be put back, and what is live is no version to be taken away.
                raise RollbackFailed(
                    f"{done}, and that it answers is not proved: {error}\nA person is needed. See "
                    f"what is there: {engine.way.docker} ps -a --filter name={names.live}; mend "
                    "that, or run again with the version that is to be live"
                ) from error
        return done

    def require_edge(self) -> None:
        """DeploymentFailed where that is gone by which alone what is live is reached."""
        if strategies.behind_edge(self.environment) is not None:
            self.engine.get(self.names.edge)

    def leaves_alone(self, image: ImageReference, live: Container | None) -> bool:
        """Whether a deployment of this image would change nothing.

        What could not be put back leaves a deployment open, in which nothing may stay.
        """
        if live is None or DEPLOY_ID not in live.labels or journal.is_open(self.engine, self.names):
            return False
        return as_deployed(self.environment, self.service, image, live, self.build)

    def runs_job(self, image: ImageReference) -> bool:
        """Whether the service has a job for this image: an older version has had its own."""
        if self.service.before_swap is None:
            return False
        live = self.engine.find(self.names.live)
        back = live is not None and succession.goes_back(self.build, live)
        return not back and not self.leaves_alone(image, live)

    def _lock_image(self) -> str | None:
        if self.environment.lock_image is None:
            return standing(self.engine, self.names)
        named = self.resolve(ImageReference.parse(self.environment.lock_image))
        fetch(self.engine, named)
        return named.pinned


@dataclass(frozen=True)
class HeldEnvironment:
    """See `Held`. `wait` is in seconds."""

    site: DockerDeployer
    wait: float

    def recover(self) -> str | None:
        site = self.site
        if not site.lease.taken:
            return None
        names = (Names.of(site.environment, s.name) for s in site.environment.services)
        return "; ".join(filter(None, map(self._mend, names))) or None

    def fetch(self, image: ImageReference) -> FetchedImage:
        """Takes the lock where there was nothing to make it of, too."""
        fetch(self.site.engine, image)
        self.site.progress(f"pulled {image.brief}")
        return self._fetched(self.site, image)

    def go_back(self, version: Entry) -> FetchedImage:
        """See `Remembers`: what the engine has under this digest is what the registry had."""
        site, image = self.site, version.image
        if site.engine.image(image.pinned) is None:
            fetch(site.engine, image)
            site.progress(f"pulled {image.brief}, which the engine had no more")
        its = replace(site.build, commit=version.commit, number=version.build, link=version.link)
        return self._fetched(replace(site, build=replace(its, may_go_back=True)), image)

    def remember(self, entry: Entry) -> None:
        site = self.site
        site.lease.require()
        history = remembering.write(site.engine, site.environment, site.names, entry)
        for image in pruning.prune(
            site.engine, site.environment, site.service, site.names, history
        ):
            site.progress(f"removed {image.brief} from the engine: it is needed no more")

    def standing(self) -> str | None:
        """See `Agrees`."""
        site = self.site
        if not site.lease.taken:
            raise ConfigurationError(
                f"nothing stands there that the lock {site.names.lock} could be made of, and all "
                "targets are locked before any is touched: name a `lock_image` that has `cat`"
            )
        site.lease.require()  # the others may have been waited for since it was taken
        live = site.engine.find(site.names.live)
        return (live.labels.get(DEPLOY_ID) or None) if live else None

    def agreed(self) -> Mapping[str, str]:
        return agreeing.read(self.site.engine, self.site.names)

    def agree(self, deploy_ids: Mapping[str, str]) -> None:
        site = self.site
        site.lease.require()
        said = {**owner(site.environment), SERVICE: site.service.name}
        agreeing.write(site.engine, site.names, said, deploy_ids)

    def keep(self) -> str | None:
        site = self.site
        site.lease.require()
        if not journal.is_open(site.engine, site.names):
            return None
        journal.conclude(site.engine, site.names)
        return f"kept what is live as {site.names.live}, on which all targets had agreed"

    def put_back(self) -> str:
        # Without the lock nothing was touched.
        done = self.site.put_back() if self.site.lease.taken else None
        return done or f"{self.site.names.live} has no open deployment: nothing to put back"

    def _fetched(self, site: DockerDeployer, image: ImageReference) -> FetchedImage:
        if not site.lease.taken:
            site.lease.acquire(image.pinned, self.wait)
            if mended := self.recover():
                site.progress(f"recovered: {mended}")
        return FetchedImage(site, image)

    def _mend(self, names: Names) -> str | None:
        """What cannot be put back must not keep a better version out."""
        try:
            return journal.put_back(self.site.engine, names)
        except RollbackFailed as error:
            return f"{error}\nThis run goes on: only a version that works can mend {names.live}"
