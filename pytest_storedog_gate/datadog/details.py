"""The details of one result, as v2 `poll_results` has them: was it run, and why did it fail.

https://docs.datadoghq.com/api/latest/synthetics/ ; API tests hold assertions, multistep and browser
tests hold steps.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .models import Assertion, Json, Status, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOWN = 300  # characters of a value
_STATUSES = {"passed": Status.PASSED, "failed": Status.FAILED}


@dataclass(frozen=True)
class Detail:
    """One finished execution. `usable` is False where it says nothing about the target."""

    status: str | None = None
    usable: bool = True
    device: str = ""
    data: Json = field(default_factory=dict, repr=False)

    @classmethod
    def from_json(cls, attributes: Json) -> Detail | None:
        """Reads a datum's attributes; None where the execution has not ended yet."""
        result = attributes.get("result") or {}
        if not result.get("finished_at"):
            return None
        # `inconclusive` is the local service's own word: a check that it refuses, or that it broke.
        broken = bool(result.get("unhealthy") or result.get("inconclusive"))
        return cls(result.get("status"), not broken, device_of(attributes), result)

    @property
    def reason(self) -> str:
        """Why it failed: a line for each assertion or step; empty where it does not say."""
        failure = failure_text(self.data.get("failure"))
        # The test's own failure repeats the failed step's, and does not say which step it was.
        steps = [
            f"step {number}, {step.name}: {step.reason or 'failed'}"
            for number, step in enumerate(self.steps, 1)
            if step.status is Status.FAILED and not step.allow_failure
        ]
        return "\n".join(steps) or failure

    @property
    def assertions(self) -> tuple[Assertion, ...]:
        """What was asserted of the answer."""
        return _assertions(self.data.get("assertions"))

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of a browser or multistep test, those of sub-tests among them."""
        return tuple(_steps(self.data.get("steps")))


def details_from_json(data: Json) -> dict[str, Detail]:
    """Reads an answer of `poll_results`: the details of executions that have ended, by ID."""
    read = {str(datum["id"]): Detail.from_json(datum["attributes"]) for datum in data["data"]}
    return {result_id: detail for result_id, detail in read.items() if detail is not None}


def failure_text(failure: object) -> str:
    """What a `failure` says, with expected and actual for each assertion that did not hold.

    It is an object with a code and a message; anything else is shown as it is.
    """
    if not isinstance(failure, dict):
        return shown(failure) if failure else ""
    code, message = str(failure.get("code") or ""), str(failure.get("message") or "")
    if code == "INCORRECT_ASSERTION":
        lines = [text_of(found) for found in _assertions(_listed(message)) if not found.valid]
        if lines:
            return "\n".join(lines)
    return f"{code}: {message}" if code and message else code or message


def text_of(assertion: Assertion) -> str:
    """One assertion with expected and actual, in a line."""
    text = f"{assertion.subject}: expected {assertion.expected}, actual {shown(assertion.actual)}"
    return f"{text} ({assertion.message})" if assertion.message else text


def shown(value: object) -> str:
    """A value as a person reads it, of bounded length."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + f"… ({len(text)} characters)"


def device_of(data: Json) -> str:
    """The ID in a `device`, which is an object or the ID itself."""
    device = data.get("device")
    return str((device.get("id") if isinstance(device, dict) else device) or "")


def _listed(message: str) -> object:
    # Datadog puts the list of assertions that did not hold as JSON text into the message.
    try:
        return json.loads(message)
    except (ValueError, RecursionError):
        return None


def _assertions(data: object) -> tuple[Assertion, ...]:
    found = data if isinstance(data, list) else []
    return tuple(_assertion(each) for each in found if isinstance(each, dict))


def _assertion(data: Json) -> Assertion:
    target = data.get("target", data.get("expected"))
    operator = str(data.get("operator") or "")
    parts = [data.get("type"), data.get("property")]
    if isinstance(target, dict):
        # A JSONPath or XPath has an operator of its own.
        parts += [target.get("jsonPath") or target.get("xPath"), target.get("elementsOperator")]
        operator = str(target.get("operator", operator))
        target = target.get("targetValue", target.get("jsonSchema"))
    message = str(data.get("error_message") or data.get("errorMessage") or "")
    return Assertion(
        subject=" ".join(str(part) for part in parts if part),
        expected=operator if target is None else f"{operator} {shown(target)}".strip(),
        actual=data.get("actual"),
        valid=data.get("valid") is True,
        # A plain "no" adds nothing to expected and actual; of a script the message is the actual.
        message="" if message in (f"{operator} does not hold", data.get("actual")) else message,
    )


def _steps(data: object) -> Iterator[Step]:
    for each in data if isinstance(data, list) else ():
        if isinstance(each, dict):
            yield _step(each)
            yield from _steps(each.get("sub_test_step_details"))


def _step(data: Json) -> Step:
    timings = data.get("timings")
    total = timings.get("total") if isinstance(timings, dict) else None
    asserted = data.get("assertion_results") or data.get("assertions")
    keys = data.get("bucket_keys")
    return Step(
        name=str(data.get("name") or data.get("description") or data.get("type") or ""),
        status=_STATUSES.get(str(data.get("status"))),
        reason=failure_text(data.get("failure")),
        duration=_seconds(data.get("duration", total)),
        allow_failure=bool(data.get("allow_failure")),
        screenshot=str(keys.get("screenshot") or "") if isinstance(keys, dict) else "",
        assertions=_assertions(asserted),
    )


def _seconds(milliseconds: object) -> float:
    return float(milliseconds) / 1000 if isinstance(milliseconds, int | float) else 0.0
