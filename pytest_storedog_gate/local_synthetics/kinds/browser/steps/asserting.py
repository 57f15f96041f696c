"""The steps of a browser test that assert."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from functools import partial
from typing import TYPE_CHECKING

from playwright.async_api import TimeoutError as PlaywrightTimeout

from pytest_storedog_gate.local_synthetics.failures import CheckFailed, InvalidTest
from pytest_storedog_gate.local_synthetics.kinds.browser.steps import checks
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.attempt import content_of
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.mails import (
    NO_MAIL,
    filled,
    problem_of,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from playwright.async_api import Download

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.kinds.browser.steps.attempt import StepAttempt

_QUIET = 5.0  # s that a count of requests waits at most for the network to be quiet
_LARGEST_DOWNLOAD = 100 * 1024 * 1024  # bytes
_PAGE_TEXT = "() => document.body ? document.body.innerText : ''"


async def assert_that(step: StepAttempt, kind: str, params: Json) -> None:
    """Wait until the assertion holds. Raises CheckFailed, or Playwright's Error."""
    if kind == "assertElementPresent":
        await step.element(params["element"])
        return
    if kind == "assertRequests":
        with contextlib.suppress(PlaywrightTimeout):
            await step.page.wait_for_load_state("networkidle", timeout=step.left(_QUIET) * 1000)

    async def look() -> CheckFailed | None:
        problem = await _PROBLEMS[kind](step, params)
        return CheckFailed("ASSERTION_FAILURE", problem) if problem else None

    await step.until(look)


async def _element_compares(step: StepAttempt, params: Json) -> str | None:
    element = await step.element(params["element"])
    if "attribute" not in params:
        return await _compares(step, params, await content_of(element))
    name = step.variables.fill(params["attribute"])
    actual = await element.get_attribute(name)
    if actual is None:
        return f"The element has no attribute {name!r}."
    return await _compares(step, params, actual)


async def _compares(step: StepAttempt, params: Json, actual: str) -> str | None:
    check, wanted = params["check"], step.value(params)
    _not_of_every_text(check, wanted)
    holds = await asyncio.to_thread(checks.CHECKS[check], actual, wanted)
    shown = {"check_type": check, "actual": step.cut(actual), "expected": step.cut(wanted)}
    step.document["assertion_result"] = shown
    return None if holds else f"{shown['actual']!r} {check} {shown['expected']!r}: no."


async def _page_text(step: StepAttempt, params: Json, *, there: bool) -> str | None:
    wanted = _not_empty(step.value(params))
    texts = [
        await frame.evaluate(_PAGE_TEXT)
        for frame in step.page.frames
        if not frame.is_detached() and (frame is step.page.main_frame or frame.url)
    ]
    if any(wanted in text for text in texts) is there:
        return None
    return f"The page {'does not contain' if there else 'contains'} {step.cut(wanted)!r}."


async def _javascript_holds(step: StepAttempt, params: Json) -> str | None:
    holds = await step.javascript(params, "(result) => Boolean(result)")
    return None if holds else "The code did not return a true value."


async def _requests_count(step: StepAttempt, params: Json) -> str | None:
    url = _not_empty(step.variables.fill(params["requests"]["url"]))
    count = params["requests"]["count"]
    actual = sum(url in one for one in step.session.requests)
    if checks.counts(actual, count, step.variables.fill):
        return None
    return f"{actual} requests to {step.cut(url)!r}, wanted {checks.in_words(count)}."


async def _mail_came(step: StepAttempt, params: Json) -> str | None:
    wanted = filled(params["email"], step.filled)
    for check, value in wanted.values():
        _not_of_every_text(check, value)
    problems = []
    for mail in step.variables.mails():
        problem = await asyncio.to_thread(problem_of, mail, wanted)
        if problem is None:
            return None
        problems.append(problem)
    if not problems:
        return NO_MAIL
    return f"Of {len(problems)} mails none is as wanted. The latest: {step.cut(problems[0])}."


async def _downloaded(step: StepAttempt, params: Json) -> str | None:
    problems = []
    for download in step.session.downloads:
        problem = await _download_problem(step, download, params["file"])
        if problem is None:
            return None
        problems.append(problem)
    reason = "; ".join(problems) or "no file was downloaded"
    return step.cut(f"No such download: {reason}.")


async def _download_problem(step: StepAttempt, download: Download, wanted: Json) -> str | None:
    """Why a download is not the one that is wanted, or None."""
    name = download.suggested_filename
    if reason := await download.failure():
        return f"{name}: {reason}"
    path = await download.path()
    if (check := wanted.get("nameCheck")) and not checks.CHECKS[check["type"]](
        name, step.filled(check.get("value"))
    ):
        return f"{name}: its name {check['type']} {check.get('value')!r} does not hold"
    size = path.stat().st_size
    if size > _LARGEST_DOWNLOAD:
        raise CheckFailed("DOWNLOAD_FILE_TOO_LARGE", f"{name} is over {_LARGEST_DOWNLOAD} bytes.")
    content = await asyncio.to_thread(path.read_bytes)
    if (check := wanted.get("sizeCheck")) and not checks.counts(size, check, step.variables.fill):
        return f"{name}: {size} bytes, wanted {checks.in_words(check)}"
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if wanted.get("md5") and md5 != step.variables.fill(wanted["md5"]).lower():
        return f"{name}: its MD5 is {md5}"
    return None


def _not_of_every_text(check: str, wanted: str) -> None:
    if check in checks.HOLD_OF_EMPTY:
        _not_empty(wanted)


def _not_empty(wanted: str) -> str:
    if not wanted:
        raise InvalidTest("The value is empty, and every text holds that: nothing would be proved.")
    return wanted


_PROBLEMS: Mapping[str, Callable[[StepAttempt, Json], Awaitable[str | None]]] = {
    "assertElementContent": _element_compares,
    "assertElementAttribute": _element_compares,
    "assertCurrentUrl": lambda step, params: _compares(step, params, step.page.url),
    "assertPageContains": partial(_page_text, there=True),
    "assertPageLacks": partial(_page_text, there=False),
    "assertFromJavascript": _javascript_holds,
    "assertRequests": _requests_count,
    "assertEmail": _mail_came,
    "assertFileDownload": _downloaded,
}
"""By type of step why it does not hold now, or None."""
