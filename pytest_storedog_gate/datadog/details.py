"""The details of one result, as v2 `poll_results` has them: was it run, and why did it fail.

https://docs.datadoghq.com/api/latest/synthetics/ ; API tests hold assertions, multistep and browser
tests hold steps. Nothing here trusts a shape: a verdict rests on the batch, and details only add to
it. What could speak against a pass and cannot be read makes the whole unreadable.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.calling import json_answer
from pytest_storedog_gate.datadog.calling.json_answer import (
    ODD_SHAPE,
    listed,
    mapping,
    optional_id,
    optional_text,
    plain,
    seconds,
)
from pytest_storedog_gate.datadog.models import Assertion, Json, Status, Step
from pytest_storedog_gate.outlets.markup import gist
from pytest_storedog_gate.secrets.masking import MASK, NO_SECRETS
from pytest_storedog_gate.secrets.names import names_secret
from pytest_storedog_gate.secrets.places import mask_exchanges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.secrets.masking import Masker

_SHOWN = 300  # characters of a value
# Of a step. Any other word speaks against a pass.
_STATUSES = {"passed": Status.PASSED, "failed": Status.FAILED, "skipped": None, "": None}
# Where an execution says beside its status why it failed.
_FAILURES = (
    "failure",
    "error",
    "errors",
    "error_message",
    "errorMessage",
    "error_code",
    "errorCode",
)
# Deeper than any result goes, and what every reader of it can follow.
_DEEPEST = 50
_ASSERTIONS = ("assertions", "assertion_results", "assertionResults", "http_results")
IN_A_STEP = ("sub_test_step_details", "steps")


@dataclass(frozen=True)
class Detail:
    """One execution, as its details tell it; those that never arrived say nothing.

    `ended` is False where it is asked for again: it runs, or its details are not `readable`.
    `usable` is False where it says nothing about the target. The IDs are of what it says to be the
    details of, and `locations` the IDs or names of where it says that it ran. Times are Unix times
    in ms, NaN where there is none.
    """

    ended: bool = False
    readable: bool = True
    statuses: tuple[object, ...] = ()
    usable: bool = True
    timed_out: bool = False
    result_ids: frozenset[str] = frozenset()
    test_ids: frozenset[str] = frozenset()
    batch_ids: frozenset[str] = frozenset()
    run_type: str = ""
    locations: frozenset[str] = frozenset()
    device: str = ""
    started_at: float = math.nan
    finished_at: float = math.nan
    failure: str = ""
    steps: tuple[Step, ...] = ()
    assertions: tuple[Assertion, ...] = ()
    timings: Json = field(default_factory=dict)
    data: Json = field(default_factory=dict, repr=False)

    @classmethod
    def from_json(cls, datum: Json, mask: Masker = NO_SECRETS) -> Detail:
        """Reads one of the answer's `data`; what a person may read of it is masked."""
        try:
            _refuse_deeper(datum, _DEEPEST)
            return cls._read(datum, datum["attributes"], mask)
        except ODD_SHAPE:
            return cls(readable=False)

    @classmethod
    def _read(cls, datum: Json, attributes: Json, mask: Masker) -> Detail:
        if datum.get("type") not in ("result", None):
            raise ValueError
        result = attributes.get("result") or {}
        # Before anything is cut: a part of a secret is not found any more.
        told = mask_exchanges(mask.document(result))
        related = mapping(datum.get("relationships"))
        words = (attributes.get("status"), result.get("status"))
        run_type = plain(result.get("run_type")) or plain(attributes.get("run_type"))
        return cls(
            ended=bool(result.get("finished_at")),
            statuses=tuple(word for word in words if word is not None),
            # `inconclusive` is the local service's own word: a check that it refuses or breaks.
            usable=not (result.get("unhealthy") or result.get("inconclusive")),
            timed_out=bool(result.get("timed_out")),
            result_ids=_ids(result, "id", "result_id"),
            test_ids=_ids(mapping(mapping(related.get("test")).get("data")), "id")
            | _ids(mapping(attributes.get("test")), "id", "public_id")
            | _ids(attributes, "test_id", "test_public_id"),
            batch_ids=_ids(mapping(mapping(related.get("batch")).get("data")), "id")
            | _ids(mapping(attributes.get("batch")), "id")
            | _ids(attributes, "batch_id")
            | _ids(result, "batch_id"),
            run_type=run_type.lower(),
            locations=frozenset({_location(attributes), _location(result)} - {""}),
            device=plain(device_of(attributes)),
            started_at=_time(result.get("started_at")),
            finished_at=_time(result.get("finished_at")),
            failure=failure_of(told),
            steps=tuple(_steps(_objects(told, "steps"))),
            assertions=_assertions(told, valid=True),
            timings=mapping(told.get("timings")),
            data=told,
        )

    @property
    def reason(self) -> str:
        """Why it failed: a line for each assertion or step; empty where it does not say."""
        # The test's own failure repeats the failed step's, and does not say which step it was.
        steps = [
            f"step {number}, {step.name}: {step.reason or 'failed'}"
            for number, step in enumerate(self.steps, 1)
            if step.status is Status.FAILED and not step.allow_failure
        ]
        return "\n".join(steps) or self.failure


