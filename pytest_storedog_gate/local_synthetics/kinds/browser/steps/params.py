"""The params of each type of step of a browser test, and what in them is not supported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.assertions.operators import number
from pytest_storedog_gate.local_synthetics.kinds.browser.steps import checks
from pytest_storedog_gate.local_synthetics.kinds.common import allowed
from pytest_storedog_gate.local_synthetics.kinds.http.bodies import content_of, unsupported_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

XPATHS = ("ro", "at", "clt", "cl", "ab")
"""The keys of a multiLocator that hold XPath, from robust to brittle."""
LONGEST_STEP = 300  # s, Datadog's
_MODIFIERS = {"Alt", "Control", "Meta", "Shift"}
_MOST_FILES, _LARGEST_FILE = 10, 5 * 1024 * 1024
PARAMS: Mapping[str, tuple[str, str]] = {
    "goToUrl": ("value", ""),
    "goToUrlAndMeasureTti": ("value", ""),
    "goToEmailLink": ("", "value"),
    "refresh": ("", ""),
    "wait": ("value", ""),
    "click": ("element", "clickType clickWithJavascript"),
    "hover": ("element", ""),
    "typeText": ("element value", "delay appendToContent"),
    "selectOption": ("element value", ""),
    "pressKey": ("value", "modifiers"),
    "scroll": ("", "x y element"),
    "drag": ("element", "options"),
    "drop": ("element", "options"),
    "uploadFiles": ("element files", "withClick"),
    "assertElementPresent": ("element", ""),
    "assertElementContent": ("element check", "value"),
    "assertElementAttribute": ("element attribute check", "value"),
    "assertCurrentUrl": ("check", "value"),
    "assertPageContains": ("value", ""),
    "assertPageLacks": ("value", ""),
    "assertFromJavascript": ("code", "element"),
    "assertRequests": ("requests", ""),
    "assertEmail": ("email", ""),
    "assertFileDownload": ("file", ""),
    "extractVariable": ("element variable", "pattern"),
    "extractFromEmailBody": ("pattern variable", ""),
    "extractFromJavascript": ("code variable", "element"),
    "playSubTest": ("subtestPublicId", "playingTabId subtest"),
    "runApiTest": ("request", ""),
}
"""By type of step the params that it needs, and those that it may have."""


def description(element: Json) -> str:
    """How a result names an element."""
    values = (element.get("userLocator") or {}).get("values") or []
    if values:
        return str(values[0]["value"])
    multi = element.get("multiLocator") or {}
    own = element.get("targetOuterHTML")
    return str(own or next(multi[key] for key in XPATHS if multi.get(key)))


def unsupported_params(kind: str, params: Json) -> list[str]:
    """Name what in the params of a step of that type, where none is missing, is not supported."""
    problems = []
    if params.get("element") is not None:
        problems += _unsupported_element(params["element"])
    if kind == "wait":
        problems += allowed.seconds_up_to(LONGEST_STEP, params["value"], "params.value")
    elif "check" not in params and not isinstance(params.get("value") or "", str | int | float):
        problems.append("params.value must be a string or a number")
    problems += [
        f"params.{key} must be a string"
        for key in ("code", "attribute")
        if not isinstance(params.get(key, ""), str)
    ]
    if "check" in params:
        problems += checks.unsupported_check(params["check"], params.get("value"))
    if "variable" in params and not (
        isinstance(params["variable"], dict) and isinstance(params["variable"].get("name"), str)
    ):
        problems.append("params.variable must be an object with a name")
    look = _DETAILS.get(kind)
    return problems + (look(params) if look else [])


def _unsupported_element(element: Any) -> list[str]:
    if not isinstance(element, dict):
        return ["params.element must be an object"]
    user, multi = element.get("userLocator") or {}, element.get("multiLocator") or {}
    if not isinstance(user, dict) or not isinstance(multi, dict):
        return ["params.element: userLocator and multiLocator must be objects"]
    values = user.get("values") or []
    if not isinstance(values, list) or not all(
        isinstance(one, dict)
        and one.get("type") in ("css", "xpath")
        and isinstance(one.get("value"), str)
        for one in values
    ):
        return ["params.element.userLocator.values must be of type css or xpath, each with a value"]
    if not all(isinstance(value, str) for value in multi.values()):
        return ["params.element.multiLocator must be an object of strings"]
    if not values and not any(multi.get(key) for key in XPATHS):
        return ["Missing locator. Either a UserLocator or a MultiLocator need to be provided."]
    return []


def unsupported_tab(params: Json) -> list[str]:
    """Refuse a sub-test in another tab than the main one or a new one."""
    known = params.get("playingTabId", 0) in (-1, 0)
    problem = "params.playingTabId: only 0 (the main tab) and -1 (a new one) are supported"
    return [] if known else [problem]


def _unsupported_click(params: Json) -> list[str]:
    click = params.get("clickType") or "primary"
    known = click in ("primary", "double", "contextual")
    return [] if known else [f"params.clickType {click!r} is not supported"]


def _unsupported_keys(params: Json) -> list[str]:
    modifiers = params.get("modifiers") or []
    known = isinstance(modifiers, list) and all(str(one) in _MODIFIERS for one in modifiers)
    return [] if known else [f"params.modifiers must be of {', '.join(sorted(_MODIFIERS))}"]


def _unsupported_drag(params: Json) -> list[str]:
    options = params.get("options") or {}
    if not isinstance(options, dict):
        return ["params.options must be an object"]
    offset = options.get("offset") or {}
    if not isinstance(offset, dict) or offset.keys() - {"x", "y"}:
        return ["params.options.offset must be an object of x and y"]
    return [
        *_unsupported_numbers(options, "delay"),
        *_unsupported_numbers(offset, "x", "y"),
    ]


def _unsupported_requests(params: Json) -> list[str]:
    wanted = params["requests"]
    if not isinstance(wanted, dict) or not isinstance(wanted.get("url"), str):
        return ["params.requests must be an object with a url"]
    return checks.unsupported_count("params.requests.count", wanted.get("count"))


def _unsupported_numbers(params: Json, *keys: str) -> list[str]:
    return [
        f"params.{key} must be a number" for key in keys if number(params.get(key) or 0) is None
    ]


def _unsupported_pattern(params: Json) -> list[str]:
    pattern = params.get("pattern")
    if pattern and isinstance(pattern, dict) and pattern.get("type") == "x_path":
        return ["params.pattern: of an element only the type regex is supported"]
    return checks.unsupported_pattern(pattern) if pattern else []


def _unsupported_files(files: Any) -> list[str]:
    if problems := unsupported_files(files, "params.files"):
        return problems
    if not 0 < len(files) <= _MOST_FILES:
        return [f"params.files must be 1 to {_MOST_FILES} files"]
    return [
        f"params.files[{index}] is over {_LARGEST_FILE} bytes"
        for index, file in enumerate(files)
        if len(content_of(file)) > _LARGEST_FILE
    ]


def _unsupported_download(file: Any) -> list[str]:
    if not isinstance(file, dict):
        return ["params.file must be an object"]
    problems = allowed.text(file, "md5", "params.file")
    if file.get("nameCheck"):
        problems += checks.unsupported_typed("params.file.nameCheck", file["nameCheck"])
    if file.get("sizeCheck"):
        problems += checks.unsupported_count("params.file.sizeCheck", file["sizeCheck"])
    return problems


_DETAILS: Mapping[str, Callable[[Json], list[str]]] = {
    "click": _unsupported_click,
    "typeText": lambda params: _unsupported_numbers(params, "delay"),
    "scroll": lambda params: _unsupported_numbers(params, "x", "y"),
    "pressKey": _unsupported_keys,
    "drag": _unsupported_drag,
    "drop": _unsupported_drag,
    "uploadFiles": lambda params: _unsupported_files(params["files"]),
    "assertRequests": _unsupported_requests,
    "assertEmail": lambda params: checks.unsupported_email(params["email"]),
    "extractVariable": _unsupported_pattern,
    "extractFromEmailBody": lambda params: checks.unsupported_pattern(params["pattern"]),
    "assertFileDownload": lambda params: _unsupported_download(params["file"]),
}
