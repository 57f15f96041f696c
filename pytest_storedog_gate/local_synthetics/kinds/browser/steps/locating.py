"""Finding the element of a step.

Datadog does not publish how it weighs a multiLocator; this is an approximation, and a strict one.
A `ro` that names an id decides alone, unless it points to many. Otherwise the element wins that
most of the locators point to, and more than half of those that can be read must point to it.
"""

from __future__ import annotations

import asyncio
import contextlib
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

_FIND = """
({user, strict, multi, telling}) => {
  const roots = [document];
  for (let index = 0; index < roots.length; index++)
    for (const one of roots[index].querySelectorAll('*'))
      if (one.shadowRoot) roots.push(one.shadowRoot);
  const byXPath = (expression) => roots.flatMap((root) => {
    const inside = expression.replace(
      /^(\\(?)(?:\\/\\/|\\/descendant::)/, '$1descendant-or-self::');
    const starts = root === document ? [[document, expression]]
      : inside === expression ? []  // an absolute path leads into no shadow root
      : [...root.children].map((child) => [child, inside]);
    return starts.flatMap(([start, path]) => {
      const found = document.evaluate(path, start, null, 7, null);
      return Array.from({length: found.snapshotLength}, (_, at) => found.snapshotItem(at));
    });
  }).filter((one) => one instanceof Element);
  const byCss = (selector) => roots.flatMap((root) => [...root.querySelectorAll(selector)]);
  const problems = [];
  let readable = 0;
  const all = (type, value) => {
    try {
      const found = [...new Set(type === 'css' ? byCss(value) : byXPath(value))];
      readable += 1;
      return found;
    } catch (error) { problems.push(error.message); return null; }
  };
  const shown = (one) => one.getClientRects().length > 0;
  const first = (found) => found.find(shown) ?? found[0] ?? null;
  for (const {type, value} of user) {
    const found = all(type, value);
    if (found?.length) return first(found);
  }
  const votes = new Map();
  const ofUser = readable;
  for (const [key, value] of user.length && strict ? [] : multi) {
    const found = all('xpath', value);
    if (found === null) continue;
    const decides = key === 'ro' && value.includes('@id=') && found.length < 2;
    if (decides && !telling) return found[0] ?? null;
    // One that points to many points to none.
    if (found.length === 1) votes.set(found[0], (votes.get(found[0]) ?? 0) + 1);
  }
  if (problems.length && !readable) throw new Error('UNREADABLE ' + problems[0]);
  const best = Math.max(0, ...votes.values());
  const most = [...votes].find(([, count]) => count === best)?.[0] ?? null;
  const asked = readable - ofUser;
  if (telling) return most && {tag: most.cloneNode(false).outerHTML, votes: best, asked};
  return best * 2 > asked ? most : null;
}
"""


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