# What there is until any arrive.
NO_DETAIL = Detail()


def details_from_json(data: Json, mask: Masker = NO_SECRETS) -> dict[str, Detail]:
    """Reads an answer of `poll_results`: the details by result ID, of executions that run as well.

    TypeError or KeyError where it is none; what does not say whose details it holds is left out.
    """
    read: dict[str, Detail] = {}
    for datum in map(mapping, listed(data["data"])):
        detail, result_id = Detail.from_json(datum, mask), datum.get("id")
        # Two of one result, of which one is not true.
        if isinstance(result_id, str | int) and read.setdefault(str(result_id), detail) != detail:
            read[str(result_id)] = Detail(readable=False)
    return read


def failure_of(data: Json) -> str:
    """Why it failed, in whatever way it says so beside its status; empty where it does not."""
    for name in _FAILURES:
        if data.get(name):
            return failure_text(data[name])
    passed = data.get("passed")
    return "" if passed is None or passed is True else f"passed is {shown(passed)}"


def failure_text(failure: object) -> str:
    """What a `failure` says, with expected and actual for each assertion that did not hold.

    It is an object with a code and a message; anything else is shown as it is.
    """
    if not failure:
        return ""
    if not isinstance(failure, dict):
        return shown(failure)
    code, message = str(failure.get("code") or ""), str(failure.get("message") or "")
    if code == "INCORRECT_ASSERTION":
        told = _assertions({"assertions": _parsed(message)}, valid=False)
        lines = [text_of(found) for found in told if not found.valid]
        if lines:
            return "\n".join(lines)
    return f"{code}: {message}" if code and message else code or message or shown(failure)


def text_of(assertion: Assertion) -> str:
    """One assertion with expected and actual, in a line."""
    text = f"{assertion.subject}: expected {assertion.expected}, actual {shown(assertion.actual)}"
    return f"{text} ({assertion.message})" if assertion.message else text


def shown(value: object) -> str:
    """A value as a person reads it, of bounded length."""
    text = (
        gist(value)
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, default=str)
    )
    return text if len(text) <= _SHOWN else text[:_SHOWN] + f"… ({len(text)} characters)"


def device_of(data: Json) -> object:
    """The ID in a `device`, which is an object or the ID itself."""
    device = data.get("device")
    return device.get("id") if isinstance(device, dict) else device


def _location(data: Json) -> str:
    """Where it ran: an ID like the batch's, and not a number, or a name. TypeError for neither."""
    location = data.get("location")
    if not isinstance(location, dict):
        return optional_text(location)
    found = plain(location.get("id"))
    return found if ":" in found else plain(location.get("name"))


