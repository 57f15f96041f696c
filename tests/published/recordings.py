"""The calls that were recorded from the real API."""

from __future__ import annotations

import json
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
