"""Putting one digest into one environment, provably: what a platform provides for that.

Each platform is a folder here, behind these types. Each object exists only while its calls are
legal, and gives the next one: `lock` gives `Held`, which gives `Fetched`, `Staged` and `Live`.
Between `stage` and `promote` the candidate stands and has no traffic. Every call raises a
`GateError` (see `errors`), and none needs to be undone before the next run: what a run that was
killed has left is mended by the next one's `Held.recover`. So the state of a deployment lives on
the platform, never in the process alone.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pytest_storedog_gate.deploy.history import Entry as Entry  # noqa: TC001
from pytest_storedog_gate.deploy.history import History as History  # noqa: TC001
from pytest_storedog_gate.deploy.references import ImageReference as ImageReference  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from pytest_storedog_gate.errors import GateError


@dataclass(frozen=True)
class Build:
    """Where the image comes from; it ends up in the labels of what is deployed.

    `may_go_back` says that its commit may be older than what is live, `redeploy` that what is live
    is replaced even by the same. `by` is whose run it is.
    """

    commit: str | None = None
    number: str | None = None
    link: str | None = None
    may_go_back: bool = True
    redeploy: bool = True
    by: str | None = None


@dataclass(frozen=True)
class Deployment:
    """One digest put into one environment.

    `downtime` is the seconds in which nobody answered to the live name or address. `took_back` says
    which newer commit was live before, if it was, and only a build that may go back replaces it.
    `targets` tells it of each, where the environment has several.
    """

    environment: str
    service: str
    image: ImageReference
    deploy_id: str
    previous_digest: str | None
    started: datetime
    finished: datetime
    downtime: float
    took_back: str | None = None
    targets: Mapping[str, Deployment] = field(default_factory=dict)


Timing = Callable[[str], AbstractContextManager[object]]
"""Tells that what happens in a context is this part of the run's time, and no other's.

The names are for people, and parts may lie in each other. Whatever a deployer does not tell belongs
to the step that it is in.
"""


class Deployer(Protocol):
    """One environment on its platform, which has answered."""

    def resolve(self, reference: ImageReference) -> ImageReference:
        """The reference with its digest, asked from the registry; nothing is pulled.

        Raises `ConfigurationError` without tag and digest, `DeploymentFailed` where the registry
        does not know it, `NoVerdict` where the registry cannot be asked.
        """

    def lock(self, *, wait: float = 0.0) -> AbstractContextManager[Held]:
        """Takes the environment's lock, for at most `wait` seconds; raises `Locked`.

        It is free again when the context ends, and when this process ends for whatever reason.
        """

    def foresee(self, reference: ImageReference) -> Plan:
        """What each step would do; changes nothing, and raises what the step would raise."""


@runtime_checkable
class Watches(Protocol):
    """What a `Deployer` may offer beside: an environment with a `watch` asks it of its services."""

    def watch(self) -> Iterator[Mapping[str, GateError | None]]:
        """What is wrong with the environment's services, by their names, look by look.

        Asked for from the promotion on, by one thread of its own. The next look comes when
        something has happened, and some seconds after the last one at the latest. It tells of a
        service None where all is well, `DeploymentFailed` where it is not, and `NoVerdict` where
        nobody can say; one that a look leaves out is looked at again. Raises `NoVerdict` where the
        platform does not answer. Ends when it is closed, not before.
        """


class Held(Protocol):
    """The environment, while its lock is this run's."""

    def recover(self) -> str | None:
        """Mends what an unfinished run left; says what in a sentence, None where all was well.

        Raises `RollbackFailed` where the previous version cannot be put back.
        """

    def fetch(self, image: ImageReference) -> Fetched:
        """Brings the digest to the platform; never settles for an image that is there already."""

    def put_back(self) -> str:
        """Puts the previous version back where a deployment was broken off, and says so."""


