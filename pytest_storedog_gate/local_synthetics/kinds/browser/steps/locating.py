"""Finding the element of a step.

Datadog does not publish how it weighs a multiLocator; this is an approximation, and a strict one.
A `ro` that names an id decides alone, unless it points to many. Otherwise the element wins that
most of the locators point to, and more than half of those that can be read must point to it.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.async_api import Error

from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.local_synthetics.kinds.browser.failing import browser_is_gone
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.params import XPATHS

if TYPE_CHECKING:
    from playwright.async_api import ElementHandle, Frame, Page

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_PAUSE = 0.1  # s
_UNREADABLE = "UNREADABLE "
_SLOW_FRAME = 2  # s that a frame which is still loading may hold up the others

_FIND = Path(__file__).with_name("find.js").read_text(encoding="utf-8")


async def locate(
    page: Page, element: Json, variables: Variables, deadline: float
) -> ElementHandle | None:
    """The element, in any frame or open shadow root, as soon as it is there.

    None: it was not there by `deadline`, in the event loop's time. Raises CheckFailed at once where
    no locator can be read.
    """
    wanted = _wanted(element, variables)
    loop = asyncio.get_running_loop()
    while True:
        for frame in page.frames:
            if found := await _in_frame(frame, wanted, main=frame is page.main_frame):
                return found
        if loop.time() >= deadline:
            return None
        await asyncio.sleep(_PAUSE)


async def favourite(page: Page, element: Json, variables: Variables) -> Json | None:
    """The element that most locators point to, though not enough of them, and how many they are.

    Its `tag`, the number of `votes` and that of the locators that were `asked`.
    """
    wanted = {**_wanted(element, variables), "telling": True}
    for frame in page.frames:
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(_SLOW_FRAME):
                if found := await frame.evaluate(_FIND, wanted):
                    told: Json = found
                    return told
    return None


def _wanted(element: Json, variables: Variables) -> Json:
    user, multi = element.get("userLocator") or {}, element.get("multiLocator") or {}
    return {
        "user": [
            {"type": one["type"], "value": variables.fill(one["value"])}
            for one in user.get("values") or []
        ],
        "strict": bool(user.get("failTestOnCannotLocate")),
        "multi": [[key, variables.fill(multi[key])] for key in XPATHS if multi.get(key)],
    }


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
        if main and browser_is_gone(error):
            raise
    return None
