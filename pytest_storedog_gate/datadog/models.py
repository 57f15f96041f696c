"""Checks and their outcomes, as the gate sees them.

What a verdict depends on is read strictly; unknown fields are tolerated. Result IDs stay strings:
they are decimal numbers beyond 2**53. Shapes follow
https://docs.datadoghq.com/api/latest/synthetics/ and what datadog-ci reads.
"""

from __future__ import annotations

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
    """One Synthetics test, by public ID, as its definition describes it.

    `kind` is `api`, `browser`, `mobile` or `network`; only `api` has a `subtype`, e.g. `http`.
    """

    public_id: str
    name: str
    kind: str
    subtype: str
    execution_rule: str
    tags: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """The one word that says most about it: the subtype where there is one."""
        return self.subtype or self.kind

    @classmethod
    def from_json(cls, data: Json) -> Check:
        """Reads a test object; `options.ci` is there only when it was set."""
        ci = (data.get("options") or {}).get("ci") or {}
        return cls(
            public_id=str(data["public_id"]),
            name=str(data.get("name") or data["public_id"]),
            kind=str(data.get("type") or ""),
            subtype=str(data.get("subtype") or ""),
            execution_rule=str(ci.get("executionRule") or "blocking"),
            tags=tuple(str(tag) for tag in data.get("tags") or ()),
        )


@dataclass(frozen=True)
class Found:
    """What a search found: the checks of its answer, and how many there are in all."""

    checks: tuple[Check, ...]
    total: int

    @classmethod
    def from_json(cls, data: Json) -> Found:
        """Reads the answer of `GET /tests/search`."""
        checks = tuple(Check.from_json(test) for test in data["tests"])
        return cls(checks, max(len(checks), int(data.get("total") or 0)))


@dataclass(frozen=True)
class Suite:
    """A named set of checks, which has a public ID of its own."""

    public_id: str
    name: str
    tests: tuple[str, ...]

    @classmethod
    def from_json(cls, public_id: str, data: Json) -> Suite:
        """Reads the answer of v2 `GET /suites/{id}`; the order of the tests is kept."""
        attributes = data["data"]["attributes"]
        tests = dict.fromkeys(str(test["public_id"]) for test in attributes.get("tests") or ())
        return cls(public_id, str(attributes.get("name") or public_id), tuple(tests))


@dataclass(frozen=True)
class Assertion:
    """What was asserted of an answer, and whether it held. `subject` is what it was about."""

    subject: str
    expected: str
    actual: object
    valid: bool
    message: str = ""


@dataclass(frozen=True)
class Step:
    """One step of a browser or multistep test. `duration` is in seconds.

    `screenshot` is the key of its picture, as the service names it.
    """

    name: str
    status: Status | None
    reason: str = ""
    duration: float = 0.0
    allow_failure: bool = False
    screenshot: str = ""
    assertions: tuple[Assertion, ...] = ()


@dataclass(frozen=True)
class Attempt:
    """One execution: a check with retries has several."""

    result_id: str
    status: Status
    reason: str = ""


@dataclass(frozen=True)
class Result:
    """The final outcome of a check at one location and on one device. `duration` is in seconds.

    `timings` are in milliseconds, by stage; `detail` is the whole of what the API said.
    """

    public_id: str
    name: str
    status: Status
    reason: str
    result_id: str = ""
    initial_result_id: str = ""
    result_url: str = ""
    batch_id: str = ""
    location: str = ""
    device: str = ""
    type: str = ""
    execution_rule: str = "blocking"
    duration: float = 0.0
    retries: int = 0
    max_retries: int = 0
    timed_out: bool = False
    attempts: tuple[Attempt, ...] = ()
    steps: tuple[Step, ...] = ()
    assertions: tuple[Assertion, ...] = ()
    timings: Json = field(default_factory=dict)
    detail: Json = field(default_factory=dict, repr=False)

    @property
    def artifacts(self) -> tuple[str, ...]:
        """The files that the local service kept of a browser test that failed."""
        found = self.detail.get("artifacts")
        return tuple(map(str, found)) if isinstance(found, list) else ()


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
