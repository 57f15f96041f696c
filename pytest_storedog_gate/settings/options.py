"""What the command line says about a run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.settings.synthetics import BACKENDS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True)
class Options:
    """The options of the contract as texts; ConfigurationError where one of them is nothing known.

    `root` is the project's folder, `folder` the one where the command was given: paths and globs
    are relative to it.
    """

    environment: str
    root: Path
    folder: Path
    config: str | None = None
    image: str | None = None
    deploy: str = "auto"
    plan: bool = False
    lock_wait: str = "0"
    report: str | None = None
    public_ids: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    backend: str | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        _one_of("--storedog-deploy", self.deploy, ("auto", "never"))
        if self.backend is not None:
            _one_of("--synthetics-backend", self.backend, BACKENDS)
        if not 0 <= self.patience < math.inf:
            raise ConfigurationError(
                f"--storedog-lock-wait={self.lock_wait!r} is no number of seconds; write 0 or more"
            )

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


def _one_of(option: str, given: str, words: Iterable[str]) -> None:
    if given not in words:
        raise ConfigurationError(f"{option}={given}: write {' or '.join(words)}")
