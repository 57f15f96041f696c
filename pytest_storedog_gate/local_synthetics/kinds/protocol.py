"""What a kind of check is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition
    from pytest_storedog_gate.local_synthetics.definitions.substitution import Substitution
    from pytest_storedog_gate.local_synthetics.failures import Failure
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables


class Source(Protocol):
    """The answer of a target, as far as values can be extracted from it."""

    def __call__(self, kind: str, name: str) -> str:
        """The text of one part, by a `type` of an extracted value (`http_body`, say).

        `name` is the header's or the metadata's. Raises assertions.NoValue.
        """
        ...


class Answered(Protocol):
    """What is done with an answer."""

    async def __call__(self, source: Source, response: dict[str, Any] | None = None, /) -> None:
        """`response`: what scripts know as `dd.response`, of kinds that scripts are for."""


async def _unused(_source: Source, _response: dict[str, Any] | None = None) -> None:
    """Nobody extracts."""


@dataclass(frozen=True)
class Run:
    """One test of a batch: its definition with the trigger's overrides already in it.

    `resource_substitutions` are for the requests of a page; `device` is the ID of a browser test's
    device, else "". A kind awaits `answered` once, when the target's answer is there and before
    anything of it is shown: it may add to the secrets.
    """

    definition: Definition
    variables: Mapping[str, str] = field(default_factory=dict)
    url_substitution: Substitution | None = None
    resource_substitutions: Sequence[Substitution] = ()
    device: str = ""
    answered: Answered = _unused


@dataclass(frozen=True)
class Outcome:
    """What one attempt found. `detail` joins the result as it is (v2 names, snake_case)."""

    failure: Failure | None
    detail: dict[str, Any] = field(default_factory=dict)


class Kind(Protocol):
    """One kind of check.

    One that awaits `Run.answered` names in an attribute `extractable` the types of extracted
    values that it has, and one that tells it the response has an attribute `scriptable`.
    """

    def unsupported(self, definition: Definition) -> list[str]:
        """Name each thing in the definition that this kind would otherwise pass over."""
        ...

    async def run(self, run: Run, variables: Variables) -> Outcome:
        """Make one attempt. Secrets that it meets are added to `variables.secrets`.

        Raises CheckFailed when nothing was found that is worth showing.
        """
        ...
