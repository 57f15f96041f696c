"""What a kind of check is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.local_synthetics.definitions import Definition
    from pytest_storedog_gate.local_synthetics.failures import Failure
    from pytest_storedog_gate.local_synthetics.substitution import Substitution
    from pytest_storedog_gate.local_synthetics.variables import Variables


@dataclass(frozen=True)
class Run:
    """One test of a batch: its definition with the trigger's overrides already in it.

    `device` is the ID of a browser test's device, else "".
    """

    definition: Definition
    variables: Mapping[str, str] = field(default_factory=dict)
    url_substitution: Substitution | None = None
    device: str = ""


@dataclass(frozen=True)
class Outcome:
    """What one attempt found. `detail` joins the result as it is (v2 names, snake_case)."""

    failure: Failure | None
    detail: dict[str, Any] = field(default_factory=dict)


class Kind(Protocol):
    """One kind of check."""

    def unsupported(self, definition: Definition) -> list[str]:
        """Name each thing in the definition that this kind would otherwise pass over."""
        ...

    async def run(self, run: Run, variables: Variables) -> Outcome:
        """Make one attempt. Secrets that it meets are added to `variables.secrets`.

        Raises CheckFailed when nothing was found that is worth showing.
        """
        ...
