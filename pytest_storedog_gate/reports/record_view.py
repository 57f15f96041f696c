"""The verdict's record, shortened to what a person reads at a glance."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_storedog_gate.outlets.plain_text import line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_CHECKS = 50
_MARKDOWN = re.compile(r"[\\`*_{}\[\]()<>|~]")
_WORST_FIRST = ("closed", "inconclusive", "open")
_WORDS = {"closed": "FAILED", "inconclusive": "NO VERDICT", "open": "passed"}


@dataclass(frozen=True)
class CheckView:
    """One check: `url` leads to its result at Synthetics, and is empty where there is none."""

    public_id: str
    name: str
    state: str
    word: str
    reason: str
    url: str


def headline(record: Mapping[str, Any]) -> str:
    """E.g. `GATE CLOSED for staging: 1/2 checks passed`."""
    required = [check for check in record["checks"] if check["required"]]
    passed = sum(check["state"] == "open" for check in required)
    state = str(record["state"]).upper()
    return f"GATE {state} for {record['environment']}: {passed}/{len(required)} checks passed"


def checks(record: Mapping[str, Any]) -> list[CheckView]:
    """The checks, those that did not pass first; no more than `MOST_CHECKS`."""
    ordered = sorted(record["checks"], key=lambda check: _WORST_FIRST.index(check["state"]))
    return [_view(check) for check in ordered[:MOST_CHECKS]]


def left_out(record: Mapping[str, Any]) -> int:
    """How many checks `checks` does not show."""
    return max(0, len(record["checks"]) - MOST_CHECKS)


def reasons(record: Mapping[str, Any]) -> list[str]:
    """Why the gate is not open, where no check says it."""
    ids = tuple(f"{check['public_id']}: " for check in record["checks"])
    return [line(reason) for reason in record["reasons"] if not reason.startswith(ids)]


def no_markdown(text: str) -> str:
    """As it is where Markdown is read: no emphasis, no link."""
    return _MARKDOWN.sub(r"\\\g<0>", text)


def address(url: str) -> str:
    """As a Markdown link can hold it."""
    return quote(line(url), safe="!#$%&'+,/:;=?@[]~")


def _view(check: Mapping[str, Any]) -> CheckView:
    results: Sequence[Mapping[str, Any]] = check["results"]
    word = _WORDS[check["state"]] + ("" if check["required"] else " (not required)")
    urls = [result["result_url"] for result in results if result["result_url"]]
    return CheckView(
        public_id=line(check["public_id"]),
        name=line(check["name"]),
        state=check["state"],
        word=word,
        reason=line(check["reason"]),
        url=urls[0] if urls else "",
    )
