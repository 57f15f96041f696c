"""One result as a page shows it: what the templates read of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, repeat
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.exchanges import Exchange, of_steps
from pytest_storedog_gate.datadog.models import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.datadog.models import Result, Step

# What the templates call the states, by the class of style that they have.
STYLE = {Status.PASSED: "good", Status.FAILED: "bad", Status.NO_VERDICT: "unsure"}
_STAGES = ("redirect", "dns", "tcp", "ssl", "handshake", "firstByte", "download")


@dataclass(frozen=True)
class StepView:
    """One step: `begin` and `width` are its place in the time of all steps, in percent."""

    step: Step
    begin: float
    width: float
    exchanges: list[Exchange]
    screenshot: bytes | None


@dataclass(frozen=True)
class ResultView:
    """One result; `stages` are the seconds of a request's parts."""

    result: Result
    steps: list[StepView]
    exchange: Exchange
    stages: dict[str, float]

    @property
    def style(self) -> str:
        """The class of style of its status."""
        return STYLE[self.result.status]

    @property
    def place(self) -> str:
        """Its location, and its device where it has one."""
        return ", ".join(filter(None, (self.result.location, self.result.device)))


def view(result: Result, picture: Callable[[str], bytes | None]) -> ResultView:
    """The view of a result; `picture` gives the screenshot of a key, if it is known."""
    timings = result.timings
    return ResultView(
        result,
        list(_steps(result, picture)),
        Exchange.from_json(result.detail),
        {
            stage: milliseconds / 1000
            for stage in _STAGES
            if isinstance(milliseconds := timings.get(stage), int | float) and milliseconds > 0
        },
    )


def _steps(result: Result, picture: Callable[[str], bytes | None]) -> Iterator[StepView]:
    whole = sum(step.duration for step in result.steps) or 1.0
    told = chain(of_steps(result), repeat([]))
    begin = 0.0
    for step, exchanges in zip(result.steps, told, strict=False):
        width = 100 * step.duration / whole
        yield StepView(step, begin, width, exchanges, picture(step.screenshot))
        begin += width
