"""The image that a run is about, and the steps that put it into the environment."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from pytest_storedog_gate.deploy import (
    Answers,
    AnswersAtEach,
    Build,
    Entry,
    ImageReference,
    RanJobs,
    Remembers,
    TellsLogs,
    platforms,
)
from pytest_storedog_gate.errors import ConfigurationError, GateError, NoVerdict, RollbackFailed
from pytest_storedog_gate.gate.steps import Step
from pytest_storedog_gate.gate.watching.watchers import require_watches
from pytest_storedog_gate.reading.ci import metadata as ci
from pytest_storedog_gate.reading.ci import people
from pytest_storedog_gate.verdicts.record import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager, ExitStack

    from pytest_storedog_gate.deploy import (
        Deployer,
        Deployment,
        Fetched,
        Held,
        Live,
        Staged,
        Watches,
    )
    from pytest_storedog_gate.deploy.environment import Environment
    from pytest_storedog_gate.settings.load import Settings
    from pytest_storedog_gate.verdicts.record import Record

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TAG = re.compile(r":?(\w[\w.-]{0,127})", re.ASCII)


class DeployedElsewhere:
    """A run that deploys nothing: it only checks, or decides on what somebody else deployed."""

    deployment: Deployment | None = None
    rolled_back: str | None = None
    watches: Watches | None = None
    version: str | None = None
    rollback: str | None = None
    against: str | None = None
    jobs: Mapping[str, str] = MappingProxyType({})

    def __init__(self, settings: Settings) -> None:
        self.subject = Subject()
        self._settings = settings
        self.steps: dict[Step, Callable[[], object]] = {Step.RESOLVE: self._resolve}

    def prove(self) -> None:
        """There is nothing of this run's to prove."""

    def logs(self) -> Mapping[str, str]:
        return {}

    def conclude(self) -> None:
        """There is nothing of this run's to conclude."""

    def leave(self) -> None:
        """There is nothing of this run's to put back."""

    def remember(self, _record: Record) -> None:
        """There is nothing of this run's to remember."""

    def _resolve(self) -> None:
        self.subject = decided_on(self._settings)


class Deploying:
    """One run's deployment. `subject` has a digest once it is resolved; `steps` are its own.

    `watches` is the deployer where it is to watch what it has deployed, once it is reached.
    `rolled_back` says what was put back after it, `rollback` from and to what a person went back.
    Until the lock is taken nothing is touched, and nothing is to be left in order.
    """

    def __init__(
        self,
        settings: Settings,
        connected: AbstractContextManager[Deployer],
        resources: ExitStack,
        progress: Callable[[str], None],
    ) -> None:
        """What is taken, such as the lock, is given back with the `resources`."""
        self.image: ImageReference = self._asked(settings)
        self.subject = Subject(str(self.image))
        self.rolled_back: str | None = None
        self.watches: Watches | None = None
        self.rollback: str | None = None
        self._settings, self._progress = settings, progress
        self._connected, self._resources = connected, resources
        self._held: Held | None = None
        self._changing = False  # whether it has begun to change anything in the environment
        self._staged: Staged | None = None
        self._live: Live | None = None
        ours = (Step.LOCK, Step.RESOLVE, Step.FETCH, Step.STAGE, Step.PROMOTE)
        self.steps: dict[Step, Callable[[], object]] = dict.fromkeys(ours, self._road().__next__)

    @property
    def deployment(self) -> Deployment | None:
        return self._live.deployment if self._live else None

    @property
    def version(self) -> str:
        """What Datadog calls it: the version in the labels of what is deployed."""
        return self.image.version

    @property
    def against(self) -> str | None:
        """What speaks against the deployment, and a person decided otherwise; None for nothing."""
        asks = self._settings.requires is not None and self.rollback is None
        return self.deployment.took_back if asks and self.deployment else None

    @property
    def jobs(self) -> Mapping[str, str]:
        """The last lines of what ran before the candidate started, by its name."""
        staged: object = self._staged
        told = staged.jobs if isinstance(staged, RanJobs) else {}
        return {str(name): str(text) for name, text in told.items()}

    @property
    def candidates(self) -> list[tuple[Environment, str | None]]:
        """Each candidate's environment, and where it answers before it has traffic, if told."""
        staged, environment = cast("object", self._staged), self._settings.environment
        if isinstance(staged, AnswersAtEach):
            return [(environment.each[t], address) for t, address in staged.addresses.items()]
        return [(environment, staged.address if isinstance(staged, Answers) else None)]

    def prove_staged(self) -> None:
        """The candidate, or each one, is what answers at its preview."""
        staged = cast("object", self._staged)
        for environment, address in self.candidates:
            if not isinstance(staged, Answers) or address != str(environment.preview):
                raise NoVerdict(
                    f"{environment.name} has the preview {environment.preview}, and its deployer "
                    "does not let the candidate answer there: nothing can be checked before traffic"
                )
        if isinstance(staged, Answers):
            staged.prove()

    def prove(self) -> None:
        """Nothing but what was deployed answers."""
        self._deployed().prove()

    def logs(self) -> Mapping[str, str]:
        """The last lines of what was deployed, by its parts' names; they decide nothing."""
        try:
            live: object = self._live
            told = live.logs() if isinstance(live, TellsLogs) else {}
            return {str(name): str(text) for name, text in told.items()}
        except Exception as error:  # noqa: BLE001  # a project's own deployer may raise anything
            return {"no logs": str(error)}

    def conclude(self) -> None:
        """What is live stays."""
        self._deployed().conclude()

    def leave(self) -> None:
        """Leaves the environment after a run that did not open the gate."""
        try:
            self._leave()
        except GateError:
            raise
        except Exception as error:  # a project's own deployer may raise anything
            raise RollbackFailed(
                f"{self._settings.environment.name} was not put back ({type(error).__name__}: "
                f"{error}): see what runs there, and mend its deployer"
            ) from error

    def _leave(self) -> None:
        if self._live is None:
            if self._held is not None:
                self._held.put_back()  # an interrupted deployment has left its parts
        elif self._settings.environment.on_failure == "keep":
            self._live.conclude()
            image = self._live.deployment.image.brief
            self._progress(f'kept {image}, which was not let through: on_failure is "keep"')
        else:
            self.rolled_back = self._live.rollback()

    def remember(self, record: Record) -> None:
        """Adds the run to the environment's history, if there is one: all is decided by then."""
        held: object = self._held
        if not self._changing or not isinstance(held, Remembers):
            return
        try:
            held.remember(self._entry(record))
        except Exception as error:  # noqa: BLE001  # a project's own deployer may raise anything
            self._progress(f"the history does not tell of this run: {error}")

    def _entry(self, record: Record) -> Entry:
        build, deployment = record.build, record.deployment
        return Entry(
            self.image,
            record.finished,
            record.verdict.state.value,
            deployment.deploy_id if deployment else None,
            build.commit,
            build.number,
            build.link,
            build.by,
            deployment.downtime if deployment else None,
            record.override,
            record.rollback,
            record.rolled_back,
        )

    def _asked(self, settings: Settings) -> ImageReference:
        return asked_for(settings)

    def _reached(self, deployer: Deployer) -> None:
        """Before the lock is taken."""

    def _found(self, deployer: Deployer) -> ImageReference:
        """What is deployed, with its digest."""
        return deployer.resolve(self.image)

    def _brought(self, held: Held) -> Fetched:
        return held.fetch(self.image)

    def _road(self) -> Iterator[Step]:
        deployer = self._resources.enter_context(self._connected)
        self.watches = require_watches(self._settings, deployer)
        self._reached(deployer)
        held = deployer.lock(wait=self._settings.lock_wait)
        self._held = self._resources.enter_context(held)
        # The lock's holder first mends what an earlier run left, and may touch the rest.
        if mended := self._held.recover():
            self._progress(f"recovered: {mended}")
        yield Step.LOCK
        self.image = self._found(deployer)
        if self.image.digest is None:
            raise NoVerdict(f"{self.image} was resolved to no digest: nothing says what it is")
        self.subject = Subject(str(self.image), self.image.digest)
        yield Step.RESOLVE
        fetched = self._brought(self._held)
        yield Step.FETCH
        self._changing = True
        self._staged = fetched.stage()
        yield Step.STAGE
        self._live = self._staged.promote()
        yield Step.PROMOTE

    def _deployed(self) -> Live:
        if self._live is None:
            raise NoVerdict("nothing was deployed, so nothing is proved")
        return self._live


