"""Why a check did not pass, in Datadog's codes (SyntheticsApiTestFailureCode of the v1 API)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_PERMANENT = frozenset({"INVALID_TEST", "INVALID_REQUEST", "INTERNAL_ERROR"})
_PROVE_NOTHING = _PERMANENT | {"UNAVAILABLE_BROWSER"}


@dataclass(frozen=True)
class Failure:
    """One failure.

    `message` is a sentence or, for INCORRECT_ASSERTION, the list of the assertions that did not
    hold: on the wire Datadog sends that list as a JSON string.
    """

    code: str
    message: str | list[dict[str, Any]]

    @property
    def inconclusive(self) -> bool:
        """Whether the failure says nothing about the target."""
        return self.code in _PROVE_NOTHING

    @property
    def permanent(self) -> bool:
        """Whether a retry would end in the same way, whatever the target does."""
        return self.code in _PERMANENT


class CheckFailed(Exception):
    """A check cannot go on; `failure` says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.failure = Failure(code, message)


class InvalidTest(CheckFailed):
    """The definition cannot be run as it is written."""

    def __init__(self, message: str) -> None:
        super().__init__("INVALID_TEST", message)
