"""What a person reads of a check that did not pass: enough to act on at once."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog.exchanges import of_failures
from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.outlets.plain_text import block, command_line, line
from pytest_storedog_gate.secrets.places import mask_exchanges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.datadog.models import CheckOutcome, Result
    from pytest_storedog_gate.verdicts.rule import WatchVerdict

_MOST = 10  # results, attempts or files; the report has them all
_LONGEST_BODY = 500  # characters; a longer one would hide the rest of the failure
_LONGEST_COMMAND = 2000
# What curl sends by itself.
_USUAL = {"host", "accept", "accept-encoding", "connection", "user-agent", "content-length"}


def title(outcome: CheckOutcome) -> str:
    """The check by public ID and name."""
    return f"check {line(outcome.public_id)}: {line(outcome.name)}"


def of_check(outcome: CheckOutcome) -> str:
    """The check, and for each bad result the reason, its attempts and where to look."""
    bad = [result for result in outcome.results if result.status is not Status.PASSED]
    more = [f"and {len(bad) - _MOST} more results"] if len(bad) > _MOST else []
    return "\n".join((title(outcome), *map(of_result, bad[:_MOST]), *more))


def of_watch(found: WatchVerdict) -> str:
    """What was watched, and what went wrong."""
    lines = [f"{line(found.called)}: {line(found.title)}", *block(found.reason).splitlines()]
    return "\n  ".join((*lines, f"after {found.seconds:.0f} s"))


def of_result(result: Result) -> str:
    """One result: where, the reason, what holds, the request and answer, and where to look."""
    asked = result.max_retries + 1
    tries = f", attempt {result.retries + 1} of {asked}" if asked > 1 else ""
    where = ", ".join(filter(None, (line(result.location), line(result.device))))
    lines = [f"{result.status.value} at {where or 'unknown location'}{tries}:"]
    lines += block(result.reason).splitlines()
    if result.status is Status.FAILED:
        lines += [*_holding(result)][:_MOST]
        lines += [*of_failures(result)][:_MOST]
    lines += [
        f"attempt {number}: {attempt.status.value}: {line(attempt.reason.partition(chr(10))[0])}"
        for number, attempt in enumerate(result.attempts[:-1][:_MOST], 1)
        if attempt.reason
    ]
    if command := curl(result.detail.get("request")):
        lines.append(f"try it: {command}")
    lines += [f"kept {line(path)}" for path in result.artifacts[:_MOST]]
    if result.result_url:
        lines.append(f"result: {line(result.result_url)}")
    return "\n  ".join(lines)


def _holding(result: Result) -> Iterator[str]:
    """The assertions that hold beside those of the reason, also in the steps that failed."""
    failed = (step.assertions for step in result.steps if step.status is Status.FAILED)
    for assertion in chain(result.assertions, *failed):
        if assertion.valid:
            yield line(f"{assertion.subject}: expected {assertion.expected} <- holds")


def curl(request: object) -> str | None:
    """A `curl` command for a result's `request`; None where it was no HTTP request, or is long."""
    if not isinstance(request, dict):
        return None
    shown: dict[str, Any] = mask_exchanges(request)
    url = shown.get("url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return None
    words = ["curl", "-i"]
    method = str(shown.get("method") or "GET").upper()
    if method != "GET":
        words += ["-X", method]
    headers = shown.get("headers")
    for name, value in (headers if isinstance(headers, dict) else {}).items():
        if str(name).lower() not in _USUAL:
            words += ["-H", f"{name}: {value}"]
    body = shown.get("body")
    if isinstance(body, str) and 0 < len(body) <= _LONGEST_BODY:
        words += ["--data-raw", body]  # the file of a body like "@name" would be sent otherwise
    command = command_line([*words, url])
    return (
        command if len(command) <= _LONGEST_COMMAND else None
    )  # a part of it would be another request
