"""200 HTTP checks in one batch of the service, and the same requests made by a thread pool."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import requests

from bench.rounds import compare
from bench.service import MODULE, run
from bench.site import started

CHECKS, AT_ONCE = 200, 8


def check(url: str) -> dict[str, Any]:
    """An HTTP test of the status and a header of the answer, and of a value in its body."""
    path = {"jsonPath": "$[0].code", "operator": "is", "targetValue": "BFRIDAY"}
    header = {"type": "header", "property": "content-type", "operator": "contains"}
    return {
        "type": "api",
        "subtype": "http",
        "name": "discounts",
        "config": {
            "request": {"method": "GET", "url": url},
            "assertions": [
                {"type": "statusCode", "operator": "is", "target": 200},
                {**header, "target": "json"},
                {"type": "body", "operator": "validatesJSONPath", "target": path},
            ],
        },
    }


def by_threads(url: str) -> None:
    """Make and judge the requests, each on a connection of its own, as a check is."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        if not all(pool.map(_holds, [url] * CHECKS)):
            raise RuntimeError("an answer is not as wanted")


def _holds(url: str) -> bool:
    answer = requests.get(url, timeout=60)
    body = answer.json()
    return (
        answer.status_code == 200
        and "json" in answer.headers["content-type"]
        and bool(body[0]["code"] == "BFRIDAY")
    )


if __name__ == "__main__":
    with (
        started("bench.site") as site,
        started(MODULE, "serve", "--concurrency", str(AT_ONCE)) as service,
    ):
        for after in (0.02, 0):
            url = f"{site.url}/discounts?after={after}"
            compare(
                f"{CHECKS} HTTP checks, {AT_ONCE} at once, each answered after {after * 1000:g} ms",
                ("service", partial(run, service.url, [check(url)] * CHECKS)),
                ("thread pool", partial(by_threads, url)),
            )