@runtime_checkable
class Agrees(Protocol):
    """What a `Held` has to offer beside, for its environment to be one of several targets.

    All of them conclude or none: see `deploy.several`. The lock is taken by `Deployer.lock`, and
    never later.
    """

    def standing(self) -> str | None:
        """The deploy ID of what is live, concluded or not; None where nothing of the gate's is.

        Raises `ConfigurationError` where the lock could not be taken yet, and says how it can.
        """

    def agreed(self) -> Mapping[str, str]:
        """What `agree` has noted last, empty where it has not."""

    def agree(self, deploy_ids: Mapping[str, str]) -> None:
        """Notes on the platform, wholly or not at all, which deployments stay, by their targets.

        It takes the place of what was noted before, which is not needed any more.
        """

    def keep(self) -> str | None:
        """Concludes the open deployment of a run that was killed, and says so; None without one."""


@runtime_checkable
class TellsHistory(Protocol):
    """What a `Deployer` may offer beside: what was put into its environment before."""

    def history(self) -> History:
        """What the platform remembers, and what is live there; nothing is changed or locked.

        Raises `NoVerdict` where the platform cannot be asked.
        """


@runtime_checkable
class Remembers(Protocol):
    """What a `Held` may offer beside, where its deployer `TellsHistory`."""

    def go_back(self, version: Entry) -> Fetched:
        """Brings a version of the history, which may be older than what is live.

        The platform's own copy of that digest will do. What is deployed carries the version's
        commit and build.
        """

    def remember(self, entry: Entry) -> None:
        """Adds to the history, which is bounded, once its deployment is concluded or put back.

        What is kept only to go back to, such as images, may go with entries that are too old.
        """


class Fetched(Protocol):
    """The digest is where it can be started."""

    def stage(self) -> Staged:
        """Brings what it needs beside it, starts the candidate, and waits until it is ready.

        Raises `DeploymentFailed` or `NoVerdict`; the candidate is gone then.
        """


class Staged(Protocol):
    """The candidate is ready, and has no traffic."""

    def promote(self) -> Live:
        """Gives it the traffic; the deployment is open until `Live.conclude`.

        Raises `DeploymentFailed` or `NoVerdict`, with the previous version in place, and
        `RollbackFailed` where it could not be put back.
        """


@runtime_checkable
class Answers(Protocol):
    """What a `Staged` may offer beside; an environment with a `preview` needs it."""

    @property
    def address(self) -> str | None:
        """HOST:PORT where the candidate answers; the `preview` where the environment has one."""

    def prove(self) -> None:
        """The candidate, unchanged, is what answers there; else `DeploymentFailed` says what is."""


@runtime_checkable
class AnswersAtEach(Protocol):
    """What a `Staged` offers that stands at several targets."""

    @property
    def addresses(self) -> Mapping[str, str | None]:
        """See `Answers.address`, by the targets."""


@runtime_checkable
class RanJobs(Protocol):
    """What a `Staged` may offer beside: nothing is decided by it."""

    @property
    def jobs(self) -> Mapping[str, str]:
        """The last lines of what ran once before the candidate started, by its name."""


class Live(Protocol):
    """What was deployed answers, and the previous version can still be put back."""

    @property
    def deployment(self) -> Deployment:
        """What was deployed."""

    def prove(self) -> None:
        """Nothing but this deployment answers; `DeploymentFailed` says what else does."""

    def conclude(self) -> None:
        """Ends the open deployment: what is live stays, and the previous version goes."""

    def rollback(self) -> str:
        """Puts the previous version back, proves that it answers, and says so in a sentence.

        Raises `RollbackFailed` with what a person has to do.
        """


@runtime_checkable
class TellsLogs(Protocol):
    """What a `Live` may offer beside: nothing is decided by it."""

    def logs(self) -> Mapping[str, str]:
        """The last lines that each container, or the like, wrote, by its name."""


class Plan(Protocol):
    """Each step of a deployment, a line for each thing that it would do; nothing is changed.

    `image` is the reference with its digest. A step raises what the run would raise there.
    """

    @property
    def image(self) -> ImageReference: ...
    def lock(self) -> Iterator[str]: ...
    def resolve(self) -> Iterator[str]: ...
    def fetch(self) -> Iterator[str]: ...
    def stage(self) -> Iterator[str]: ...
    def promote(self) -> Iterator[str]: ...
