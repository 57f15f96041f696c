"""One attempt at one step: what it works on, and the time that it has."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from playwright.async_api import Error

from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.local_synthetics.kinds.browser import failing
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.checks import wanted_text
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.locating import favourite, locate
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.params import description
from pytest_storedog_gate.secrets.masking import CUT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import ElementHandle, Page

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
        """The element of the page that a step names."""
        found = await locate(self.page, element, self.variables, self.deadline)
        if found is None:
            problem = f"Cannot locate element {self.cut(description(element))!r}."
            if near := await favourite(self.page, element, self.variables):
                which = f"{near['votes']} of its {near['asked']} locators"
                problem += f" Most point to {self.cut(near['tag'])!r}: {which}."
            raise CheckFailed("LOCATE_ELEMENT", problem)
        if element.get("multiLocator"):
            tag = await found.evaluate("(element) => element.cloneNode(false).outerHTML")
            self.document["element_description"] = self.cut(tag)
        return found

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
    content: str = await element.evaluate(_CONTENT)
    return content
