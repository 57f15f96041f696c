"""Browser tests, and the steps that they are made of."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Play = Callable[..., Json]
GOOD_SUB_TEST, BAD_SUB_TEST = "sub-goo-dog", "sub-bad-cat"
_numbers = itertools.count(100)


def browser_test(url: str, *steps: Json, **parts: Any) -> Json:
    """A browser test; `parts` join its config or, by their own names, the whole."""
    options = parts.pop("options", {})
    request = {"method": "GET", "url": url, **parts.pop("request", {})}
    return {
        "public_id": f"brw-tst-{next(_numbers)}",
        "type": "browser",
        "name": "kennel",
        "tags": [],
        "locations": ["aws:eu-central-1"],
        "config": {"request": request, "assertions": [], **parts},
        "options": {"device_ids": ["laptop_large"], **options},
        "steps": list(steps),
    }


def css(selector: str) -> Json:
    """An element by the user's own CSS selector."""
    values = [{"type": "css", "value": selector}]
    return {"userLocator": {"failTestOnCannotLocate": True, "values": values}}


def step(kind: str, *, seconds: float = 20, flow: Json | None = None, **params: Any) -> Json:
    """A step; `flow`: what it has beside its params."""
    return {"type": kind, "name": kind, "timeout": seconds, "params": params, **(flow or {})}


def says(text: str, seconds: float = 20) -> Json:
    """The page's output is this text."""
    return step(
        "assertElementContent",
        seconds=seconds,
        element=css("#said"),
        check="equals",
        value=text,
    )


HAS_HEADING = step("assertElementPresent", element=css("h1, ul"))
