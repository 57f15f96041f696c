"""What a kind of check is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pytest_storedog_gate.local_synthetics.assertions.extraction import Source
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition
    from pytest_storedog_gate.local_synthetics.failures import Failure
    from pytest_storedog_gate.local_synthetics.javascript.substitution import Substitution
    from pytest_storedog_gate.local_synthetics.kinds.common.allowed import Field
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables


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


@runtime_checkable
class Kind(Protocol):
    """One kind of check: its facts, what it refuses, and how it is run.

    A class of this form is made with the `Equipment` of its service.
    """

    fields: ClassVar[Mapping[str, Field]] = {}
    """Per key of `config.request` what it may hold."""
    extractable: ClassVar[Mapping[str, bool]] = {}
    """The types of values that steps can extract, of a kind that awaits `Run.answered`.

    Each with whether it takes a `field`, a header's name say.
    """
    scriptable: ClassVar[bool] = False
    """Whether it tells `Run.answered` the response, which scripts read."""
    inherited: ClassVar[Collection[str]] = ()
    """The options of a multistep test that hold for its steps of this kind."""

    def unsupported(self, definition: Definition) -> list[str]:
        """Name each thing in the definition that this kind would otherwise pass over."""
        ...

    async def run(self, run: Run, variables: Variables) -> Outcome:
        """Make one attempt. Secrets that it meets are added to `variables.secrets`.

        Raises CheckFailed when nothing was found that is worth showing.
        """
        ...
