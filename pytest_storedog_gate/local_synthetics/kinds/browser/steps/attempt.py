"""One attempt at one step: the element that it works on, and the time that it has."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from playwright.async_api import Error

from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.local_synthetics.kinds.browser import failing
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.checks import wanted_text
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.params import XPATHS, description
from pytest_storedog_gate.secrets.masking import CUT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import ElementHandle, Frame, Page

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.kinds.browser.session import Session
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

T = TypeVar("T")
_LEAST = 0.001  # s
_PAUSE = 0.1  # s between two looks
_SHOWN = 1000  # characters of a value in a result
_CONTENT = """(element) =>
  (element.matches('input, textarea, select') ? element.value
    : element.innerText ?? element.textContent ?? '').trim()"""
_UNREADABLE = "UNREADABLE "
_SLOW_FRAME = 2  # s that a frame which is still loading may hold up the others

_FIND = Path(__file__).with_name("find.js").read_text(encoding="utf-8")


@dataclass
class StepAttempt:
    """One attempt at one step, which begins now.

    `limit` is in seconds, `deadline` the same in the event loop's time. What a result shows of the
    step is added to `document`. All methods raise CheckFailed or Playwright's Error.
    """

    session: Session
    variables: Variables
    document: Json
    limit: float

    def __post_init__(self) -> None:
        self.deadline = asyncio.get_running_loop().time() + self.limit

    @property
    def page(self) -> Page:
        """The active tab."""
        return self.session.page

    async def until(self, look: Callable[[], Awaitable[T | CheckFailed]]) -> T:
        """Look until nothing is wrong any more. Raises what is wrong at the deadline."""
        while True:
            problem: T | Exception
            try:
                problem = await look()
            except Error as error:
                if failing.browser_is_gone(error):
                    raise
                problem = error  # the page changed while it was read
            if not isinstance(problem, Exception):
                return problem
            if self.left() <= _LEAST:
                raise problem
            await asyncio.sleep(_PAUSE)

    async def element(self, element: Json) -> ElementHandle:
        """The element that a step names, in any frame or open shadow root, as soon as it is there.

        Raises CheckFailed at once where no locator can be read.
        """
        page, wanted = self.page, self._wanted(element)
        while (found := await _located(page, wanted)) is None:
            if self.left() <= _LEAST:
                problem = f"Cannot locate element {self.cut(description(element))!r}."
                raise CheckFailed(
                    "LOCATE_ELEMENT", problem + await self._nearly_located(page, wanted)
                )
            await asyncio.sleep(_PAUSE)
        if element.get("multiLocator"):
            tag = await found.evaluate("(element) => element.cloneNode(false).outerHTML")
            self.document["element_description"] = self.cut(tag)
        return found

    def _wanted(self, element: Json) -> Json:
        user, multi = element.get("userLocator") or {}, element.get("multiLocator") or {}
        fill = self.variables.fill
        return {
            "user": [
                {"type": one["type"], "value": fill(one["value"])}
                for one in user.get("values") or []
            ],
            "strict": bool(user.get("failTestOnCannotLocate")),
            "multi": [[key, fill(multi[key])] for key in XPATHS if multi.get(key)],
        }

    async def _nearly_located(self, page: Page, wanted: Json) -> str:
        """A sentence on the element that most locators point to, though not enough of them."""
        for frame in page.frames:
            with contextlib.suppress(Error, TimeoutError):
                async with asyncio.timeout(_SLOW_FRAME):
                    if near := await frame.evaluate(_FIND, {**wanted, "telling": True}):
                        which = f"{near['votes']} of its {near['asked']} locators"
                        return f" Most point to {self.cut(near['tag'])!r}: {which}."
        return ""

    def cut(self, text: str) -> str:
        """What a result shows of a text; masked before, as a secret is not found in parts."""
        shown: str = self.variables.masked(text)
        return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + CUT

    def left(self, most: float | None = None) -> float:
        """The seconds until the deadline, and `most` at most; never 0, which is no limit."""
        left = max(self.deadline - asyncio.get_running_loop().time(), _LEAST)
        return left if most is None else min(left, most)

    def value(self, params: Json) -> str:
        """The step's value, which its result shows."""
        value = self.filled(params.get("value"))
        self.document["value"] = value
        return value

    def filled(self, value: Any) -> str:
        """A value of the step as text, with the variables in it replaced."""
        return wanted_text(value, self.variables.fill)

    async def javascript(self, params: Json, convert: str) -> Any:
        """Run the code of a step, with `vars` and `element`, and convert what it returns."""
        body = f"async (element, vars) => {{\n{params['code']}\n}}"
        values = dict(self.variables.values)
        try:
            if params.get("element"):
                element = await self.element(params["element"])
                return await element.evaluate(
                    f"async (element, vars) => ({convert})(await ({body})(element, vars))", values
                )
            return await self.page.evaluate(
                f"async (vars) => ({convert})(await ({body})(undefined, vars))", values
            )
        except Error as error:
            if "context was destroyed" in str(error):
                raise
            raise failing.browser_failure(error, "EVALUATE_JAVASCRIPT") from None


async def content_of(element: ElementHandle) -> str:
    """What a person reads there: a field's value, else the text."""
    return str(await element.evaluate(_CONTENT))


async def _located(page: Page, wanted: Json) -> ElementHandle | None:
    for frame in page.frames:
        if found := await _in_frame(frame, wanted, main=frame is page.main_frame):
            return found
    return None


async def _in_frame(frame: Frame, wanted: Json, *, main: bool) -> ElementHandle | None:
    try:
        async with asyncio.timeout(None if main else _SLOW_FRAME):
            handle = await frame.evaluate_handle(_FIND, wanted)
            return handle.as_element()
    except TimeoutError:
        if main:
            raise
    except Error as error:
        if _UNREADABLE in str(error):
            reason = str(error).partition(_UNREADABLE)[2].partition("\n")[0]
            raise CheckFailed("LOCATE_ELEMENT", f"The locator cannot be read: {reason}") from None
        # A frame that navigates has no document for a moment.
        if main and failing.browser_is_gone(error):
            raise
    return None
