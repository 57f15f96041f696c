"""Why a check did not pass, in Datadog's codes (SyntheticsApiTestFailureCode of the v1 API)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

_PERMANENT = frozenset({"INVALID_TEST", "INVALID_REQUEST", "INTERNAL_ERROR"})
_PROVE_NOTHING = _PERMANENT | {"UNAVAILABLE_BROWSER"}


@dataclass(frozen=True)
class Failure:
    """One failure.

    `message` is a sentence or, for INCORRECT_ASSERTION, the list of the assertions that did not
    hold.
    """

    code: str
    message: str | list[dict[str, Any]]

    def document(self) -> dict[str, str]:
        """As a result holds it: Datadog sends the assertions that did not hold as a JSON string."""
        message = self.message
        text = message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)
        return {"code": self.code, "message": text}

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