def _time(value: object) -> float:
    """A time, NaN where there is none. TypeError or OverflowError for what is no time."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)


def _ids(data: Json, *names: str) -> frozenset[str]:
    """What stands under these names; null is nothing. TypeError for what is no ID."""
    return frozenset(filter(None, (optional_id(data.get(name)) for name in names)))


def _refuse_deeper(value: object, levels: int) -> None:
    """ValueError where it is nested deeper: what reads it later goes down into it."""
    if levels == 0:
        raise ValueError
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        _refuse_deeper(part, levels - 1)


def _parsed(message: str) -> object:
    # Datadog puts the list of assertions that did not hold as JSON text into the message.
    try:
        found = json_answer.loads(message)
        _refuse_deeper(found, _DEEPEST)
    except ValueError:
        return None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else None


def _objects(data: Json, *names: str) -> list[Json]:
    """What the lists of these names hold; null is none. TypeError for other than objects."""
    found = [each for name in names if data.get(name) is not None for each in listed(data[name])]
    if not all(isinstance(each, dict) for each in found):
        raise TypeError
    return found


def _assertions(data: Json, *, valid: bool) -> tuple[Assertion, ...]:
    """What was asserted; `valid` is it where it does not say."""
    # A step of an API test has the same list under two names.
    lists = [data.get(name) for name in _ASSERTIONS]
    names = [name for n, name in enumerate(_ASSERTIONS) if lists[n] not in lists[:n]]
    return tuple(_assertion({"valid": valid, **each}) for each in _objects(data, *names))


def _assertion(data: Json) -> Assertion:
    target = data.get("target", data.get("expected"))
    operator = str(data.get("operator") or "")
    parts = [data.get("type"), data.get("property")]
    if isinstance(target, dict):
        # A JSONPath or XPath has an operator of its own.
        parts += [target.get("jsonPath") or target.get("xPath"), target.get("elementsOperator")]
        operator = str(target.get("operator", operator))
        target = target.get("targetValue", target.get("jsonSchema"))
    actual = data.get("actual")
    if names_secret(plain(data.get("property"))):  # a header, such as Set-Cookie
        target, actual = (one if one is None else MASK for one in (target, actual))
    message = str(data.get("error_message") or data.get("errorMessage") or "")
    return Assertion(
        subject=" ".join(str(part) for part in parts if part),
        expected=operator if target is None else f"{operator} {shown(target)}".strip(),
        actual=actual,
        valid=data["valid"] is True,
        # A plain "no" adds nothing to expected and actual; of a script the message is the actual.
        message="" if message in (f"{operator} does not hold", data.get("actual")) else message,
    )


def _steps(
    steps: list[Json], *, allowed: bool = False, above: set[str] | None = None
) -> Iterator[Step]:
    """The steps, those of sub-tests among them; what a step may do, those in it may.

    A step in another one stands inside it, or after it with its ID.
    """
    may_fail = set() if above is None else above
    for each in steps:
        parent = plain(mapping(mapping(each.get("sub_step")).get("parent_step")).get("id"))
        own = allowed or parent in may_fail or _may_fail(each)
        if own:
            may_fail |= {plain(each.get("id"))} - {""}
        yield _step(each, allow_failure=own)
        yield from _steps(_objects(each, *IN_A_STEP), allowed=own, above=may_fail)


def _may_fail(step: Json) -> bool:
    """Whether the test goes on after its failure, and does not fail for it in the end."""
    allowed = [step[name] for name in ("allow_failure", "allowFailure") if name in step]
    critical = step.get("is_critical") or step.get("isCritical")
    return bool(allowed) and all(one is True for one in allowed) and not critical


def _step(data: Json, *, allow_failure: bool) -> Step:
    total = mapping(data.get("timings")).get("total")
    word = data.get("status")
    status = _STATUSES.get("" if word is None else str(word).lower(), Status.NO_VERDICT)
    odd = f"its status is {shown(word)!r}" if status is Status.NO_VERDICT else ""
    return Step(
        name=plain(data.get("name")) or plain(data.get("description")) or plain(data.get("type")),
        status=status,
        reason=failure_of(data) or odd,
        duration=seconds(data.get("duration", total)),
        allow_failure=allow_failure,
        screenshot=plain(mapping(data.get("bucket_keys")).get("screenshot")),
        assertions=_assertions(data, valid=True),
    )
