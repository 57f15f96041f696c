"""What each type of step does in the browser."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.async_api import Error, FilePayload
from playwright.async_api import TimeoutError as PlaywrightTimeout

from pytest_storedog_gate.local_synthetics.assertions.operators import number
from pytest_storedog_gate.local_synthetics.chromium.loading import loaded
from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.local_synthetics.kinds.browser import failing
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.attempt import StepAttempt
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.checks import NO_MAIL, links_of
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.finding import assert_that, extract
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.params import description
from pytest_storedog_gate.local_synthetics.kinds.common.request_values import checked_url
from pytest_storedog_gate.local_synthetics.kinds.http.bodies import content_of
from pytest_storedog_gate.secrets.places import mask_url

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import ElementHandle, Response

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

_SLICE = 3.0  # s: then the element is looked for again, as the page may have made a new one
_LOADING = 10.0  # s that a step waits at most for the page to have loaded
_OPENING = frozenset({"goToUrl", "goToUrlAndMeasureTti", "wait"})
_BUTTONS: Json = {"primary": {}, "double": {"click_count": 2}, "contextual": {"button": "right"}}
_TIME_TO_INTERACTIVE = (
    Path(__file__).with_name("time_to_interactive.js").read_text(encoding="utf-8")
)
# What is drawn has no `click`.
_CLICK = """(element) => element.click ? element.click()
  : element.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}))"""
# Fields in which keys choose parts, in the order of a country, or nothing at all.
_HAS_PARTS = """(element) => ['color', 'date', 'datetime-local', 'month', 'range', 'time', 'week']
  .includes(element.type)"""
_CARET_TO_END = """(element) => {
  element.focus();
  try { element.setSelectionRange(element.value.length, element.value.length); }
  catch { getSelection().selectAllChildren(element); getSelection().collapseToEnd(); }
}"""


class Actions(StepAttempt):
    """The step is done here, or by the functions for its type."""

    async def perform(self, kind: str, params: Json) -> None:
        """Do what the step says."""
        if kind not in _OPENING:
            with contextlib.suppress(PlaywrightTimeout):
                await self.page.wait_for_load_state("load", timeout=self.left(_LOADING) * 1000)
        if params.get("element"):
            self.document["element_description"] = description(params["element"])
        if kind.startswith("assert"):
            await assert_that(self, kind, params)
        elif kind.startswith("extract"):
            await extract(self, kind, params)
        elif params.get("element"):
            await self._on_element(kind, params)
        else:
            await self._on_page(kind, params)

    async def go_to(self, url: str) -> None:
        """Open a URL in the active tab."""
        self.document["value"] = mask_url(url)
        try:
            checked_url(url, self.variables)
        except CheckFailed:
            problem = f"{mask_url(url)!r} is not an http(s) URL"
            raise CheckFailed("INVALID_URL", problem) from None
        try:
            response = await self._loaded(lambda left: self.page.goto(url, timeout=left))
        except Error as error:
            if "Download is starting" in str(error):
                return
            raise failing.browser_failure(error, "OPEN_URL") from None
        if response is not None and response.status >= 400:
            self.document["warnings"].append(
                {"type": "http_status", "message": f"The page answered {response.status}."}
            )

    async def measure_interactive(self) -> None:
        """Add the approximate time in ms from which the page that was opened could be used."""
        measured = await self.until(lambda: self.page.evaluate(_TIME_TO_INTERACTIVE))
        self.document["time_to_interactive"] = measured

    async def _loaded(self, load: Callable[[float], Awaitable[Response | None]]) -> Response | None:
        """The page's answer to `load`, which is given the time that is left in ms."""
        try:
            return await loaded(lambda: load(self.left() * 1000))
        except PlaywrightTimeout:
            raise failing.timed_out(self.limit) from None

    # ---- steps without an element ---------------------------------------------------------------

    async def _on_page(self, kind: str, params: Json) -> None:
        match kind:
            case "goToUrl" | "goToUrlAndMeasureTti":
                await self.go_to(self.value(params))
                if kind == "goToUrlAndMeasureTti":
                    await self.measure_interactive()
            case "goToEmailLink":
                wanted = self.value(params)
                await self.go_to(await self.until(lambda: self._mail_link(wanted)))
            case "refresh":
                await self._loaded(lambda left: self.page.reload(timeout=left))
            case "wait":
                self.document["value"] = params["value"]
                await asyncio.sleep(number(params["value"]) or 0)
            case "pressKey":
                try:
                    await self._press(self.value(params), params.get("modifiers") or [])
                except Error as error:
                    raise failing.browser_failure(error, "PRESS_KEY") from None
            case "scroll":
                await self.page.evaluate("([x, y]) => window.scrollBy(x, y)", _distance(params))
            case _:
                raise NotImplementedError(kind)

    async def _press(self, key: str, modifiers: list[str]) -> None:
        if "Shift" in modifiers and len(key) == 1 and key.isascii():
            key = key.upper()  # as every keyboard does, and Playwright does not
        if len(key) == 1 and not key.isascii() and not modifiers:
            await self.page.keyboard.type(key)  # of no key that Playwright knows
        else:
            await self.page.keyboard.press("+".join([*modifiers, key]))

    async def _mail_link(self, wanted: str) -> str | CheckFailed:
        """The one link in the latest mail that has any."""
        mails = self.variables.mails()
        links = next(filter(None, (links_of(mail, wanted) for mail in mails)), [])
        if len(links) == 1:
            return links[0]
        problem = f"{len(links)} links of the mail match." if mails else NO_MAIL
        return CheckFailed("NAVIGATE_TO_LINK", problem)

    # ---- steps with an element ------------------------------------------------------------------

    async def _on_element(self, kind: str, params: Json) -> None:
        while True:
            element = await self.element(params["element"])
            try:
                await self._act(kind, params, element, self.left(_SLICE) * 1000)
            except Error as error:
                if failing.browser_is_gone(error):
                    raise
                again = isinstance(error, PlaywrightTimeout) or "not attached" in str(error)
                if again and self.left() > 0.1:
                    continue
                if not await _is_visible(element) and kind != "uploadFiles":
                    raise CheckFailed(
                        "INVISIBLE_ELEMENT", "The element is there, but it is not visible."
                    ) from None
                raise _not_done(kind, error) from None
            return

    async def _act(
        self, kind: str, params: Json, element: ElementHandle, milliseconds: float
    ) -> None:
        match kind:
            case "click":
                await _click(params, element, milliseconds)
            case "hover":
                await element.hover(timeout=milliseconds)
            case "typeText":
                await self._type(params, element, milliseconds)
            case "selectOption":
                await element.select_option(self.value(params), timeout=milliseconds)
            case "scroll" if "x" in params or "y" in params:
                await element.evaluate("(e, [x, y]) => e.scrollBy(x, y)", _distance(params))
            case "scroll":
                await element.scroll_into_view_if_needed(timeout=milliseconds)
            case "drag":
                await element.hover(timeout=milliseconds)
                await self._move(params, element)
                await self.page.mouse.down()
                await asyncio.sleep(_delay(params.get("options") or {}))
            case "drop":
                await element.scroll_into_view_if_needed(timeout=milliseconds)
                await self._move(params, element)
                await asyncio.sleep(_delay(params.get("options") or {}))
                await self.page.mouse.up()
            case "uploadFiles":
                await self._upload(params, element, milliseconds)
            case _:
                raise NotImplementedError(kind)

    async def _type(self, params: Json, element: ElementHandle, milliseconds: float) -> None:
        text = self.value(params).replace("\r\n", "\n")
        if not await element.is_editable():
            await element.wait_for_element_state("editable", timeout=milliseconds)
        if params.get("appendToContent"):
            await element.scroll_into_view_if_needed(timeout=milliseconds)
            await element.evaluate(_CARET_TO_END)
        elif await element.evaluate(_HAS_PARTS):
            await element.fill(text, timeout=milliseconds)
            if await element.evaluate("(element) => element.value"):
                return
            await element.focus()  # what is no such value is typed, part by part
        else:
            await element.fill("", timeout=milliseconds)
            await element.focus()
        await self.page.keyboard.type(text, delay=_delay(params) * 1000)

    async def _move(self, params: Json, element: ElementHandle) -> None:
        """Move the mouse to the element's centre, or to its offset from there."""
        box = await element.bounding_box()
        if box is None:
            raise CheckFailed("INVISIBLE_ELEMENT", "The place to drag from or to is not visible.")
        right, down = _distance((params.get("options") or {}).get("offset") or {})
        x, y = box["x"] + box["width"] / 2 + right, box["y"] + box["height"] / 2 + down
        await self.page.mouse.move(x, y, steps=5)

    async def _upload(self, params: Json, element: ElementHandle, milliseconds: float) -> None:
        files: list[FilePayload] = [
            {
                "name": self.variables.fill(one["name"]),
                "mimeType": "application/octet-stream",
                "buffer": content_of(one),
            }
            for one in params["files"]
        ]
        if not params.get("withClick"):
            await element.set_input_files(files, timeout=milliseconds)
            return
        try:
            async with self.page.expect_file_chooser(timeout=milliseconds) as chooser:
                await element.click(timeout=milliseconds)
            await (await chooser.value).set_files(files)
        except PlaywrightTimeout:
            raise CheckFailed("UPLOAD_FILES_DIALOG", "The click opened no file dialog.") from None


async def _click(params: Json, element: ElementHandle, milliseconds: float) -> None:
    if params.get("clickWithJavascript"):
        await element.evaluate(_CLICK)
    else:
        button = _BUTTONS[params.get("clickType") or "primary"]
        await element.click(timeout=milliseconds, **button)


async def _is_visible(element: ElementHandle) -> bool:
    with contextlib.suppress(Error):
        return await element.is_visible()
    return False


def _not_done(kind: str, error: Error) -> CheckFailed:
    if kind == "selectOption":
        if "not a <select>" in str(error):
            return failing.browser_failure(error, "ELEMENT_NOT_INTERACTABLE")
        return CheckFailed("SELECT_OPTION", "The element has no such option, or it is disabled.")
    if kind == "uploadFiles":
        return failing.browser_failure(error, "UPLOAD_FILES_ELEMENT_TYPE")
    return failing.browser_failure(error, "ELEMENT_NOT_INTERACTABLE")


def _distance(params: Json) -> list[float]:
    return [number(params.get(axis) or 0) or 0 for axis in ("x", "y")]


def _delay(options: Json) -> float:
    """The delay of a step, from milliseconds to seconds."""
    return (number(options.get("delay") or 0) or 0) / 1000
