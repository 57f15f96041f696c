"""How the end of one step decides on the next ones, in multistep and in browser tests.

The flow is Datadog's: a failed step ends the test, unless it has `allowFailure`; with `isCritical`
too the test goes on and fails at its end. `exitIfSucceed` ends the test as passed.
https://docs.datadoghq.com/synthetics/multistep/
https://docs.datadoghq.com/synthetics/browser_tests/advanced_options/
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

DEEPEST = 2
"""Levels of sub-tests, Datadog's."""


@dataclass
class Played:
    """What came of steps: of a whole test, of a sub-test or of one step.

    `proved`: a step with an assertion passed. `exited`: a step with `exitIfSucceed` did.
    """

    documents: list[Json] = field(default_factory=list)
    failure: Failure | None = None
    proved: bool = False
    exited: bool = False


def fails_the_test(failure: Failure, step: Json) -> bool:
    """Whether a step's failure is one of its test."""
    allowed = step.get("allowFailure") and not step.get("isCritical")
    return failure.inconclusive or not allowed


async def play(
    steps: Iterable[Json],
    one: Callable[[Json], Awaitable[Played]],
    *,
    shown: Callable[[Json], Json],
) -> Played:
    """Plays the steps, each with `one`. `shown` gives what a document says of any step."""
    played, stopped = Played(), False
    for index, step in enumerate(steps):
        hopeless = played.failure is not None and played.failure.inconclusive
        if hopeless or (stopped and not step.get("alwaysExecute")):
            played.documents.append({**shown(step), "status": "skipped"})
            continue
        result = await one(step)
        played.documents += result.documents
        played.proved |= result.proved
        failure = result.failure
        if failure is None:
            exits = bool(step.get("exitIfSucceed"))
            played.exited, stopped = played.exited or exits, stopped or exits
        elif fails_the_test(failure, step):
            played.failure = played.failure or _named(failure, index, step)
            stopped = stopped or not step.get("allowFailure")
    return played


def conclude(document: Json, failure: Failure | None) -> None:
    """Add to a step's document how the step ended."""
    document["status"] = "failed" if failure else "passed"
    if failure:
        document["failure"] = failure.document()


def _named(failure: Failure, index: int, step: Json) -> Failure:
    """The failure of the test: that of a step, with the step's name."""
    name, message = step.get("name") or step.get("type", ""), failure.message
    if isinstance(message, str):
        return Failure(failure.code, f"Step {index + 1} ({name}): {message}")
    return Failure(failure.code, [{"step": name, **one} for one in message])
