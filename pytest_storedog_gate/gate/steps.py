"""The steps of a run: the one list that a plan tells and a run takes, in this order."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_storedog_gate.settings.load import Settings


class Step(Enum):
    """One step, and what it does in words."""

    LOCK = "take the lock, and mend what an earlier run left"
    CHECKS = "read the checks"
    RESOLVE = "resolve the image to its digest"
    REQUIRE = "find the open verdict of the environment before"
    FETCH = "pull the digest"
    WITHDRAW = "withdraw an earlier verdict on this digest"
    STAGE = "start the supporting services and the candidate, and wait until it is ready"
    BEFORE_TRAFFIC = "ask the project's own proof before traffic"
    PROMOTE = "make it live"
    PROVE = "prove that nothing else answers"
    TRIGGER = "run the checks"
    WAIT = "wait for their results"
    AFTER_CHECKS = "ask the project's own proof after the checks"
    PROVE_AGAIN = "prove once more that nothing else answers"
    DECIDE = "decide"
    RECORD = "record the verdict"
    REPORT = "write the report"
    HTML = "write the evidence"


_ABOUT_AN_IMAGE = frozenset({Step.RESOLVE, Step.REQUIRE, Step.WITHDRAW, Step.RECORD})
_DEPLOYING = frozenset(
    {
        Step.LOCK,
        Step.FETCH,
        Step.STAGE,
        Step.BEFORE_TRAFFIC,
        Step.PROMOTE,
        Step.PROVE,
        Step.PROVE_AGAIN,
    }
)


PARTS = {
    Step.LOCK: "lock",
    Step.CHECKS: "checks",
    Step.RESOLVE: "resolve",
    Step.REQUIRE: "verdicts",
    Step.FETCH: "pull",
    Step.WITHDRAW: "verdicts",
    Step.STAGE: "candidate",
    Step.BEFORE_TRAFFIC: "proof",
    Step.PROMOTE: "swap",
    Step.PROVE: "proof",
    Step.TRIGGER: "trigger",
}
"""What a run's time in a step is called; a deployer may tell parts of it."""


# Nothing is changed before pytest has collected, but what an earlier run left.
BEFORE_COLLECTION = frozenset({Step.LOCK, Step.CHECKS})


def of(settings: Settings) -> tuple[Step, ...]:
    """The steps of the run that these settings ask for."""
    left_out: set[Step] = set()
    if settings.environment.gated is None:
        left_out |= _DEPLOYING
    if settings.image is None:
        left_out |= _ABOUT_AN_IMAGE
    if settings.requires is None:
        left_out.add(Step.REQUIRE)
    if not settings.deploy:
        left_out.add(Step.AFTER_CHECKS)
    if settings.report is None:
        left_out.add(Step.REPORT)
    if settings.html is None:
        left_out.add(Step.HTML)
    return tuple(step for step in Step if step not in left_out)
