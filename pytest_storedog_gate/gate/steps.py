"""The steps of a run: the one list that a plan tells and a run takes, in this order."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_storedog_gate.settings.load import Settings


class Step(Enum):
    """One step: what it does in words, and what the run's time in it is called."""

    LOCK = "take the lock, and mend what an earlier run left", "lock"
    CHECKS = "read the checks", "checks"
    RESOLVE = "resolve the image to its digest", "resolve"
    REQUIRE = "find the open verdict of the environment before", "verdicts"
    FETCH = "pull the digest", "pull"
    WITHDRAW = "withdraw an earlier verdict on this digest", "verdicts"
    STAGE = (
        "start the supporting services and the candidate, and wait until it is ready",
        "candidate",
    )
    CHECK_STAGED = "run the checks before traffic, and go on only if they pass", "checks before"
    BEFORE_TRAFFIC = "ask the project's own proof before traffic", "proof"
    PROMOTE = "make it live", "swap"
    PROVE = "prove that nothing else answers", "proof"
    WATCH = "watch what is live", "watch"
    TRIGGER = "run the checks", "trigger"
    WAIT = "wait for their results"
    WATCHED = "wait until it has been watched for long enough"
    AFTER_CHECKS = "ask the project's own proof after the checks"
    PROVE_AGAIN = "prove once more that nothing else answers"
    DECIDE = "decide"
    RECORD = "record the verdict"
    REPORT = "write the report"
    HTML = "write the evidence"

    def __init__(self, told: str, part: str = "pytest") -> None:
        self.told, self.part = told, part


_ABOUT_AN_IMAGE = frozenset({Step.RESOLVE, Step.REQUIRE, Step.WITHDRAW, Step.RECORD})
_DEPLOYING = frozenset(
    {Step.LOCK, Step.FETCH, Step.STAGE, Step.BEFORE_TRAFFIC, Step.PROMOTE, Step.PROVE}
    | {Step.PROVE_AGAIN, Step.CHECK_STAGED}
)
# Nothing in the environment is changed before pytest has collected, but what an earlier run left:
# the checks have to be known for that. They are read while their image is found and pulled.
FIRST = frozenset({Step.LOCK})
WHILE_CHECKS_ARE_READ = frozenset({Step.RESOLVE, Step.REQUIRE, Step.FETCH})
AFTER_COLLECTION = frozenset(Step) - FIRST - WHILE_CHECKS_ARE_READ - {Step.CHECKS}


def of(settings: Settings) -> tuple[Step, ...]:
    """The steps of the run that these settings ask for."""
    left_out: set[Step] = set()
    if settings.environment.gated is None:
        left_out |= _DEPLOYING
    if not settings.previews:
        left_out.add(Step.CHECK_STAGED)
    elif not settings.after_traffic:
        left_out |= {Step.TRIGGER, Step.WAIT}
    if settings.image is None:
        left_out |= _ABOUT_AN_IMAGE
    if settings.requires is None or settings.rollback is not None:
        left_out.add(Step.REQUIRE)
    if settings.watch is None:
        left_out |= {Step.WATCH, Step.WATCHED}
    if not settings.deploy:
        left_out.add(Step.AFTER_CHECKS)
    if settings.report is None:
        left_out.add(Step.REPORT)
    if settings.html is None:
        left_out.add(Step.HTML)
    return tuple(step for step in Step if step not in left_out)
