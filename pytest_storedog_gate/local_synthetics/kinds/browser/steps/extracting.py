"""The steps of a browser test that give a variable its value."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.assertions.operators import as_text
from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.local_synthetics.javascript.regular_expressions import (
    MatchTimeout,
    compile_javascript,
)
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.attempt import content_of
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.mails import NO_MAIL, value_of
from pytest_storedog_gate.outlets.strict_json import strict
from pytest_storedog_gate.secrets.masking import LONGEST_SECRET

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.kinds.browser.steps.attempt import StepAttempt

_PLAIN = "(result) => (result instanceof Date ? result.toJSON() : result) ?? null"


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
            value = await asyncio.to_thread(value_of, mail, kind, pattern)
            if value is not None:
                return value
    except (ValueError, MatchTimeout) as error:
        raise CheckFailed("INVALID_VARIABLE_PATTERN", str(error)) from None
    problem = "The pattern is in no mail that came." if mails else NO_MAIL
    return CheckFailed("EXTRACT_VARIABLE", problem)


async def _from_javascript(step: StepAttempt, params: Json) -> str | CheckFailed:
    # NaN is no value, and neither is a date that is none.
    value = strict(await step.javascript(params, _PLAIN))
    if value is None:
        return CheckFailed("EXTRACT_VARIABLE", "The code returned no value.")
    return as_text(value)
