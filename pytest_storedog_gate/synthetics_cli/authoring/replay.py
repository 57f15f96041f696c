"""What a person did in a browser as the steps of a browser test.

Playwright's recorder tells elements by selectors of its own. So the session is done once more, and
each element asked for an XPath, which browser tests have.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.local_synthetics.chromium.loading import loaded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.async_api import Locator, Page

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json


_TIMEOUT = 20  # s of a step
_SILENT = ("openPage", "closePage", "hover")
_CLICKS = {"left": "primary", "right": "contextual"}
_DOUBLE = 2
# The shortest way that leads to the element alone: its id, a name, its text, else its place.
_LOCATED = r"""
(element) => {
  const quoted = (text) => text.includes('"')
    ? `concat("${text.split('"').join(`", '"', "`)}")` : `"${text}"`;
  const alone = (path) => {
    const found = document.evaluate(path, document, null, 7, null);
    return found.snapshotLength === 1 && found.snapshotItem(0) === element;
  };
  const tag = element.localName;
  const said = (element.innerText || "").trim().replace(/\s+/g, " ");
  const named = ["id", "data-testid", "name", "aria-label", "placeholder"]
    .filter((name) => element.getAttribute(name))
    .map((name) => `//*[@${name}=${quoted(element.getAttribute(name))}]`);
  if (said && said.length <= 60) named.push(`//${tag}[normalize-space()=${quoted(said)}]`);
  const place = (one) => {
    if (!one.parentElement) return `/${one.localName}`;
    const same = [...one.parentElement.children].filter((of) => of.localName === one.localName);
    return `${place(one.parentElement)}/${one.localName}[${same.indexOf(one) + 1}]`;
  };
  const label = said.slice(0, 60) || element.getAttribute("aria-label")
    || (element.labels && element.labels[0] && element.labels[0].innerText.trim())
    || element.getAttribute("name") || element.id || "";
  return {
    path: named.find(alone) || place(element),
    name: `${tag} ${JSON.stringify(label)}`,
    secret: element.type === "password",
  };
}
"""


@dataclass
class Steps:
    """Those of a test, and the values of the variables that stand for what is secret in them."""

    made: list[Json] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str, name: str, **params: Any) -> None:
        """Adds a step."""
        self.made.append({"type": kind, "name": name, "timeout": _TIMEOUT, "params": params})


async def replayed(page: Page, actions: Sequence[Json]) -> Steps:
    """The steps of what was done after the start URL was opened, which `page` shows.

    Raises ConfigurationError for what browser tests have no step for, and Playwright's Error where
    the session cannot be repeated.
    """
    steps = Steps()
    told = [one for one in actions if one["name"] not in _SILENT]
    for number, action in enumerate(told):
        if action["name"] == "navigate":
            if number:  # else it is the start URL
                steps.add("goToUrl", f"Go to {action['url']}", value=action["url"])
                await loaded(partial(page.goto, action["url"]))
            continue
        following = told[number + 1] if number + 1 < len(told) else {}
        same = following.get("selector") == action.get("selector")
        if action["name"] == "click" and following.get("name") in ("fill", "select") and same:
            continue  # a person's way into a field
        await _act(page.locator(action["selector"]), action, steps)
    return steps


async def _act(locator: Locator, action: Json, steps: Steps) -> None:
    kind = action["name"]
    found: Json = await locator.evaluate(_LOCATED)
    values = [{"type": "xpath", "value": found["path"]}]
    element = {"userLocator": {"failTestOnCannotLocate": True, "values": values}}
    if kind in ("press", "click") and action.get("modifiers"):
        raise _no_step(f"{kind} with Alt, Control, Meta or Shift")
    match kind:
        case "click" if action["button"] in _CLICKS:
            double = action["clickCount"] == _DOUBLE
            how = "double" if double else _CLICKS[action["button"]]
            steps.add("click", f"Click {found['name']}", element=element, clickType=how)
            await locator.click(button=action["button"], click_count=action["clickCount"])
        case "check" | "uncheck":
            steps.add("click", f"Click {found['name']}", element=element)
            await locator.click()
        case "fill":
            value = action["text"]
            if found["secret"]:
                name = f"PASSWORD_{len(steps.secrets) + 1}"
                steps.secrets[name], value = value, f"{{{{ {name} }}}}"
            steps.add("typeText", f"Type into {found['name']}", element=element, value=value)
            await locator.fill(action["text"])
        case "select" if len(action["options"]) == 1:
            (option,) = action["options"]
            steps.add("selectOption", f"Choose {option}", element=element, value=option)
            await locator.select_option(option)
        case "press":
            steps.add("pressKey", f"Press {action['key']}", value=action["key"])
            await locator.press(action["key"])
        case _:
            raise _no_step(kind)


def _no_step(what: str) -> ConfigurationError:
    return ConfigurationError(
        f"the recording has {what}, for which browser tests have no step: record it without"
    )
