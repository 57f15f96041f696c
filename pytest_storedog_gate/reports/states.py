"""What every report calls the states, and in which order: the worst comes first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pytest_storedog_gate.verdicts.rule import State

JunitKind = Literal["passed", "failure", "error"]


@dataclass(frozen=True)
class Shown:
    """A state to people (of a check), to readers of JUnit, and as an Adaptive Card's colour."""

    word: str
    junit: JunitKind
    colour: str


SHOWN = {
    State.CLOSED: Shown("FAILED", "failure", "attention"),
    State.INCONCLUSIVE: Shown("NO VERDICT", "error", "warning"),
    State.OPEN: Shown("passed", "passed", "good"),
}
WORST_FIRST = tuple(SHOWN)


def word(state: State, *, required: bool) -> str:
    """What a check's state is called."""
    return SHOWN[state].word + ("" if required else " (not required)")
