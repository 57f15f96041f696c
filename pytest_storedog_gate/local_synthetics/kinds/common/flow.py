"""The steps of multistep and of browser tests: what they play, and what the end of one decides.

The flow is Datadog's: a failed step ends the test, unless it has `allowFailure`; with `isCritical`
too the test goes on and fails at its end. `exitIfSucceed` ends the test as passed.
https://docs.datadoghq.com/synthetics/multistep/
https://docs.datadoghq.com/synthetics/browser_tests/advanced_options/
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from pytest_storedog_gate.local_synthetics.definitions.definition import DefinitionError, parse
from pytest_storedog_gate.local_synthetics.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.kinds import Kinds
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_IN_WORDS = {"api": "an API test", "browser": "a browser test"}
DEEPEST = 2
"""Levels of sub-tests, Datadog's."""


@dataclass(frozen=True)
class Library(ABC):
    """The kinds of check, and by public ID the tests that can be played."""

    kinds: Kinds
    tests: Mapping[str, Definition]

    plays: ClassVar[str]
    """The type of the tests that a step can play."""

    @abstractmethod
    def unsupported(self, definition: Definition, depth: int = 0) -> list[str]:
        """Name each thing in a test, at that depth of sub-tests, that would be passed over."""

    @abstractmethod
    def check_names(self, definition: Definition, variables: Variables, given: set[str]) -> None:
        """Raise InvalidTest for a variable that no step before gives a value.

        `given`: the names that have one beside the test's; those of the steps join them.
        Sub-tests' variables get theirs.
        """

    @abstractmethod
    def _unsupported_in(self, played: Definition, depth: int) -> list[str]:
        """Name each thing in a sub-test that would be passed over."""

    def sub_test(self, holder: Json) -> Definition | None:
        """The test that a step plays, by what holds its `subtestPublicId`; None: it is not known.

        A test of the service is played rather than the copy that Datadog's answer may hold in the
        step. Raises DefinitionError for one that is no definition.
        """
        public_id, copy = holder.get("subtestPublicId"), holder.get("subtest")
        if not isinstance(public_id, str):
            return None
        if public_id not in self.tests and isinstance(copy, dict):
            return parse({**copy, "public_id": public_id})
        found = self.tests.get(public_id)
        if found and found.fault:
            raise DefinitionError(found.fault)
        return found

    def played_test(self, holder: Json) -> Definition:
        """The test that a step plays, of which nothing is refused."""
        found = self.sub_test(holder)
        assert found is not None  # noqa: S101 checked by `unsupported`
        return found

    def _unsupported_sub_test(self, holder: Json, depth: int) -> list[str]:
        where = f"sub-test {holder.get('subtestPublicId')}"
        try:
            played = self.sub_test(holder)
        except DefinitionError as error:
            return [f"{where}: {error}"]
        if played is None:
            return [f"{where} is not among the service's definitions"]
        if played.type != self.plays:
            return [f"{where} is of type {played.type}: {_IN_WORDS[self.plays]} is needed"]
        if depth == DEEPEST:
            return [f"{where}: sub-tests nest deeper than {DEEPEST} levels"]
        return [f"{where}: {problem}" for problem in self._unsupported_in(played, depth + 1)]


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