def build_of(settings: Settings) -> Build:
    """What the CI system says of this run.

    Where a verdict is required, it goes back to an older commit only if a person said so.
    """
    told = settings.override is not None or people.wanted_by_a_person()
    return Build(
        *ci.origin(),
        may_go_back=told or settings.requires is None or settings.rollback is not None,
        redeploy=settings.redeploy,
        by=people.started_by(),
    )


def asked_for(settings: Settings) -> ImageReference:
    """The reference that the settings ask for: whole, or a tag or digest of the configured one."""
    subject = settings.environment.subject
    if settings.image is None:
        raise ConfigurationError(f"{settings.environment.name} deploys no image")
    source = settings.sources["image"]
    if subject is None:
        asked = ImageReference.parse(settings.image)
    else:
        repository = ImageReference.parse(subject.image).repository
        asked = _in(repository, settings.image)
        if asked.repository != repository:
            raise ConfigurationError(
                f"{settings.image} ({source}) is no image of {subject.name}, which is "
                f"{repository}; name one of its tags or digests, or change "
                f"services.{subject.name}.image"
            )
    if asked.tag is None and asked.digest is None:
        which = f"which {subject.name} is to be deployed" if subject else "which image is meant"
        raise ConfigurationError(
            f"{settings.image} ({source}) says no tag or digest: {which}? Say it with "
            "--storedog-image=TAG or STOREDOG_IMAGE"
        )
    return asked


def decided_on(settings: Settings) -> Subject:
    """The image and its digest that a run without a deployment was told, if it was.

    A tag is resolved by the environment's platform; NoVerdict where that cannot be asked.
    """
    if settings.image is None:
        return Subject()
    if settings.environment.subject is None and _DIGEST.fullmatch(settings.image):
        return Subject(settings.image, settings.image)
    asked = asked_for(settings)
    if asked.digest is not None:
        return Subject(str(asked), asked.digest)
    environment = settings.environment
    try:
        platform = platforms.find(environment.platform)
        image = platform.resolved(environment, asked, settings.redact)
    except NoVerdict as error:
        raise NoVerdict(f"{asked} has no digest yet: {error}; or name its digest") from None
    return Subject(str(image), image.digest)


def _in(repository: str, text: str) -> ImageReference:
    """A tag or digest of the repository, else the reference that the text is."""
    if _DIGEST.fullmatch(text):
        return ImageReference(repository, None, text)
    if tag := _TAG.fullmatch(text):
        return ImageReference(repository, tag[1])
    return ImageReference.parse(text)
