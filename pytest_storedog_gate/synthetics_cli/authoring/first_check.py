"""A first check of an address, which holds: what it asserts is what was found there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.errors import NoVerdict
from pytest_storedog_gate.local_synthetics.definitions.definition import new_public_id
from pytest_storedog_gate.local_synthetics.definitions.files import Catalog
from pytest_storedog_gate.local_synthetics.kinds import all_kinds
from pytest_storedog_gate.local_synthetics.running.event_loop import run_to_end
from pytest_storedog_gate.local_synthetics.running.trigger import parse_trigger
from pytest_storedog_gate.outlets.plain_text import long_line
from pytest_storedog_gate.synthetics_cli.running.here import results_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.datadog.models import Result
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

NO_VARIABLES: Mapping[str, str] = {}
_PATIENCE = 10  # s for a page to show something
_NO_SUCCESS = 400  # the first status that says so
_WARY = ", and the check wants just that: if it is an error, mend the check's"
_NOTHING = "EXTRACT_VARIABLE"
_STATUS = 'return performance.getEntriesByType("navigation")[0]?.responseStatus ?? 0;'
SHOWN = """
const shown = document.body ? document.body.innerText : "";
const headings = [...document.querySelectorAll("h1, h2")].map((one) => one.innerText);
return [document.title, ...headings, ...shown.split("\\n")]
  .map((text) => text.trim())
  .find((text) => text && text.length <= 100 && !text.includes("{{") && shown.includes(text));
"""


def http_check(url: str) -> tuple[Json, str]:
    """A check of the status that the URL answers now, and what was found.

    Asks the URL once. Raises NoVerdict where nothing answers.
    """
    expected = {"type": "statusCode", "operator": "is", "target": 200}
    check = {
        "public_id": new_public_id(),
        "name": f"{_host(url)} answers",
        "type": "api",
        "subtype": "http",
        "config": {"request": {"method": "GET", "url": url}, "assertions": [expected]},
        "options": {"follow_redirects": True},
    }
    result = played(check)
    if not result.assertions:
        raise _unchecked(url, result)
    status = result.assertions[0].actual
    expected["target"] = status
    wary = isinstance(status, int) and status >= _NO_SUCCESS
    return check, f"GET {url} answered {status}{f'{_WARY} target' if wary else ''}"


def browser_check(url: str) -> tuple[Json, str]:
    """A check that the page shows a text that it shows now: its title, a heading or a line.

    Opens the page twice: to find the text, and to see that the check passes. Raises NoVerdict where
    nothing answers or nothing is shown.
    """
    reading = step("extractFromJavascript", "Read the page", code=SHOWN, variable={"name": "SHOWN"})
    asking = step("extractFromJavascript", "Read its status", code=_STATUS, variable={"name": "ST"})
    anything = step("assertFromJavascript", "The page is there", code="return true;")
    result = played(browser(url, anything, reading, asking))
    if _NOTHING in result.reason:
        raise NoVerdict(
            f"{url}: the page showed no text of its own that is short enough for a check in "
            f"{_PATIENCE} s, and nothing is written: write one of an element that it has"
        )
    if result.status is not Status.PASSED:
        raise _unchecked(url, result)
    text, status = (str(each["extracted_value"]["value"]) for each in result.detail["steps"][-2:])
    quoted = json.dumps(text, ensure_ascii=False)
    check = browser(url, step("assertPageContains", f"The page shows {quoted}", value=text))
    result = played(check)
    if result.status is not Status.PASSED:
        raise NoVerdict(
            f"{url} showed {quoted} once and not again, so that a check of it would not "
            "hold: write one of what stays"
        )
    wary = f"; it answered {status}{_WARY} text" if int(status) >= _NO_SUCCESS else ""
    return check, f"{url} shows {quoted}{wary}"


def browser(url: str, *steps: Json) -> Json:
    """A browser test with these steps."""
    return {
        "public_id": new_public_id(),
        "name": f"{_host(url)} shows its page",
        "type": "browser",
        "config": {"request": {"method": "GET", "url": url}, "assertions": []},
        "options": {"device_ids": ["laptop_large"]},
        "steps": list(steps),
    }


def step(kind: str, name: str, **params: Any) -> Json:
    """A step of a browser test."""
    return {"type": kind, "name": name, "timeout": _PATIENCE, "params": params}


def played(check: Json, variables: Mapping[str, str] = NO_VARIABLES) -> Result:
    """The result of one attempt, made as every run of the check is."""
    test = {"local_test_definition": check, "variables": dict(variables)}
    trigger = parse_trigger({"tests": [test]}, Catalog())

    async def only_one() -> Result:
        (result,) = [one async for one in results_of(trigger, all_kinds())]
        return result

    return run_to_end(only_one())


def _unchecked(url: str, result: Result) -> NoVerdict:
    why = long_line(result.reason)
    return NoVerdict(f"{url}: this could not be checked, and nothing is written: {why}")


def _host(url: str) -> str:
    return urlsplit(url).netloc
