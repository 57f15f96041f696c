"""The deployer of several targets: each class is one type of `pytest_storedog_gate.deploy`."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, cast

from pytest_storedog_gate.deploy import Agrees, Held, Remembers, TellsHistory, Watches
from pytest_storedog_gate.deploy.history import History
from pytest_storedog_gate.deploy.several import agreement, looking
from pytest_storedog_gate.deploy.several.deployment import FetchedTargets
from pytest_storedog_gate.deploy.several.naming import at_all, at_each, named, reverse
from pytest_storedog_gate.deploy.several.planning import TargetsPlan
from pytest_storedog_gate.errors import ConfigurationError, GateError, NoVerdict, RollbackFailed
from pytest_storedog_gate.outlets.side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_storedog_gate.deploy import Deployer, Deployment, Entry, Fetched
    from pytest_storedog_gate.deploy.references import ImageReference

_AT_ONCE = 4  # targets that fetch


@dataclass(frozen=True)
class TargetsDeployer:
    """See `Deployer` and `TellsHistory`. The targets are in the order of their promotion."""

    environment: str
    targets: Mapping[str, Deployer]

    def resolve(self, reference: ImageReference) -> ImageReference:
        """The first target tells the digest, and each other one finds that in its registry."""
        image = reference
        for target, deployer in self.targets.items():
            with named(target):
                found = deployer.resolve(image)
                if image.digest not in (None, found.digest):
                    raise NoVerdict(f"{image} was resolved to {found.digest}, another digest")
            image = found
        return image

    @contextmanager
    def lock(self, *, wait: float = 0.0) -> Iterator[HeldTargets]:
        """The locks are taken in the order of the names, so that no two runs wait for each other.

        All of them have `wait` seconds together.
        """
        until = time.monotonic() + wait
        with ExitStack() as locks:
            held: dict[str, Held] = {}
            for target in sorted(self.targets):
                with named(target):
                    left = max(until - time.monotonic(), 0.0)
                    held[target] = locks.enter_context(self.targets[target].lock(wait=left))
            yield HeldTargets({target: _agreeing(target, held[target]) for target in self.targets})

    def foresee(self, reference: ImageReference) -> TargetsPlan:
        return TargetsPlan(self.targets, reference)

    def history(self) -> History:
        """The first target's entries, and what is live where all of them run the same.

        One that was added to the file lately has nothing to go back to: the next one tells then.
        """
        found = at_each(self.targets, self._history)
        first, *_ = [each for each in found.values() if each.goes_back] or found.values()
        digests = {each.live.image.digest if each.live else None for each in found.values()}
        return History(
            first.entries,
            first.live if len(digests) == 1 else None,
            unfinished=any(each.unfinished for each in found.values()),
            running=all(each.running for each in found.values()),
            targets=found,
        )

    def _history(self, deployer: object) -> History:
        if not isinstance(deployer, TellsHistory):
            raise ConfigurationError(
                f"{self.environment} has a deployer there that keeps no history: deploy a version "
                "by its digest, with --storedog-image"
            )
        return deployer.history()


class WatchingTargets(TargetsDeployer):
    """See `Watches`."""

    def watch(self) -> Iterator[Mapping[str, GateError | None]]:
        found = ((target, each) for target, each in self.targets.items())
        return looking.together({t: each.watch() for t, each in found if isinstance(each, Watches)})


class HeldTarget(Held, Agrees, Protocol):
    """One of them."""


@dataclass(frozen=True)
class HeldTargets:
    """See `Held` and `Remembers`. `deployed` is what has the traffic, once it has."""

    held: Mapping[str, HeldTarget]
    deployed: dict[str, Deployment] = field(default_factory=dict)

    def recover(self) -> str | None:
        """All targets are asked what they know before any of them is touched."""
        standing = at_each(self.held, lambda held: held.standing())
        notes = at_each(self.held, lambda held: held.agreed())
        staying = agreement.staying(notes.values(), standing)

        def mend(target: str) -> str:
            held = self.held[target]
            kept = held.keep() if target in staying else None
            return "; ".join(filter(None, (kept, held.recover())))

        mended = at_all({target: target for target in self.held}, mend)
        return "; ".join(f"{target}: {done}" for target, done in mended.items() if done) or None

    def fetch(self, image: ImageReference) -> FetchedTargets:
        """All of them at once."""
        return self._fetched(lambda held: held.fetch(image))

    def go_back(self, version: Entry) -> FetchedTargets:
        """See `Remembers`."""

        def bring(held: object) -> Fetched:
            if not isinstance(held, Remembers):
                raise ConfigurationError(
                    "its deployer tells its history, and cannot go back in it; deploy the version "
                    "with --storedog-image"
                )
            return held.go_back(version)

        return self._fetched(bring)

    def remember(self, entry: Entry) -> None:
        """Each target remembers its own deployment."""

        def remember(target: str) -> None:
            held: object = self.held[target]
            own = self.deployed.get(target)
            if isinstance(held, Remembers):
                held.remember(replace(entry, deploy_id=own.deploy_id if own else None))

        at_all({target: target for target in self.held}, remember)

    def put_back(self) -> str:
        """The last target first; one that fails keeps none of the others from it."""
        done = at_all(reverse(self.held), lambda held: held.put_back(), broken=RollbackFailed)
        return "; ".join(f"{target}: {told}" for target, told in done.items())

    @contextmanager
    def undone_on_failure(self) -> Iterator[None]:
        """Puts all targets back when the block fails at one, and adds to the error that it did."""
        try:
            yield
        except GateError as error:
            try:
                done = self.put_back()
            except GateError as worse:
                raise RollbackFailed(f"{error}\n{worse}") from error
            raise type(error)(f"{error}\n{done}") from error

    def _fetched(self, bring: Callable[[Held], Fetched]) -> FetchedTargets:
        def of(target: str) -> Fetched:
            with named(target):
                return bring(self.held[target])

        found = side_by_side(of, self.held, at_once=_AT_ONCE)
        return FetchedTargets(self, dict(zip(self.held, found, strict=True)))


def _agreeing(target: str, held: object) -> HeldTarget:
    """The same, where it can be one of several."""
    if not isinstance(held, Agrees):
        raise ConfigurationError(
            f"{target}: its deployer cannot agree with those of other targets, and a run that was "
            "killed would leave different versions: it needs the methods of `deploy.Agrees`"
        )
    return cast("HeldTarget", held)
