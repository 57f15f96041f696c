"""What the command line says about a run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from pytest_storedog_gate.deploy.history import beginning
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.settings.synthetics import BACKENDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


# What each option is called where a person gives it.
FLAGS = {
    "environment": "--storedog-env",
    "config": "--storedog-config",
    "image": "--storedog-image",
    "deploy": "--storedog-deploy",
    "plan": "--storedog-plan",
    "lock_wait": "--storedog-lock-wait",
    "override": "--storedog-override",
    "redeploy": "--storedog-redeploy",
    "rollback": "--storedog-rollback",
    "history": "--storedog-history",
    "report": "--storedog-report",
    "html": "--storedog-html",
    "public_ids": "--synthetics-id",
    "search": "--synthetics-search",
    "files": "--synthetics-files",
    "backend": "--synthetics-backend",
    "url": "--synthetics-url",
}
# A rollback takes what the history has, which needs no other verdict; who looks changes nothing.
_APART = (
    ("rollback", "image"),
    ("rollback", "override"),
    ("rollback", "redeploy"),
    ("history", "rollback"),
    ("history", "plan"),
    ("history", "override"),
)


@dataclass(frozen=True)
class Options:
    """The options of the contract as texts; ConfigurationError where one of them is nothing known.

    `root` is the project's folder, `folder` the one where the command was given: paths and globs
    are relative to it. `rollback` is the beginning of a digest, True for the version before.
    """

    root: Path
    folder: Path
    environment: str
    config: str | None = None
    image: str | None = None
    deploy: str = "auto"
    plan: bool = False
    lock_wait: str = "0"
    override: str | None = None
    redeploy: bool = False
    rollback: str | Literal[True] | None = None
    history: bool = False
    report: str | None = None
    html: str | None = None
    public_ids: Sequence[str] = ()
    search: Sequence[str] = ()
    files: Sequence[str] = ()
    backend: str | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        _one_of("deploy", self.deploy, ("auto", "never"))
        _one_of("backend", self.backend, (*BACKENDS, None))
        if self.html and find_spec("jinja2") is None:
            raise ConfigurationError(
                f"{FLAGS['html']} needs a package that is not installed: pip install "
                "'pytest-storedog-gate[report]'"
            )
        if isinstance(self.rollback, str):
            beginning(self.rollback)
        for name, other in _APART:
            if self._given(name) and self._given(other):
                raise ConfigurationError(
                    f"{FLAGS[name]} and {FLAGS[other]} cannot both be meant: leave one of them out"
                )
        for name in ("rollback", "history"):
            if self._given(name) and not self.deploys:
                raise ConfigurationError(
                    f"{FLAGS[name]} is about deployments: leave out {FLAGS['deploy']}={self.deploy}"
                )
        if not 0 <= self.patience < math.inf:
            raise ConfigurationError(
                f"{FLAGS['lock_wait']}={self.lock_wait!r} is no number of seconds; write 0 or more"
            )

    def _given(self, name: str) -> bool:
        return getattr(self, name) not in (None, False)

    @property
    def deploys(self) -> bool:
        """Whether the run may deploy and decide, and does not only check."""
        return self.deploy == "auto"

    @property
    def patience(self) -> float:
        """How long to wait for the environment's lock, in seconds."""
        try:
            return float(self.lock_wait)
        except ValueError:
            return math.nan


def _one_of(name: str, given: str | None, words: Sequence[str | None]) -> None:
    if given not in words:
        known = " or ".join(filter(None, words))
        raise ConfigurationError(f"{FLAGS[name]}={given}: write {known}")
