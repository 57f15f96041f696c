"""Stands for Datadog's servers: tests that pass after a while, as fast as a client can ask.

It is a process of its own, so that what it takes is no client's. What it says of itself, at /seen,
is in seconds of the monotonic clock.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import uvicorn

from bench.site import Server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Send = Callable[[dict[str, Any]], Awaitable[None]]
    Receive = Callable[[], Awaitable[dict[str, Any]]]

Json = dict[str, Any]
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_PLACE = "aws:eu-central-1"
_BATCH = "/ci/batch/"
_TEST = re.compile(r"/api/v1/synthetics/tests/(\w{3}-\w{3}-\w{3})")
_REFUSED = b'{"errors": ["Rate limited"]}'


def public_id(number: int) -> str:
    """The public ID of one of its tests."""
    text = ""
    for _ in range(9):
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return f"{text[:3]}-{text[3:6]}-{text[6:]}"


def seconds(number: int, tests: int, shortest: float, longest: float) -> float:
    """How long a test takes: `tests` of them end evenly between the two, the last one at the end.

    A single one takes the longest.
    """
    return longest - (longest - shortest) * (tests - 1 - number) / max(tests - 1, 1)


@dataclass
class Seen:
    """What has been asked: calls, and bytes of what was sent and answered."""

    calls: int = 0
    bytes: int = 0
    triggered: float = 0.0
    told_end: float = 0.0  # when a batch was first told to have ended


class Test:
    """One test, and what is said of it."""

    def __init__(self, number: int, seconds: float) -> None:
        self.public_id = public_id(number)
        self.seconds = seconds
        self.result_id = str(9_007_199_254_740_993 + number)
        self._name = f"check {number} of the shop"

    @cached_property
    def definition(self) -> bytes:
        """The test as the API has it."""
        request = {"method": "GET", "url": "https://shop.example.com/discount", "timeout": 30}
        path = {"jsonPath": "$[0].code", "operator": "is", "targetValue": "BFRIDAY"}
        monitor = {"renotify_interval": 0, "escalation_message": "", "include_tags": True}
        return _dumped(
            {
                "public_id": self.public_id,
                "name": self._name,
                "type": "api",
                "subtype": "http",
                "status": "live",
                "tags": ["team:shop", "env:staging", "service:discounts"],
                "message": "The discounts of the shop are not as they should be. @team-shop",
                "monitor_id": 12345678,
                "created_at": "2026-02-10T12:24:19.316262+00:00",
                "modified_at": "2026-08-01T08:14:01.004000+00:00",
                "creator": {"name": "Team Shop", "handle": "shop@example.com", "email": None},
                "locations": [_PLACE],
                "config": {
                    "request": request,
                    "assertions": [
                        {"type": "statusCode", "operator": "is", "target": 200},
                        {"type": "responseTime", "operator": "lessThan", "target": 1000},
                        {"type": "body", "operator": "validatesJSONPath", "target": path},
                    ],
                },
                "options": {
                    "ci": {"executionRule": "blocking"},
                    "tick_every": 300,
                    "min_location_failed": 1,
                    "min_failure_duration": 0,
                    "monitor_options": monitor,
                    "retry": {"count": 0, "interval": 300},
                },
            }
        )

    @cached_property
    def running(self) -> bytes:
        """Its entry in a batch while it runs."""
        return self._entry(status="in_progress", retries=None, duration=None)

    @cached_property
    def ended(self) -> bytes:
        """Its entry in a batch when it has ended."""
        return self._entry(status="passed", retries=0, duration=round(self.seconds * 1000))

    def _entry(self, **more: object) -> bytes:
        return _dumped(
            {
                "test_public_id": self.public_id,
                "test_name": self._name,
                "test_type": "api",
                "result_id": self.result_id,
                "location": _PLACE,
                "execution_rule": "blocking",
                "max_retries": 0,
                "timed_out": False,
                **more,
            }
        )

    def details(self, triggered: float) -> Json:
        """Its result, as `poll_results` has it."""
        began = round(triggered * 1000)
        held = {"type": "statusCode", "operator": "is", "target": 200, "actual": 200, "valid": True}
        result = {
            "id": self.result_id,
            "status": "passed",
            "started_at": began,
            "finished_at": began + round(self.seconds * 1000),
            "unhealthy": False,
            "assertions": [held],
            "timings": {"dns": 1.5, "tcp": 2.5, "ssl": 9.5, "firstByte": 80.0, "total": 93.5},
        }
        return {
            "type": "result",
            "id": self.result_id,
            "attributes": {"test_type": "api", "location": {"id": _PLACE}, "result": result},
            "relationships": {"test": {"data": {"id": self.public_id, "type": "test"}}},
        }

    @property
    def included(self) -> Json:
        """The test beside its result."""
        attributes = {"type": "api", "subtype": "http", "config": {"request": {"method": "GET"}}}
        return {"type": "test", "id": self.public_id, "attributes": attributes}


@dataclass
class _Batch:
    tests: list[Test]
    at: float
    unix: float


class StandIn:
    """The API, as an ASGI application."""

    def __init__(self, tests: list[Test], delay: float, refused: int) -> None:
        self._tests = {test.public_id: test for test in tests}
        self._by_result = {test.result_id: test for test in tests}
        self._delay = delay
        self._refused = refused
        self._batches: dict[str, _Batch] = {}
        self._seen = Seen()

    async def __call__(self, scope: Json, receive: Receive, send: Send) -> None:
        """Answers one request."""
        asked = b""
        while (message := await receive())["type"] == "http.request":
            asked += message.get("body", b"")
            if not message.get("more_body"):
                break
        if scope["path"] == "/seen":
            await _answer(send, 200, _dumped(asdict(self._seen)))
            return
        self._seen.calls += 1
        self._seen.bytes += len(asked) + len(scope["raw_path"]) + len(scope["query_string"])
        number = self._seen.calls
        if self._delay:
            await asyncio.sleep(self._delay)
        if self._refused and number % self._refused == 0:
            await _answer(send, 429, _REFUSED, (b"x-ratelimit-reset", b"1"))
            return
        found = self._found(scope["path"], parse_qs(scope["query_string"].decode()), asked)
        self._seen.bytes += len(found or b"")
        if found is None:
            await _answer(send, 404, b'{"errors": ["Not found"]}')
        else:
            await _answer(send, 200, found)

    def _found(self, path: str, query: dict[str, list[str]], asked: bytes) -> bytes | None:
        if path.endswith("/tests/trigger/ci"):
            return self._trigger(json.loads(asked))
        if _BATCH in path:
            return self._batch(path.rpartition("/")[2])
        if path.endswith("/tests/poll_results"):
            return self._results(json.loads(query["result_ids"][0]))
        if path.endswith("/suites/search"):
            return b'{"data":{"type":"suites_search","attributes":{"suites":[],"total":0}}}'
        if path.endswith("/synthetics/settings"):
            return b'{"onDemandConcurrencyCap": 1000}'
        tests = list(self._tests.values())
        if path.endswith("/synthetics/tests"):
            size, page = (int(query[name][0]) for name in ("page_size", "page_number"))
            return _listed(tests[page * size :][:size])
        if path.endswith("/tests/search"):
            return _listed(tests[: int(query.get("count", ["100"])[0])], total=len(tests))
        test = self._tests.get(match[1]) if (match := _TEST.fullmatch(path)) else None
        return test.definition if test else None

    def _trigger(self, asked: Json) -> bytes:
        batch_id = f"batch-{len(self._batches)}"
        tests = [self._tests[one["public_id"]] for one in asked["tests"]]
        self._batches[batch_id] = _Batch(tests, time.monotonic(), time.time())
        self._seen.triggered = self._seen.triggered or time.monotonic()
        place = {"id": 1, "name": _PLACE, "display_name": "Frankfurt (AWS)", "is_active": True}
        return _dumped({"batch_id": batch_id, "locations": [place]})

    def _batch(self, batch_id: str) -> bytes:
        batch = self._batches[batch_id]
        now = time.monotonic() - batch.at
        running = any(test.seconds > now for test in batch.tests)
        if not running:
            self._seen.told_end = self._seen.told_end or time.monotonic()
        status = b"in_progress" if running else b"passed"
        entries = (test.running if test.seconds > now else test.ended for test in batch.tests)
        return b'{"data":{"status":"%s","results":[%s]}}' % (status, b",".join(entries))

    def _results(self, result_ids: list[str]) -> bytes:
        tests = [self._by_result[one] for one in result_ids]
        began = min((batch.unix for batch in self._batches.values()), default=0.0)
        data = [test.details(began) for test in tests]
        return _dumped({"data": data, "included": [test.included for test in tests]})


def _dumped(value: Json) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _listed(tests: list[Test], total: int | None = None) -> bytes:
    more = b"" if total is None else b',"total":%d' % total
    return b'{"tests":[%s]%s}' % (b",".join(test.definition for test in tests), more)


async def _answer(send: Send, status: int, body: bytes, *more: tuple[bytes, bytes]) -> None:
    length = (b"content-length", str(len(body)).encode())
    headers = [(b"content-type", b"application/json"), length, *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, required=True)
    parser.add_argument("--shortest", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--longest", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--delay", type=float, default=0.0, metavar="SECONDS", help="of each call")
    parser.add_argument("--refuse-every", type=int, default=0, metavar="N", help="call, with 429")
    given = parser.parse_args()
    tests = [
        Test(number, seconds(number, given.tests, given.shortest, given.longest))
        for number in range(given.tests)
    ]
    app = StandIn(tests, given.delay, given.refuse_every)
    Server(
        uvicorn.Config(app, port=0, log_level="error", access_log=False, lifespan="off", ws="none")
    ).run()


if __name__ == "__main__":
    _main()
