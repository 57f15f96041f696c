"""The paths of the API that start batches, in CI or by hand, and tell how one stands.

It is told as it is now or, for who likes to wait, as soon as there is news: a client that sends
`Prefer: wait=SECONDS` (RFC 7240) and, as `If-None-Match`, the `ETag` of what it has is answered
once that is no longer the batch's, or with 304 after those seconds. Whatever happens between two
requests is so in the second one's answer, at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from pytest_storedog_gate.local_synthetics.api.answers import Answer, read_json, read_object
from pytest_storedog_gate.local_synthetics.api.routes.plain import V1
from pytest_storedog_gate.local_synthetics.running.batches import location_documents
from pytest_storedog_gate.local_synthetics.running.trigger import TriggerError, parse_trigger

if TYPE_CHECKING:
    from starlette.requests import Request

    from pytest_storedog_gate.local_synthetics.account.tests import Tests
    from pytest_storedog_gate.local_synthetics.definitions.files import Catalog
    from pytest_storedog_gate.local_synthetics.kinds import Run
    from pytest_storedog_gate.local_synthetics.running.batches import Batches

LONGEST_WAIT = 60
"""Seconds."""
_WAIT = re.compile(r'\s*wait\s*=\s*(?:([0-9]{1,9})|"([0-9]{1,9})")\s*(?:;.*)?', re.IGNORECASE)


class BatchesApi:
    """Batches of the tests that are there."""

    def __init__(self, batches: Batches, tests: Tests, catalog: Catalog) -> None:
        self._batches = batches
        self._tests = tests
        self._catalog = catalog

    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route(f"{V1}/tests/trigger/ci", self._trigger, methods=["POST"]),
            Route(f"{V1}/tests/trigger", self._trigger_by_hand, methods=["POST"]),
            Route(f"{V1}/ci/batch/{{batch_id}}", self._one),
        ]

    async def _trigger(self, request: Request) -> Response:
        body = read_json(await request.body())
        trigger = parse_trigger(body, self._catalog)
        for test in body["tests"]:
            # No history is kept: what a version was before an edit is not known.
            if "version" in test and test.get("public_id") in self._tests.edited:
                raise TriggerError(f"test {test['public_id']} was edited, so it has no versions")
        batch = self._batches.start(trigger)
        locations = location_documents(batch)
        return Answer(
            {"batch_id": batch.id, "locations": locations, "selective_rerun_rate_limited": False}
        )

    async def _trigger_by_hand(self, request: Request) -> Response:
        body = await read_object(request, {"tests"})
        tests = body.get("tests")
        tests = tests if isinstance(tests, list) else []
        for test in tests:
            known = isinstance(test, dict) and test.keys() <= {"public_id", "metadata"}
            if not known or str(test.get("public_id")) not in self._tests.by_id:
                raise HTTPException(400, "tests must hold public IDs of tests, and nothing else")
        wanted = [test["public_id"] for test in tests]
        trigger = parse_trigger({"tests": [{"public_id": one} for one in wanted]}, self._catalog)
        by_hand = replace(trigger, runs=[_whatever_the_rule(run) for run in trigger.runs])
        batch = self._batches.start(by_hand, run_type="triggered")
        locations = location_documents(batch)
        ids = {one["name"]: one["id"] for one in locations}
        results = [
            {
                "public_id": entry.run.definition.public_id,
                "location": ids[entry.location],
                "result_id": entry.result_id,
                **({"device": entry.run.device} if entry.run.device else {}),
            }
            for entry in batch.entries
        ]
        return Answer(
            {
                "triggered_check_ids": list(dict.fromkeys(wanted)),
                "results": results,
                "locations": locations,
                "batch_id": None,
            }
        )

    async def _one(self, request: Request) -> Response:
        batch_id = request.path_params["batch_id"]
        had, seconds = request.headers.get("if-none-match", ""), _wait_of(request)
        current, tag = self._shown(batch_id)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while seconds and tag in had and await self._batches.changes(batch_id):
                    current, tag = self._shown(batch_id)
        if tag in had:
            current = Response(status_code=304)
        current.headers["ETag"] = tag
        if seconds is not None:
            current.headers["Preference-Applied"] = f"wait={seconds}"
        return current

    def _shown(self, batch_id: str) -> tuple[Response, str]:
        """The batch and the tag of what is known of it now."""
        document = self._batches.document(batch_id)
        if document is None:
            raise HTTPException(404, "Batch does not exist.")
        answer = Answer({"data": document})
        return answer, f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"'


def _wait_of(request: Request) -> int | None:
    """The seconds of the first `wait` that is preferred, as far as they are granted."""
    preferences = ",".join(request.headers.getlist("prefer")).split(",")
    found = next(filter(None, map(_WAIT.fullmatch, preferences)), None)
    return min(int(found[1] or found[2]), LONGEST_WAIT) if found else None


def _whatever_the_rule(run: Run) -> Run:
    """The run without its execution rule, which is for CI alone."""
    data = run.definition.data
    options = {key: value for key, value in run.definition.options.items() if key != "ci"}
    return replace(run, definition=replace(run.definition, data={**data, "options": options}))
