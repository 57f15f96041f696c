"""The faults of the scenarios and of the documented table, by what a person calls them."""

from __future__ import annotations

import time
from typing import Any

from tests.npm.proxy import Fault

Json = dict[str, Any]


def _each_result(data: Json, **new: Any) -> None:
    for result in data["data"]["results"]:
        result.update(new)


def never_ends(data: Json) -> None:
    """A batch with a result that stays in progress."""
    data["data"]["status"] = "in_progress"
    _each_result(data, status="in_progress", retries=None)


def timed_out(data: Json) -> None:
    """A batch that its service gave up."""
    data["data"]["status"] = "failed"
    _each_result(data, status="failed", timed_out=True, retries=None)


def skipped_as_passed_before(data: Json) -> None:
    """Datadog's selective rerun: a pass of an earlier batch stands for this one's."""
    data["data"]["status"] = "passed"
    rerun = {"decision": "skip", "reason": "passed", "linked_result_id": "1"}
    _each_result(data, status="skipped", selective_rerun=rerun)


def loses_a_result(data: Json) -> None:
    """A batch without its last result."""
    del data["data"]["results"][-1]


def loses_all_results(data: Json) -> None:
    """A batch that ends without any result."""
    data["data"].update(status="passed", results=[])


def passes(data: Json) -> None:
    """What the service cannot run, Firefox's devices, passes."""
    data["data"]["status"] = "passed"
    _each_result(data, status="passed", retries=0)


def details_pass(data: Json) -> None:
    """The same in the details."""
    for datum in data["data"]:
        datum["attributes"]["result"].update(status="passed", inconclusive=False)
        datum["attributes"]["result"].pop("failure", None)
        datum["attributes"]["result"]["steps"] = []


def unhealthy(data: Json) -> None:
    """Results of a worker that is broken itself."""
    for datum in data["data"]:
        datum["attributes"]["result"]["unhealthy"] = True


def not_there_yet(data: Json) -> None:
    """Details that never arrive."""
    for datum in data["data"]:
        del datum["attributes"]["result"]["finished_at"]


def _in_two_seconds() -> dict[str, str]:
    return {"X-RateLimit-Reset": str(int(time.time()) + 2)}


def once(call: str, status: int, *, after: int = 0) -> Fault:
    """One call of that name is answered with an error."""
    return Fault(call, status, times=1, after=after)


RETRY_AFTER = Fault("batch", 429, lambda: {"Retry-After": "1"}, times=1)
RATE_LIMIT_SECONDS = Fault("results", 429, lambda: {"X-RateLimit-Reset": "1"}, times=1)
RATE_LIMIT_EPOCH = Fault("test", 429, _in_two_seconds, times=1)
# Longer than the run that asks has.
LONG_RETRY_AFTER = Fault("batch", 429, lambda: {"Retry-After": "110"}, times=1)
TRIGGER_LIMITED = Fault("trigger", 429, lambda: {"Retry-After": "1"}, times=1)

# What stands in the first column of the table in docs/explanation/differences.md.
IN_THE_DOCUMENT = {
    "both keys are refused with 401": [Fault("any", 401)],
    "both keys are refused with 403": [Fault("any", 403)],
    "reading the test is refused with 403": [Fault("test", 403)],
    "the search is refused with 403": [Fault("search", 403)],
    "the trigger is refused with 403": [Fault("trigger", 403)],
    "the trigger is refused with 400": [Fault("trigger", 400)],
    "every connection is dropped": [Fault("any", 0)],
    "reading the test answers 500": [Fault("test", 500)],
    "the search answers 500": [Fault("search", 500)],
    "the trigger answers 503": [Fault("trigger", 503)],
    "the batch answers 502": [Fault("batch", 502)],
    "the results answer 500": [Fault("results", 500)],
    "the batch is not found": [Fault("batch", 404)],
    "the batch never ends": [Fault("batch", change=never_ends)],
    "the batch times out": [Fault("batch", change=timed_out)],
    "the worker is unhealthy": [Fault("results", change=unhealthy)],
    "the test failed on an unhealthy worker": [Fault("results", change=unhealthy)],
    "one result is lost": [Fault("batch", change=loses_a_result)],
    "all results are lost": [Fault("batch", change=loses_all_results)],
    "it passed in an earlier batch": [Fault("batch", change=skipped_as_passed_before)],
}
