"""What the Synthetics API says, as far as a verdict depends on it.

Unknown fields are tolerated. Result IDs stay strings: they are decimal numbers beyond 2**53.
Shapes follow https://docs.datadoghq.com/api/latest/synthetics/ and what datadog-ci reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

Json = Mapping[str, Any]


class Status(Enum):
    """How one result, or a whole check, ended."""

    PASSED = "passed"
    FAILED = "failed"
    NO_VERDICT = "no verdict"


@dataclass(frozen=True)
class Check:
    """One Synthetics test, by public ID, as its definition describes it."""

    public_id: str
    name: str
    type: str
    execution_rule: str

    @classmethod
    def from_json(cls, data: Json) -> Check:
        """Reads a test object; `options.ci` is there only when it was set."""
        ci = (data.get("options") or {}).get("ci") or {}
        return cls(
            public_id=str(data["public_id"]),
            name=str(data.get("name", "")),
            type=str(data.get("subtype") or data.get("type", "")),
            execution_rule=str(ci.get("executionRule", "blocking")),
        )


@dataclass(frozen=True)
class Attempt:
    """One execution: a check with retries has several."""

    result_id: str
    status: Status
    reason: str = ""


@dataclass(frozen=True)
class Result:
    """The final outcome of a check at one location and on one device. `duration` is in seconds."""

    public_id: str
    name: str
    status: Status
    reason: str
    result_id: str = ""
    result_url: str = ""
    location: str = ""
    device: str = ""
    type: str = ""
    execution_rule: str = "blocking"
    duration: float = 0.0
    retries: int = 0
    max_retries: int = 0
    timed_out: bool = False
    attempts: tuple[Attempt, ...] = ()
    detail: Json = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class CheckOutcome:
    """All results of one check: it passed when every one of them passed."""

    public_id: str
    results: tuple[Result, ...]

    @property
    def name(self) -> str:
        """The check's name, as its first result tells it."""
        return self.results[0].name

    @property
    def status(self) -> Status:
        """Failed beats no verdict beats passed."""
        found = {result.status for result in self.results}
        for status in (Status.FAILED, Status.NO_VERDICT):
            if status in found:
                return status
        return Status.PASSED

    @property
    def duration(self) -> float:
        """The longest result's time, in seconds: results run side by side."""
        return max(result.duration for result in self.results)

    @property
    def decisive(self) -> Result:
        """The result that made the status."""
        return next(result for result in self.results if result.status is self.status)


def failure_text(result: Json) -> str:
    """Why a result failed, a line for each assertion, with expected and actual."""
    failure = result.get("failure") or {}
    code, message = str(failure.get("code", "")), str(failure.get("message", ""))
    if code == "INCORRECT_ASSERTION":
        lines = [_assertion_text(a) for a in _assertions(message) if a.get("valid") is not True]
        if lines:
            return "\n".join(lines)
    return f"{code}: {message}" if code and message else code or message


def _assertions(message: str) -> list[Json]:
    # Datadog puts the list of failed assertions as JSON text into the failure's message.
    try:
        found = json.loads(message)
    except ValueError:
        return []
    return [a for a in found if isinstance(a, dict)] if isinstance(found, list) else []


def _assertion_text(assertion: Json) -> str:
    target = assertion.get("target", assertion.get("expected"))
    operator = str(assertion.get("operator", ""))
    subject = " ".join(
        str(part) for part in (assertion.get("type"), assertion.get("property")) if part
    )
    if isinstance(target, dict):
        path = target.get("jsonPath") or target.get("xPath") or ""
        quantifier = str(target.get("elementsOperator") or "")
        subject = " ".join(part for part in (subject, str(path), quantifier) if part)
        operator = str(target.get("operator", operator))
        target = target.get("targetValue", target.get("jsonSchema"))
    expected = operator if target is None else f"{operator} {_shown(target)}"
    text = f"{subject}: expected {expected}, actual {_shown(assertion.get('actual'))}"
    detail = assertion.get("error_message") or assertion.get("errorMessage")
    # A plain "no" of the local service adds nothing to expected and actual.
    plain = f"{operator} does not hold"
    return f"{text} ({detail})" if detail and detail != plain else text


def _shown(value: object, limit: int = 300) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[:limit] + f"… ({len(text)} characters)"
