"""What `GET /ci/batch/{id}` says, read strictly where a verdict depends on it.

The shape is what datadog-ci reads; https://docs.datadoghq.com/api/latest/synthetics/ lacks the
running batch.
"""

from __future__ import annotations

import math
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.calling.json_answer import (
    identifier,
    listed,
    mapping,
    number,
    optional_id,
    optional_text,
    plain,
    seconds,
)
from pytest_storedog_gate.datadog.details import device_of, failure_of
from pytest_storedog_gate.datadog.models import Place
from pytest_storedog_gate.secrets.masking import NO_SECRETS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.datadog.models import Json
    from pytest_storedog_gate.secrets.masking import Masker

RUNNING = "in_progress"
# Of a batch and of its results. Any other word is waited for: it may come to be one of these.
_FINAL = ("passed", "failed", "skipped", "cancelled")
_NO_FAILURE = ("passed", "skipped", RUNNING, None)
_SPELLINGS = {"canceled": "cancelled"}
# What a batch may say because of a result that says it; and what else makes a batch fail.
_EXPLAINED_BY = {"failed": ("failed", "cancelled")}


@dataclass(frozen=True)
class Entry:
    """One check at one location on one device. `duration` is in seconds.

    `retries` counts the attempts that have ended but the first; None while the first one runs.
    `earlier`: an earlier batch's result stands for this one's. One that is not `readable` tells
    which check it belongs to, and its place where it can. `failure` is what it says beside its
    status of why it failed.
    """

    public_id: str
    name: str
    status: str
    type: str = ""
    location: str = ""
    device: str = ""
    result_id: str = ""
    initial_result_id: str = ""
    execution_rule: str = "blocking"
    duration: float = 0.0
    retries: int | None = None
    max_retries: int = 0
    timed_out: bool = False
    earlier: bool = False
    failure: str = ""
    readable: bool = True

    @classmethod
    def from_json(cls, data: Json, mask: Masker = NO_SECRETS) -> Entry:
        """Reads one of the batch's `results`; what a person may read of it is masked.

        KeyError without a test or a status; TypeError, ValueError or OverflowError for another
        type of what a verdict depends on.
        """
        public_id = identifier(data["test_public_id"])
        result_id = optional_id(data.get("result_id"))
        retries, max_retries = _count(data.get("retries")), _shown_count(data.get("max_retries"))
        if max_retries is not None and (retries or 0) > max_retries:
            raise ValueError
        rerun = data.get("selective_rerun") or {"decision": "run"}
        if rerun["decision"] not in ("run", "skip"):
            raise ValueError
        linked = optional_id(rerun.get("linked_result_id"))
        skipped = rerun["decision"] == "skip"
        return cls(
            public_id=public_id,
            name=plain(data.get("test_name"), public_id),
            status=_word(data["status"]),
            type=plain(data.get("test_type")),
            location=optional_text(data.get("location")),
            device=optional_text(device_of(data)),
            result_id=result_id or (linked if skipped else ""),
            initial_result_id=optional_id(data.get("initial_result_id")),
            execution_rule=optional_text(data.get("execution_rule")) or "blocking",
            duration=seconds(data.get("duration")),
            retries=retries,
            max_retries=max_retries or 0,
            timed_out=bool(data.get("timed_out")),
            # Whatever was decided: what it is linked to was there before.
            earlier=skipped or (linked != "" and linked == result_id),
            # Masked whole, before a part is cut off; most have no failure to tell.
            failure=failure_of(data) and failure_of(mask.document(data)),
        )

    @classmethod
    def read(cls, data: object, mask: Masker = NO_SECRETS) -> Entry | None:
        """The same of anything; None where it does not even name a test."""
        known = mapping(data)
        with suppress(AttributeError, LookupError, OverflowError, TypeError, ValueError):
            return cls.from_json(known, mask)
        public_id = plain(known.get("test_public_id"))
        if not public_id:
            return None
        location, device = plain(known.get("location")), plain(device_of(known))
        return cls(public_id, public_id, "", location=location, device=device, readable=False)

    @property
    def place(self) -> Place:
        """Where it runs, as far as it says."""
        return Place(self.location, self.device)

    @property
    def final(self) -> bool:
        """Whether no further attempt will come; there is none to wait for that can be read."""
        return self.status in _FINAL or not self.readable

    @property
    def ended(self) -> tuple[str, ...]:
        """The IDs of those attempts, known here, that have ended."""
        last = self.result_id if self.final or self.retries is not None else ""
        return tuple(dict.fromkeys(i for i in (self.initial_result_id, last) if i))


@dataclass(frozen=True)
class BatchState:
    """One answer: the batch's status, and what is known of each result.

    `stray_failure`: a result that has not passed is of no test. `tests` are those that the batch
    was triggered with; None where that is not told. `tag` names this state to a service that can
    tell when there is another one; empty where it cannot. `read` has the entries by what was told.
    """

    status: str
    entries: tuple[Entry, ...]
    stray_failure: bool = False
    tests: frozenset[str] | None = None
    tag: str = ""
    read: Mapping[str, Entry | None] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(
        cls, data: Json, mask: Masker = NO_SECRETS, before: BatchState | None = None
    ) -> BatchState:
        """Reads the answer. KeyError or TypeError where it is none.

        What it repeats of the state `before` to the letter is not read again: an answer about
        1,000 checks tells of the few that have ended since.
        """
        state, known = data["data"], before.read if before else {}
        told = [(each, repr(each)) for each in listed(state["results"])]
        entries = {
            text: known[text] if text in known else Entry.read(each, mask) for each, text in told
        }
        read = [(each, entries[text]) for each, text in told]
        strays = (mapping(each).get("status") for each, entry in read if entry is None)
        return cls(
            _word(state["status"]),
            tuple(entry for _, entry in read if entry is not None),
            any(word not in _NO_FAILURE for word in strays),
            read=entries,
        )

    @property
    def final(self) -> bool:
        """Whether the batch says that it has ended."""
        return self.status in _FINAL

    @property
    def running(self) -> bool:
        """Whether results may still change or join."""
        return not self.final or not all(entry.final for entry in self.entries)

    @cached_property
    def unexplained(self) -> bool:
        """Whether the batch has ended otherwise than passed, and none of its results says why.

        What is of another test explains nothing.
        """
        explained_by = _EXPLAINED_BY.get(self.status, (self.status,))
        ours = (e for e in self.entries if self.tests is None or e.public_id in self.tests)
        why = (entry for entry in ours if entry.status in explained_by)
        return self.final and self.status != "passed" and not any(why)

    @cached_property
    def shared(self) -> frozenset[str]:
        """The result IDs that more than one entry has."""
        counts = Counter(entry.result_id for entry in self.entries if entry.result_id)
        return frozenset(result_id for result_id, count in counts.items() if count > 1)


def _word(value: object) -> str:
    """A status. TypeError where it is none; null is one that is not known."""
    if value is None:
        return "null"
    word = identifier(value)
    return _SPELLINGS.get(word, word)


def _count(value: object) -> int | None:
    """How many; None where it is not told. ValueError for what is no number of anything."""
    if value is None:
        return None
    found = int(number(value))
    if isinstance(value, bool) or found < 0:
        raise ValueError
    return found


def _shown_count(value: object) -> int | None:
    """The same; whatever is no number at all is passed over."""
    return _count(value) if math.isfinite(number(value)) else None
