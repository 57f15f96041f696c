"""The path of one batch: as it is now or, for who likes to wait, as soon as there is news.

A client that sends `Prefer: wait=SECONDS` (RFC 7240) and, as `If-None-Match`, the `ETag` of what it
has is answered once that is no longer the batch's, or with 304 after those seconds. Whatever
happens between two requests is so in the second one's answer, at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from pytest_storedog_gate.local_synthetics.api.answers import Answer

if TYPE_CHECKING:
    from starlette.requests import Request

    from pytest_storedog_gate.local_synthetics.running.batches import Batches

LONGEST_WAIT = 60
"""Seconds."""
_WAIT = re.compile(r'\s*wait\s*=\s*(?:([0-9]{1,9})|"([0-9]{1,9})")\s*(?:;.*)?', re.IGNORECASE)


def batch_route(path: str, batches: Batches) -> Route:
    """The route to each of the batches, at a path that has `batch_id`."""

    async def answer(request: Request) -> Response:
        batch_id = request.path_params["batch_id"]
        had, seconds = request.headers.get("if-none-match", ""), _wait_of(request)
        current, tag = _shown(batches, batch_id)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while seconds and tag in had and await batches.changes(batch_id):
                    current, tag = _shown(batches, batch_id)
        if tag in had:
            current = Response(status_code=304)
        current.headers["ETag"] = tag
        if seconds is not None:
            current.headers["Preference-Applied"] = f"wait={seconds}"
        return current

    return Route(path, answer)


def _shown(batches: Batches, batch_id: str) -> tuple[Response, str]:
    """The batch and the tag of what is known of it now."""
    document = batches.document(batch_id)
    if document is None:
        raise HTTPException(404, "Batch does not exist.")
    answer = Answer({"data": document})
    return answer, f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"'


def _wait_of(request: Request) -> int | None:
    """The seconds of the first `wait` that is preferred, as far as they are granted."""
    preferences = ",".join(request.headers.getlist("prefer")).split(",")
    found = next(filter(None, map(_WAIT.fullmatch, preferences)), None)
    return min(int(found[1] or found[2]), LONGEST_WAIT) if found else None
