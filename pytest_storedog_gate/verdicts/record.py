"""All that a run says of itself at its end, in one value: every report is made of it.

It is made once it is decided, and holds none of the run's secrets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pytest_storedog_gate.deploy import Build, Deployment
    from pytest_storedog_gate.verdicts.rule import CheckVerdict, Verdict, WatchVerdict


class Mode(Enum):
    """What kind of run it was; only one that decides lets anything through."""

    DECIDES = "decides"
    CHECKS_ONLY = "checks only"
    NARROWED = "narrowed"


@dataclass(frozen=True)
class Subject:
    """What the verdict is about: an image, and its digest once that is known."""

    image: str | None = None
    digest: str | None = None


@dataclass(frozen=True)
class BatchLink:
    """One batch of the run: its ID, and the page that shows it to people."""

    batch_id: str
    batch_url: str


@dataclass(frozen=True)
class Record:
    """One run.

    `service` is the one under the gate; `deploys` tells whether the run was to deploy it, and
    `deployment` what was deployed, if that was done, and `jobs` the last lines of what ran once
    before. `rolled_back` says what was put back, `override` why and against what a person let the
    digest through, `rollback` from and to what a person went back, `failure` what stopped the run.
    `requirements` are the public IDs, searches and suites that had to pass; `names` are the checks'
    names by public ID, also where no result told one; `calls` is the number of HTTP calls to
    Synthetics; `seconds` is where the time went, by parts of the run, and `read_beside` for how
    many of them the checks were read beside other parts.
    `pictures` are screenshots (JPEG) by their keys in the steps, and `logs` the last lines of the
    deployed containers, by their names: both are there only for a page that was asked for.
    """

    verdict: Verdict
    mode: Mode
    environment: str
    started: datetime
    finished: datetime
    build: Build
    service: str | None = None
    subject: Subject = field(default_factory=Subject)
    deploys: bool = False
    deployment: Deployment | None = None
    jobs: Mapping[str, str] = field(default_factory=dict)
    rolled_back: str | None = None
    override: str | None = None
    rollback: str | None = None
    failure: str | None = None
    batches: tuple[BatchLink, ...] = ()
    requirements: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    calls: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    read_beside: float = 0.0
    pictures: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    logs: Mapping[str, str] = field(default_factory=dict)

    @property
    def checks(self) -> tuple[CheckVerdict, ...]:
        """Each check, with its results."""
        return self.verdict.checks

    @property
    def watched(self) -> tuple[WatchVerdict, ...]:
        """All that was watched, in the order of its tests."""
        return self.verdict.watched

    @property
    def slowest(self) -> float | None:
        """The seconds of the check that took longest, if there is a result."""
        return max((each.outcome.duration for each in self.checks if each.outcome), default=None)
