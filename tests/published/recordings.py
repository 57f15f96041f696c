"""The calls that were recorded from the real API."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import vcr

from tests.published.data import PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Call:
    """One call of a recording. `body` is its text, `answer` the JSON that came back."""

    recording: str
    method: str
    path: str
    body: str
    answer: Any

    @property
    def request(self) -> str:
        """The first line of the call, as one writes it."""
        return f"{self.method} {self.path}"


def recorded_calls() -> Iterator[Call]:
    """All calls, each recording's in their order."""
    for path in sorted(PUBLISHED.glob("recordings/*.yaml")):
        with vcr.use_cassette(str(path), record_mode="none") as recording:
            for request, response in zip(recording.requests, recording.responses, strict=True):
                yield Call(
                    path.stem,
                    request.method,
                    f"/{request.uri.split('/', 3)[3]}",
                    (request.body or b"").decode(),
                    json.loads(response["body"]["string"]),
                )


# What a recorded call answers with, and so how it can be replayed. A gate deletes nothing and reads
# results in the shape of v2, so the last two are not replayed.
ANSWERS = {
    "test": r"(POST|PUT|PATCH) /api/v1/synthetics/tests/(api|browser|\w{3}-)\S*",
    "tests": r"GET /api/v1/synthetics/tests\?\S*",
    "trigger": r"POST /api/v1/synthetics/tests/trigger",
    "suites": r"GET /api/v2/synthetics/suites/search",
    "v1 results": r"GET /api/v1/synthetics/tests/\S+/results(/\d+)?",
    "deletion": r"POST /api/v1/synthetics/tests/delete",
}


def _recorded() -> dict[str, list[Any]]:
    """The answers of all recordings by what they are."""
    found: dict[str, list[Any]] = {kind: [] for kind in ANSWERS}
    for call in recorded_calls():
        (kind,) = [one for one, pattern in ANSWERS.items() if re.fullmatch(pattern, call.request)]
        found[kind].append(call.answer)
    return found


RECORDED = _recorded()
TESTS = RECORDED["test"] + [test for page in RECORDED["tests"] for test in page["tests"]]
SUITES = [suite for page in RECORDED["suites"] for suite in page["data"]["attributes"]["suites"]]
