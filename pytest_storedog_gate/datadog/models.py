"""Checks and their outcomes, as the gate sees them.

What a verdict depends on is read strictly; unknown fields are tolerated. Result IDs stay strings:
they are decimal numbers beyond 2**53. Shapes follow
https://docs.datadoghq.com/api/latest/synthetics/ and what datadog-ci reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from itertools import product
from typing import Any, NamedTuple

from pytest_storedog_gate.datadog.calling.json_answer import (
    identifier,
    listed,
    mapping,
    plain,
    seconds,
)

Json = Mapping[str, Any]
_WITHOUT_DEVICES = ("api", "network")


class Status(Enum):
    """How one result, or a whole check, ended."""

    PASSED = "passed"
    FAILED = "failed"
    NO_VERDICT = "no verdict"


class Place(NamedTuple):
    """Where a check runs. An empty part is not told: it may be any."""

    location: str = ""
    device: str = ""

    def fits(self, other: Place) -> bool:
        """Whether both may be one place. A device without a browser is Chrome's."""
        ours, theirs = self.device.removeprefix("chrome."), other.device.removeprefix("chrome.")
        pairs = ((self.location, other.location), (ours, theirs))
        return all(one == another for one, another in pairs if one and another)

    def __str__(self) -> str:
        """The place in words."""
        return " on ".join(filter(None, self))


ANYWHERE = Place()


@dataclass(frozen=True)
class Check:
    """One Synthetics test, by public ID, as its definition describes it.

    `kind` is `api`, `browser`, `mobile` or `network`; only `api` has a `subtype`, e.g. `http`.
    `retry_interval` is the time between two attempts, in seconds.
    """

    public_id: str
    name: str
    kind: str
    subtype: str
    execution_rule: str
    tags: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    device_ids: tuple[str, ...] = ()
    retry_interval: float = 0.0

    @property
    def type(self) -> str:
        """The one word that says most about it: the subtype where there is one."""
        return self.subtype or self.kind

    @property
    def whole(self) -> bool:
        """Whether it tells all that a definition has: its type, and each of its places."""
        told = self.subtype if self.kind == "api" else self.kind
        return bool(told and self.locations and (self.kind in _WITHOUT_DEVICES or self.device_ids))

    def places(self, overrides: Json) -> tuple[Place, ...]:
        """Where it runs, as far as it is told: its own places, or those that a run overrides."""
        locations = overrides.get("locations") or self.locations
        devices = overrides.get("deviceIds") or self.device_ids
        if self.kind in _WITHOUT_DEVICES:
            devices = ()
        pairs = product(locations or [""], devices or [""])
        return tuple(dict.fromkeys(Place(*pair) for pair in pairs if any(pair)))

    @classmethod
    def from_json(cls, data: Json) -> Check:
        """Reads a test object; `options.ci` is there only when it was set.

        TypeError or ValueError where it does not tell what a verdict depends on.
        """
        public_id = identifier(data["public_id"])
        options = data.get("options") or {}
        tags = data.get("tags")
        rule = (options.get("ci") or {}).get("executionRule")
        return cls(
            public_id=public_id,
            name=plain(data.get("name"), public_id),
            kind=plain(data.get("type")),
            subtype=plain(data.get("subtype")),
            execution_rule=str(rule or "blocking"),
            tags=tuple(filter(None, map(plain, tags if isinstance(tags, list) else ()))),
            locations=_identifiers(data.get("locations")),
            device_ids=_identifiers(options.get("device_ids")),
            retry_interval=seconds(mapping(options.get("retry")).get("interval")),
        )


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
        tests = (identifier(test["public_id"]) for test in listed(attributes.get("tests") or []))
        return cls(public_id, plain(attributes.get("name"), public_id), tuple(dict.fromkeys(tests)))


def _identifiers(value: object) -> tuple[str, ...]:
    return tuple(map(identifier, listed(value or [])))


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

    @cached_property
    def status(self) -> Status:
        """Failed beats no verdict beats passed."""
        found = {result.status for result in self.results}
        return next(s for s in (Status.FAILED, Status.NO_VERDICT, Status.PASSED) if s in found)

    @property
    def duration(self) -> float:
        """The longest result's time, in seconds: results run side by side."""
        return max(result.duration for result in self.results)

    @property
    def decisive(self) -> Result:
        """The result that made the status."""
        return next(result for result in self.results if result.status is self.status)
