"""Plays the steps of a browser test, one after the other, in one context.

The flow is that of `flow`.
https://docs.datadoghq.com/synthetics/browser_tests/advanced_options/
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playwright.async_api import Error

from pytest_storedog_gate.local_synthetics.assertions.operators import number
from pytest_storedog_gate.local_synthetics.failures import CheckFailed, Failure
from pytest_storedog_gate.local_synthetics.kinds.browser import failing
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.actions import Actions
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.library import (
    api_assertions,
    api_definition,
)
from pytest_storedog_gate.local_synthetics.kinds.common import flow
from pytest_storedog_gate.local_synthetics.kinds.common.flow import Played, fails_the_test
from pytest_storedog_gate.local_synthetics.kinds.protocol import Run
from pytest_storedog_gate.secrets.places import mask_url

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.kinds import Equipment
    from pytest_storedog_gate.local_synthetics.kinds.browser.session import Session
    from pytest_storedog_gate.local_synthetics.kinds.browser.steps.library import BrowserLibrary
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_DEFAULT_TIMEOUT = 60.0  # s, Datadog's
_GRACE = 1.0  # s after which a step is cut off that should have ended by itself
_SCREENSHOT = 5.0  # s
_MEASURE = 1.0  # s
_NAVIGATION = "goToUrlAndMeasureTti"


@dataclass(frozen=True)
class Player:
    """One test in its context."""

    library: BrowserLibrary
    session: Session
    variables: Variables
    run: Run
    equipment: Equipment

    async def navigate(self, url: str, limit: float) -> Json:
        """The implicit first step. Its document has a `failure` where the page did not open."""
        document = shown({"type": _NAVIGATION, "name": "Navigate to start URL"})
        actions = Actions(self.session, self.variables, document, limit)
        failure = await self._timed(self.session.watched(actions.go_to(url)), document, limit)
        if failure is None:
            with contextlib.suppress(Error, TimeoutError):
                async with asyncio.timeout(_MEASURE):
                    await actions.measure_interactive()
        flow.conclude(document, failure)
        await self._picture({}, document)
        await self._show({}, document, failure)
        return document

    async def play(self, test: Definition) -> Played:
        """Play the steps of a test."""
        return await flow.play(test.steps, lambda step: self._step(step, test), shown=shown)

    async def _step(self, step: Json, test: Definition) -> Played:
        document = shown(step)
        played = Played([document])
        if step["type"].startswith("extract"):
            # A value of before must not stand in for one that does not come about.
            reason = f"step {step.get('name') or step['type']!r} failed"
            self.variables.lose(step["params"]["variable"]["name"], reason)
        timeout = float(number(step.get("timeout") or 0) or _DEFAULT_TIMEOUT)
        match step["type"]:
            case "playSubTest":
                work = self._sub_test(step, document, played)
                timeout = 0
            case "runApiTest":
                work = self._api_test(step, test, document)
                played.proved = bool(api_assertions(step))
            case kind:
                if kind == "wait":
                    timeout = max(timeout, 1 + float(number(step["params"]["value"]) or 0))
                actions = Actions(self.session, self.variables, document, timeout)
                work = self.session.watched(actions.perform(kind, step.get("params") or {}))
                played.proved = kind.startswith("assert")
        played.failure = await self._timed(work, document, timeout)
        played.failure = _about_element(played.failure, document)
        played.proved = played.proved and played.failure is None
        flow.conclude(document, played.failure)
        await self._picture(step, document)
        await self._show(step, document, played.failure)
        return played

    async def _timed(self, work: Awaitable[None], document: Json, limit: float) -> Failure | None:
        """Do the work of a step within its seconds; 0: the steps in it have their own."""
        begun, document["started_at"] = time.perf_counter(), time.time_ns() // 1_000_000
        document["url"] = mask_url(self.session.page.url)
        try:
            async with asyncio.timeout(limit + _GRACE if limit else None):
                await work
        except TimeoutError:
            return failing.timed_out(limit).failure
        except CheckFailed as failed:
            return failed.failure
        except Error as error:
            gone = failing.browser_is_gone(error)
            return (
                await self.session.why_gone() if gone else failing.browser_failure(error)
            ).failure
        finally:
            document["duration"] = round((time.perf_counter() - begun) * 1000, 3)
            document["browser_errors"] = self.session.take_errors(self.variables.masked)
        return None

    async def _sub_test(self, step: Json, document: Json, played: Played) -> None:
        params = step["params"]
        test = self.library.played_test(params)
        document["sub_test_public_id"] = test.public_id
        details: list[Json] = []
        document["sub_test_step_details"] = details
        if params.get("playingTabId") == -1:
            await self.session.open_tab()
            first = await self.navigate(self.variables.fill(test.request["url"]), _DEFAULT_TIMEOUT)
            details.append(first)
            if first["status"] == "failed":
                raise CheckFailed("SUB_TEST_NOT_PASSED", first["failure"]["message"])
        inner = await self.play(test)
        details += inner.documents
        played.proved = inner.proved
        if failure := inner.failure:
            if failure.inconclusive:
                raise CheckFailed(failure.code, str(failure.message))
            raise CheckFailed("SUB_TEST_NOT_PASSED", f"{failure.code}: {failure.message}")

    async def _api_test(self, step: Json, test: Definition, document: Json) -> None:
        run = Run(api_definition(step, test), self.run.variables)
        self.variables.hide_credentials(run.definition)
        outcome = await self.library.kinds["api", "http"].run(run, self.variables)
        document["api_test"] = outcome.detail
        if failure := outcome.failure:
            text = failure.document()["message"]
            if failure.inconclusive:
                raise CheckFailed(failure.code, text)
            met = failure.code != "INCORRECT_ASSERTION"
            raise CheckFailed("API_REQUEST_FAILURE" if met else "ASSERTION_FAILURE", text)

    async def _picture(self, step: Json, document: Json) -> None:
        """Keep a screenshot. One that cannot be taken is a warning, and no failure."""
        if self.run.definition.options.get("noScreenshot") or step.get("noScreenshot"):
            return
        try:
            async with asyncio.timeout(_SCREENSHOT):
                picture = await self.session.page.screenshot(
                    type="jpeg", quality=60, timeout=_SCREENSHOT * 1000
                )
        except (Error, TimeoutError):
            document["warnings"].append(
                {"type": "screenshot", "message": "The page did not answer: no screenshot."}
            )
        else:
            document["bucket_keys"] = {"screenshot": self.equipment.screenshots.put(picture)}

    async def _show(self, step: Json, document: Json, failure: Failure | None) -> None:
        """Give whoever watches the time to see what a step did."""
        watching = self.equipment.watching
        await asyncio.sleep(watching.slow_mo)
        pause = watching.pause
        if not (pause and failure and fails_the_test(failure, step)):
            return
        # A sub-test's own step has paused already, and a browser that is gone shows nothing.
        if step.get("type") != "playSubTest" and failure.code != "UNAVAILABLE_BROWSER":
            where = f"{self.run.definition.public_id}: step {document['description']} failed"
            text = f"{where}: {failure.code}: {failure.message}"
            await pause(self.variables.masked(text))


def shown(step: Json) -> Json:
    """What the document of a step says, however the step ends."""
    said: Json = {key: step[key] for key in ("id", "public_id", "type") if key in step}
    return {
        **said,
        "description": step.get("name") or step["type"],
        "allow_failure": step.get("allowFailure", False),
        "is_critical": step.get("isCritical", False),
        "duration": 0,
        "warnings": [],
        "browser_errors": [],
    }


def _about_element(failure: Failure | None, document: Json) -> Failure | None:
    """The failure of a step, with the element that it worked on."""
    element = document.get("element_description")
    if failure is None or not element or failure.code == "LOCATE_ELEMENT" or failure.inconclusive:
        return failure
    return Failure(failure.code, f"{failure.message} The element: {element!r}.")
