"""200 HTTP checks in one batch of the local service, and the same requests made by a thread pool.

8 run at once, each with three assertions; the pool makes the same comparisons with `requests`, each
on a connection of its own. The service's time goes from the trigger to the end of the batch, which
is looked at every 20 ms. The site that is asked is a process of its own.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import requests

from bench.rounds import Case, ratio, timed
from bench.service import MODULE, run
from bench.site import started

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHECKS, _AT_ONCE = 200, 8


def cases(*, quick: bool) -> Iterator[Case]:
    """A site that answers after a while, and one that answers at once."""
    with (
        started("bench.site") as site,
        started(MODULE, "serve", "--concurrency", str(_AT_ONCE)) as service,
    ):
        for after in (0.02,) if quick else (0.02, 0.0):
            url = f"{site.url}/discounts?after={after}"
            yield Case(
                f"answers after {after * 1000:g} ms",
                {
                    "service": timed(partial(run, service.url, [check(url)] * _CHECKS)),
                    "thread pool": timed(partial(_by_threads, url)),
                },
                [ratio("wall, s", 1.5, "thread pool")],
            )


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


def _by_threads(url: str) -> None:
    """Make and judge the requests, each on a connection of its own, as a check is."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        if not all(pool.map(_holds, [url] * _CHECKS)):
            raise RuntimeError("an answer is not as wanted")


def _holds(url: str) -> bool:
    answer = requests.get(url, timeout=60)
    body = answer.json()
    return (
        answer.status_code == 200
        and "json" in answer.headers["content-type"]
        and bool(body[0]["code"] == "BFRIDAY")
    )
