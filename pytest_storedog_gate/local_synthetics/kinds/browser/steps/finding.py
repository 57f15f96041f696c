"""The steps of a browser test that look until they find: assertions, and values for variables."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from functools import partial
from typing import TYPE_CHECKING

from playwright.async_api import TimeoutError as PlaywrightTimeout

from pytest_storedog_gate.local_synthetics.assertions.operators import as_text
from pytest_storedog_gate.local_synthetics.failures import CheckFailed, InvalidTest
from pytest_storedog_gate.local_synthetics.javascript.regular_expressions import (
    MatchTimeout,
    compile_javascript,
)
from pytest_storedog_gate.local_synthetics.kinds.browser.steps import checks
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.attempt import content_of
from pytest_storedog_gate.outlets.strict_json import strict
from pytest_storedog_gate.secrets.masking import LONGEST_SECRET

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from playwright.async_api import Download

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.kinds.browser.steps.attempt import StepAttempt

_QUIET = 5.0  # s that a count of requests waits at most for the network to be quiet
_LARGEST_DOWNLOAD = 100 * 1024 * 1024  # bytes
_PAGE_TEXT = "() => document.body ? document.body.innerText : ''"
_PLAIN = "(result) => (result instanceof Date ? result.toJSON() : result) ?? null"


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
    wanted = checks.filled(params["email"], step.filled)
    for check, value in wanted.values():
        _not_of_every_text(check, value)
    mails = step.variables.mails()
    problems = [await asyncio.to_thread(checks.problem_of, mail, wanted) for mail in mails]
    if None in problems:
        return None
    if not problems:
        return checks.NO_MAIL
    return f"Of {len(problems)} mails none is as wanted. The latest: {step.cut(str(problems[0]))}."


async def _downloaded(step: StepAttempt, params: Json) -> str | None:
    came = step.session.downloads
    problems = [await _download_problem(step, one, params["file"]) for one in came]
    if None in problems:
        return None
    reason = "; ".join(filter(None, problems)) or "no file was downloaded"
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


async def extract(step: StepAttempt, kind: str, params: Json) -> None:
    """Wait until the value is there, and give it to the variable.

    Raises CheckFailed, or Playwright's Error.
    """
    look = {
        "extractVariable": _from_element,
        "extractFromJavascript": _from_javascript,
        "extractFromEmailBody": _from_mail,
    }[kind]
    value = await step.until(lambda: look(step, params))
    name, secure = params["variable"]["name"], bool(params["variable"].get("secure"))
    if secure and len(value) > LONGEST_SECRET:
        problem = f"The value is over {LONGEST_SECRET} characters, and secure."
        raise CheckFailed("EXTRACT_VARIABLE", problem)
    step.variables.gain(name, value, secure=secure)
    step.document["extracted_value"] = {"name": name, "value": step.cut(value), "secure": secure}


async def _from_element(step: StepAttempt, params: Json) -> str | CheckFailed:
    content = await content_of(await step.element(params["element"]))
    if not (pattern := params.get("pattern")):
        return content
    try:
        compiled = compile_javascript(step.variables.fill(pattern["value"]))
        value = await asyncio.to_thread(compiled.extracted_from, content)
    except (ValueError, MatchTimeout) as error:
        raise CheckFailed("INVALID_VARIABLE_PATTERN", str(error)) from None
    if value is None:
        return CheckFailed("EXTRACT_VARIABLE", "The pattern is not in the element's content.")
    return value


async def _from_mail(step: StepAttempt, params: Json) -> str | CheckFailed:
    kind, pattern = params["pattern"]["type"], step.variables.fill(params["pattern"]["value"])
    mails = step.variables.mails()
    try:
        for mail in mails:
            value = await asyncio.to_thread(checks.value_of, mail, kind, pattern)
            if value is not None:
                return value
    except (ValueError, MatchTimeout) as error:
        raise CheckFailed("INVALID_VARIABLE_PATTERN", str(error)) from None
    problem = "The pattern is in no mail that came." if mails else checks.NO_MAIL
    return CheckFailed("EXTRACT_VARIABLE", problem)


async def _from_javascript(step: StepAttempt, params: Json) -> str | CheckFailed:
    # NaN is no value, and neither is a date that is none.
    value = strict(await step.javascript(params, _PLAIN))
    if value is None:
        return CheckFailed("EXTRACT_VARIABLE", "The code returned no value.")
    return as_text(value)
