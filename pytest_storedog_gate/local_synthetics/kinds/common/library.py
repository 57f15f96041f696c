"""What the steps of multistep and of browser tests are made of, and the tests that they play."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytest_storedog_gate.local_synthetics.definitions.definition import DefinitionError, parse
from pytest_storedog_gate.local_synthetics.kinds.common.flow import DEEPEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.kinds import Kinds
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_IN_WORDS = {"api": "an API test", "browser": "a browser test"}


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
    def _check_names(self, definition: Definition, variables: Variables, given: set[str]) -> None:
        """See `check_names`; `given`: the names that the steps before give a value."""

    @abstractmethod
    def _unsupported_in(self, played: Definition, depth: int) -> list[str]:
        """Name each thing in a sub-test that would be passed over."""

    def check_names(self, definition: Definition, variables: Variables) -> None:
        """Raise InvalidTest for a variable that no step before gives a value.

        Sub-tests' variables get theirs.
        """
        self._check_names(definition, variables, set())

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
