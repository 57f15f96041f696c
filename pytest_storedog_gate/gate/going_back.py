"""What an environment remembers, and a run that puts a version of it back."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from pytest_storedog_gate.deploy import ImageReference, Remembers, TellsHistory
from pytest_storedog_gate.deploy.references import short
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.gate.deploying import Deploying, build_of

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy import Deployer, Entry, Fetched, Held, History
    from pytest_storedog_gate.gate.provided import Provided
    from pytest_storedog_gate.settings.load import Settings
    from pytest_storedog_gate.verdicts.record import Record


def history_of(deployer: object, environment: str) -> History:
    """What is remembered; ConfigurationError where the deployer is one that keeps no history."""
    if not isinstance(deployer, TellsHistory):
        raise ConfigurationError(
            f"{environment} has a deployer that keeps no history: nothing tells what was there "
            "before; deploy a version by its digest, with --storedog-image"
        )
    return deployer.history()


def looked_up(settings: Settings, provided: Provided) -> History:
    """What is remembered, for a run that only looks."""
    environment = settings.environment
    if environment.gated is None:
        raise ConfigurationError(
            f"{environment.name} deploys nothing, so that it has no history; who deploys there has"
        )
    reached = provided.deployer(
        environment=environment,
        build=build_of(settings),
        progress=lambda _line: None,
        redact=settings.redact,
        timing=nullcontext,
    )
    with reached as deployer:
        return history_of(deployer, environment.name)


def version(settings: Settings, history: History) -> Entry:
    """The one that is to come back; ConfigurationError where there is none that may."""
    if settings.rollback:
        return history.named(settings.rollback)
    return history.before_live()


class RollingBack(Deploying):
    """See `Deploying`. What it puts back was let through here before, and has its checks again.

    So it needs no verdict of another environment, and may be older than what is live.
    """

    _version: Entry
    _seen: str | None

    def _asked(self, settings: Settings) -> ImageReference:
        return ImageReference.parse(str(settings.image))

    def _reached(self, deployer: Deployer) -> None:
        """What is live is noted as a person saw it, before anything is mended."""
        self._seen = _live(history_of(deployer, self._settings.environment.name))

    def _found(self, deployer: Deployer) -> ImageReference:
        history = history_of(deployer, self._settings.environment.name)
        if not self._settings.rollback and _live(history) != self._seen:
            raise ConfigurationError(
                f"when this run began, {short(self._seen)} was live, and {short(_live(history))} "
                "is now: the version before that may not be the one that is meant; name it with "
                "--storedog-rollback=DIGEST, or run the same again"
            )
        self._version = version(self._settings, history)
        now = history.live.told if history.live else "nothing"
        self.rollback = f"to {self._version.told}, from {now}"
        self._progress(f"ROLLBACK {self.rollback}")
        return self._version.image

    def _brought(self, held: Held) -> Fetched:
        if not isinstance(cast("object", held), Remembers):
            raise ConfigurationError(
                f"{self._settings.environment.name} has a deployer that tells its history, and "
                "cannot go back in it; deploy the version with --storedog-image"
            )
        return cast("Remembers", held).go_back(self._version)

    def _entry(self, record: Record) -> Entry:
        """The run is told by `by`, and where the version comes from by the rest."""
        own, its = super()._entry(record), self._version
        return replace(own, commit=its.commit, build=its.build, link=its.link)


def _live(history: History) -> str | None:
    return history.live.image.digest if history.live else None
