"""What each type of step does in the browser."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from playwright.async_api import Error, FilePayload
from playwright.async_api import TimeoutError as PlaywrightTimeout

from pytest_storedog_gate.local_synthetics.browser.checks import (
    CHECKS,
    HOLD_OF_EMPTY,
    counts,
    in_words,
)
from pytest_storedog_gate.local_synthetics.browser.elements import description
from pytest_storedog_gate.local_synthetics.browser.failing import (
    browser_is_gone,
    failure_of,
    timed_out,
)
from pytest_storedog_gate.local_synthetics.browser.locating import locate
from pytest_storedog_gate.local_synthetics.browser.mails import (
    filled,
    links_of,
    problem_of,
    value_of,
)
from pytest_storedog_gate.local_synthetics.comparison import as_text, number
from pytest_storedog_gate.local_synthetics.failures import CheckFailed, InvalidTest
from pytest_storedog_gate.local_synthetics.masking import mask_userinfo
from pytest_storedog_gate.local_synthetics.regexes import MatchTimeout, compile_javascript

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import Download, ElementHandle, Page, Response

    from pytest_storedog_gate.local_synthetics.browser.session import Session
    from pytest_storedog_gate.local_synthetics.definitions import Json
    from pytest_storedog_gate.local_synthetics.variables import Variables

_LEAST = 0.001  # s
_PAUSE = 0.1  # s between two looks
_SLICE = 3.0  # s: then the element is looked for again, as the page may have made a new one
_LOADING = 10.0  # s that a step waits at most for the page to have loaded
_QUIET = 5.0  # s that a count of requests waits at most for the network to be quiet
_LARGEST_DOWNLOAD = 100 * 1024 * 1024  # bytes
_SHOWN = 1000  # characters of a value in a result
_OPENING = frozenset({"goToUrl", "goToUrlAndMeasureTti", "wait"})
_NO_MAIL = "No mail has come; the application must send it to the address of --smtp."
_BUTTONS: Json = {"primary": {}, "double": {"click_count": 2}, "contextual": {"button": "right"}}
_CONTENT = """(element) =>
  (element.matches('input, textarea, select') ? element.value
    : element.innerText ?? element.textContent ?? '').trim()"""
_PAGE_TEXT = "() => document.body ? document.body.innerText : ''"
# Chromium has no such measure: this is the end of the last thing that kept a page from answering.
_TIME_TO_INTERACTIVE = """() => {
  const observer = new PerformanceObserver(() => {});
  observer.observe({type: 'longtask', buffered: true});
  const tasks = observer.takeRecords().map((task) => task.startTime + task.duration);
  observer.disconnect();
  const loaded = performance.getEntriesByType('navigation').map((one) =>
    one.domContentLoadedEventEnd);
  const painted = performance.getEntriesByName('first-contentful-paint').map((one) =>
    one.startTime);
  return Math.round(Math.max(0, ...loaded, ...painted, ...tasks));
}"""
_CARET_TO_END = """(element) => {
  element.focus();
  try { element.setSelectionRange(element.value.length, element.value.length); }
  catch { getSelection().selectAllChildren(element); getSelection().collapseToEnd(); }
}"""


@dataclass(frozen=True)
class Actions:
    """One attempt at one step.

    `deadline` is in the event loop's time, `limit` the same in seconds from the step's begin. What
    a result shows of the step is added to `document`. All methods raise CheckFailed or Playwright's
    Error.
    """

    session: Session
    variables: Variables
    document: Json
    deadline: float
    limit: float

    @property
    def page(self) -> Page:
        """The active tab."""
        return self.session.page

    async def perform(self, kind: str, params: Json) -> None:
        """Do what the step says."""
        if kind not in _OPENING:
            with contextlib.suppress(PlaywrightTimeout):
                await self.page.wait_for_load_state("load", timeout=self._left(_LOADING) * 1000)
        if params.get("element"):
            self.document["element_description"] = description(params["element"])
        if kind.startswith("assert"):
            await self._assert(kind, params)
        elif kind.startswith("extract"):
            await self._extract(kind, params)
        elif params.get("element"):
            await self._on_element(kind, params)
        else:
            await self._on_page(kind, params)

    async def go_to(self, url: str) -> None:
        """Open a URL in the active tab."""
        self.document["value"] = mask_userinfo(url)
        try:
            parts = urlsplit(url)
            known = parts.scheme in {"http", "https"} and parts.hostname
        except ValueError:
            known = None
        if not known:
            raise CheckFailed("INVALID_URL", f"{mask_userinfo(url)!r} is not an http(s) URL")
        try:
            response = await self._loaded(lambda left: self.page.goto(url, timeout=left))
        except Error as error:
            if "Download is starting" in str(error):
                return
            raise failure_of(error, "OPEN_URL") from None
        if response is not None and response.status >= 400:
            self.document["warnings"].append(
                {"type": "http_status", "message": f"The page answered {response.status}."}
            )

    async def measure_interactive(self) -> None:
        """Add the approximate time in ms from which the page that was opened could be used."""
        await self._until(self._interactive)

    async def _interactive(self) -> None:
        self.document["time_to_interactive"] = await self.page.evaluate(_TIME_TO_INTERACTIVE)

    async def _loaded(self, load: Callable[[float], Awaitable[Response | None]]) -> Response | None:
        """The page's answer to `load`, which is given the time that is left in ms.

        Chromium cuts a load off when this machine's own network changes, as it does whenever a
        container comes or goes. That says nothing of the page, so the load is begun again.
        """
        while True:
            try:
                return await load(self._left() * 1000)
            except PlaywrightTimeout:
                raise timed_out(self.limit) from None
            except Error as error:
                if "net::ERR_NETWORK_CHANGED" not in str(error):
                    raise

    # ---- steps without an element ---------------------------------------------------------------

    async def _on_page(self, kind: str, params: Json) -> None:
        match kind:
            case "goToUrl":
                await self.go_to(self._value(params))
            case "goToUrlAndMeasureTti":
                await self.go_to(self._value(params))
                await self.measure_interactive()
            case "goToEmailLink":
                found: list[str] = []
                wanted = self._value(params)
                await self._until(lambda: self._mail_links(wanted, found))
                await self.go_to(found[-1])
            case "refresh":
                await self._loaded(lambda left: self.page.reload(timeout=left))
            case "wait":
                self.document["value"] = params["value"]
                await asyncio.sleep(number(params["value"]) or 0)
            case "pressKey":
                keys = "+".join([*(params.get("modifiers") or []), self._value(params)])
                try:
                    await self.page.keyboard.press(keys)
                except Error as error:
                    raise failure_of(error, "PRESS_KEY") from None
            case "scroll":
                await self.page.evaluate("([x, y]) => window.scrollBy(x, y)", _distance(params))
            case _:
                raise NotImplementedError(kind)

    # ---- steps with an element ------------------------------------------------------------------

    async def _on_element(self, kind: str, params: Json) -> None:
        while True:
            element = await self._element(params["element"])
            try:
                await self._act(kind, params, element, self._left(_SLICE) * 1000)
            except Error as error:
                if browser_is_gone(error):
                    raise
                again = isinstance(error, PlaywrightTimeout) or "not attached" in str(error)
                if again and self._left() > 0.1:
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
                await element.select_option(self._value(params), timeout=milliseconds)
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
        text = self._value(params)
        if not await element.is_editable():
            await element.wait_for_element_state("editable", timeout=milliseconds)
        if params.get("appendToContent"):
            await element.scroll_into_view_if_needed(timeout=milliseconds)
            await element.evaluate(_CARET_TO_END)
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
                "buffer": one["content"].encode(),
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

    # ---- assertions -----------------------------------------------------------------------------

    async def _assert(self, kind: str, params: Json) -> None:
        match kind:
            case "assertElementPresent":
                await self._element(params["element"])
            case "assertElementContent" | "assertElementAttribute":
                await self._until(lambda: self._element_compares(params))
            case "assertCurrentUrl":
                await self._until(lambda: self._compares(params, self.page.url))
            case "assertPageContains":
                await self._until(lambda: self._page_text(params, there=True))
            case "assertPageLacks":
                await self._until(lambda: self._page_text(params, there=False))
            case "assertFromJavascript":
                await self._until(lambda: self._javascript_holds(params))
            case "assertRequests":
                with contextlib.suppress(PlaywrightTimeout):
                    await self.page.wait_for_load_state(
                        "networkidle", timeout=self._left(_QUIET) * 1000
                    )
                await self._until(lambda: self._requests_count(params["requests"]))
            case "assertEmail":
                await self._until(lambda: self._mail_came(params["email"]))
            case "assertFileDownload":
                await self._until(lambda: self._downloaded(params["file"]))
            case _:
                raise NotImplementedError(kind)

    async def _element_compares(self, params: Json) -> CheckFailed | None:
        element = await self._element(params["element"])
        if "attribute" not in params:
            return await self._compares(params, await element.evaluate(_CONTENT))
        name = self.variables.fill(params["attribute"])
        actual = await element.get_attribute(name)
        if actual is None:
            return CheckFailed("ASSERTION_FAILURE", f"The element has no attribute {name!r}.")
        return await self._compares(params, actual)

    async def _compares(self, params: Json, actual: str) -> CheckFailed | None:
        check, wanted = params["check"], self._value(params)
        _not_of_every_text(check, wanted)
        holds = await asyncio.to_thread(CHECKS[check], actual, wanted)
        shown = {"check_type": check, "actual": _cut(actual), "expected": _cut(wanted)}
        self.document["assertion_result"] = shown
        if holds:
            return None
        return CheckFailed("ASSERTION_FAILURE", f"{_cut(actual)!r} {check} {_cut(wanted)!r}: no.")

    async def _page_text(self, params: Json, *, there: bool) -> CheckFailed | None:
        wanted = _not_empty(self._value(params))
        texts = [
            await frame.evaluate(_PAGE_TEXT)
            for frame in self.page.frames
            if not frame.is_detached() and (frame is self.page.main_frame or frame.url)
        ]
        if any(wanted in text for text in texts) is there:
            return None
        lacks = "does not contain" if there else "contains"
        return CheckFailed("ASSERTION_FAILURE", f"The page {lacks} {_cut(wanted)!r}.")

    async def _javascript_holds(self, params: Json) -> CheckFailed | None:
        if await self._javascript(params, "(result) => Boolean(result)"):
            return None
        return CheckFailed("ASSERTION_FAILURE", "The code did not return a true value.")

    async def _requests_count(self, wanted: Json) -> CheckFailed | None:
        url, count = _not_empty(self.variables.fill(wanted["url"])), wanted["count"]
        actual = sum(url in one for one in self.session.requests)
        if counts(actual, count, self.variables.fill):
            return None
        return CheckFailed(
            "ASSERTION_FAILURE",
            f"{actual} requests to {_cut(url)!r}, wanted {in_words(count)}.",
        )

    async def _mail_came(self, email: Json) -> CheckFailed | None:
        wanted = filled(email, self._filled)
        for check, value in wanted.values():
            _not_of_every_text(check, value)
        problems = []
        for mail in self.variables.mails():
            problem = await asyncio.to_thread(problem_of, mail, wanted)
            if problem is None:
                return None
            problems.append(problem)
        if not problems:
            return CheckFailed("ASSERTION_FAILURE", _NO_MAIL)
        return CheckFailed(
            "ASSERTION_FAILURE",
            f"Of {len(problems)} mails none is as wanted. The latest: {_cut(problems[0])}.",
        )

    async def _mail_links(self, wanted: str, found: list[str]) -> CheckFailed | None:
        """Find the one link in the latest mail that has any."""
        mails = self.variables.mails()
        links = next(filter(None, (links_of(mail, wanted) for mail in mails)), [])
        if len(links) == 1:
            found += links
            return None
        problem = f"{len(links)} links of the mail match." if mails else _NO_MAIL
        return CheckFailed("NAVIGATE_TO_LINK", problem)

    async def _downloaded(self, wanted: Json) -> CheckFailed | None:
        problems = [
            problem
            for one in self.session.downloads
            if (problem := await self._download_problem(one, wanted)) is not None
        ]
        if len(problems) < len(self.session.downloads):
            return None
        reason = "; ".join(problems) or "no file was downloaded"
        return CheckFailed("ASSERTION_FAILURE", _cut(f"No such download: {reason}."))

    async def _download_problem(self, download: Download, wanted: Json) -> str | None:
        """Why a download is not the one that is wanted, or None."""
        name = download.suggested_filename
        if reason := await download.failure():
            return f"{name}: {reason}"
        path = await download.path()
        if (check := wanted.get("nameCheck")) and not CHECKS[check["type"]](
            name, self._filled(check.get("value"))
        ):
            return f"{name}: its name {check['type']} {check.get('value')!r} does not hold"
        size = path.stat().st_size
        if size > _LARGEST_DOWNLOAD:
            raise CheckFailed(
                "DOWNLOAD_FILE_TOO_LARGE", f"{name} is over {_LARGEST_DOWNLOAD} bytes."
            )
        content = await asyncio.to_thread(path.read_bytes)
        if (check := wanted.get("sizeCheck")) and not counts(size, check, self.variables.fill):
            return f"{name}: {size} bytes, wanted {in_words(check)}"
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if wanted.get("md5") and md5 != self.variables.fill(wanted["md5"]).lower():
            return f"{name}: its MD5 is {md5}"
        return None

    # ---- extraction -----------------------------------------------------------------------------

    async def _extract(self, kind: str, params: Json) -> None:
        found: list[str] = []
        look = {
            "extractVariable": self._from_element,
            "extractFromJavascript": self._from_javascript,
            "extractFromEmailBody": self._from_mail,
        }[kind]
        await self._until(lambda: look(params, found))
        variable = params["variable"]
        name, value = variable["name"], found[-1]
        self.variables.values[name] = value
        if variable.get("secure"):
            self.variables.secrets.add(value)
        self.document["extracted_value"] = {
            "name": name,
            "value": _cut(value),
            "secure": bool(variable.get("secure")),
        }

    async def _from_element(self, params: Json, found: list[str]) -> CheckFailed | None:
        element = await self._element(params["element"])
        content = await element.evaluate(_CONTENT)
        if not (pattern := params.get("pattern")):
            found.append(content)
            return None
        try:
            compiled = compile_javascript(self.variables.fill(pattern["value"]))
            value = await asyncio.to_thread(compiled.extracted_from, content)
        except (ValueError, MatchTimeout) as error:
            raise CheckFailed("INVALID_VARIABLE_PATTERN", str(error)) from None
        if value is None:
            return CheckFailed("EXTRACT_VARIABLE", "The pattern is not in the element's content.")
        found.append(value)
        return None

    async def _from_mail(self, params: Json, found: list[str]) -> CheckFailed | None:
        kind, pattern = params["pattern"]["type"], self.variables.fill(params["pattern"]["value"])
        mails = self.variables.mails()
        try:
            for mail in mails:
                value = await asyncio.to_thread(value_of, mail, kind, pattern)
                if value is not None:
                    found.append(value)
                    return None
        except (ValueError, MatchTimeout) as error:
            raise CheckFailed("INVALID_VARIABLE_PATTERN", str(error)) from None
        problem = "The pattern is in no mail that came." if mails else _NO_MAIL
        return CheckFailed("EXTRACT_VARIABLE", problem)

    async def _from_javascript(self, params: Json, found: list[str]) -> CheckFailed | None:
        value = await self._javascript(params, "(result) => result ?? null")
        if value is None:
            return CheckFailed("EXTRACT_VARIABLE", "The code returned no value.")
        found.append(as_text(value))
        return None

    async def _javascript(self, params: Json, convert: str) -> Any:
        """Run the code of a step, with `vars` and `element`, and convert what it returns."""
        body = f"async (element, vars) => {{\n{params['code']}\n}}"
        values = dict(self.variables.values)
        try:
            if params.get("element"):
                element = await self._element(params["element"])
                return await element.evaluate(
                    f"async (element, vars) => ({convert})(await ({body})(element, vars))", values
                )
            return await self.page.evaluate(
                f"async (vars) => ({convert})(await ({body})(undefined, vars))", values
            )
        except Error as error:
            if "context was destroyed" in str(error):
                raise
            raise failure_of(error, "EVALUATE_JAVASCRIPT") from None

    # ---- time -----------------------------------------------------------------------------------

    async def _until(self, look: Callable[[], Awaitable[CheckFailed | None]]) -> None:
        """Look until nothing is wrong any more. Raises what is wrong at the deadline."""
        while True:
            problem: Exception | None
            try:
                problem = await look()
            except Error as error:
                if browser_is_gone(error):
                    raise
                problem = error  # the page changed while it was read
            if problem is None:
                return
            if self._left() <= _LEAST:
                raise problem
            await asyncio.sleep(_PAUSE)

    async def _element(self, element: Json) -> ElementHandle:
        found = await locate(self.page, element, self.variables, self.deadline)
        if found is None:
            raise CheckFailed(
                "LOCATE_ELEMENT", f"Cannot locate element {_cut(description(element))!r}."
            )
        return found

    def _left(self, most: float | None = None) -> float:
        """The seconds until the deadline, and `most` at most; never 0, which is no limit."""
        left = max(self.deadline - asyncio.get_running_loop().time(), _LEAST)
        return left if most is None else min(left, most)

    def _value(self, params: Json) -> str:
        value = self._filled(params.get("value"))
        self.document["value"] = value
        return value

    def _filled(self, value: Any) -> str:
        return self.variables.fill("" if value is None else as_text(value))


async def _click(params: Json, element: ElementHandle, milliseconds: float) -> None:
    if params.get("clickWithJavascript"):
        await element.evaluate("(element) => element.click()")
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
            return failure_of(error, "ELEMENT_NOT_INTERACTABLE")
        return CheckFailed("SELECT_OPTION", "The element has no such option, or it is disabled.")
    if kind == "uploadFiles":
        return failure_of(error, "UPLOAD_FILES_ELEMENT_TYPE")
    return failure_of(error, "ELEMENT_NOT_INTERACTABLE")


def _not_of_every_text(check: str, wanted: str) -> None:
    if check in HOLD_OF_EMPTY:
        _not_empty(wanted)


def _not_empty(wanted: str) -> str:
    if not wanted:
        raise InvalidTest("The value is empty, and every text holds that: nothing would be proved.")
    return wanted


def _distance(params: Json) -> list[float]:
    return [number(params.get(axis) or 0) or 0 for axis in ("x", "y")]


def _delay(options: Json) -> float:
    """The delay of a step, from milliseconds to seconds."""
    return (number(options.get("delay") or 0) or 0) / 1000


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
