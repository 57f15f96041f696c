"""The steps of a browser test: what in them is not supported, and which variables they need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.browser.checks import (
    WITHOUT_VALUE,
    unsupported_check,
    unsupported_count,
)
from pytest_storedog_gate.local_synthetics.browser.elements import unsupported_element
from pytest_storedog_gate.local_synthetics.browser.mails import (
    KINDS,
    unsupported_email,
    unsupported_pattern,
)
from pytest_storedog_gate.local_synthetics.comparison import number
from pytest_storedog_gate.local_synthetics.definitions import Definition
from pytest_storedog_gate.local_synthetics.evaluation import STEP
from pytest_storedog_gate.local_synthetics.failures import InvalidTest
from pytest_storedog_gate.local_synthetics.flow import DEEPEST
from pytest_storedog_gate.local_synthetics.variables import placeholders

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_storedog_gate.local_synthetics.definitions import Json
    from pytest_storedog_gate.local_synthetics.kinds.protocol import Kind
    from pytest_storedog_gate.local_synthetics.variables import Variables

LONGEST_STEP = 300  # s, Datadog's
_MODIFIERS = {"Alt", "Control", "Meta", "Shift"}
_MOST_FILES, _LARGEST_FILE = 10, 5 * 1024 * 1024
_FLOW = {
    "name", "type", "params", "timeout", "allowFailure", "isCritical", "alwaysExecute",
    "exitIfSucceed", "noScreenshot", "public_id", "position", "id",
}  # fmt: skip
_SWITCHES = ("allowFailure", "isCritical", "alwaysExecute", "exitIfSucceed", "noScreenshot")
# Step type: the params that it needs, and those that it may have.
_PARAMS: Mapping[str, tuple[str, str]] = {
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
    "playSubTest": ("subtestPublicId", "playingTabId"),
    "runApiTest": ("request", ""),
}


@dataclass(frozen=True)
class Library:
    """What steps are made of: the kinds of check, and by public ID the tests to play."""

    kinds: Mapping[tuple[str, str], Kind]
    tests: Mapping[str, Definition]

    def unsupported(self, definition: Definition, depth: int = 0) -> list[str]:
        """Name each step of a browser test that would otherwise be passed over."""
        steps = definition.data.get("steps") or []
        if not isinstance(steps, list) or not all(isinstance(one, dict) for one in steps):
            return ["steps must be a list of objects"]
        if not any(self._asserts(step) for step in steps):
            return ["no step holds an assertion, so that nothing would be checked"]
        problems = [
            f"steps[{index}]: {problem}"
            for index, step in enumerate(steps)
            for problem in self._unsupported_step(step, definition, depth)
        ]
        types = [step.get("type") for step in steps]
        problems += [
            f"steps[{index}]: a drag must be followed by its drop, and a drop follows its drag"
            for index, kind in enumerate(types)
            if (kind == "drag" and [*types, None][index + 1] != "drop")
            or (kind == "drop" and (index == 0 or types[index - 1] != "drag"))
        ]
        return problems

    def check_names(self, definition: Definition, variables: Variables) -> None:
        """Raise InvalidTest for a variable that no step before gives a value.

        Sub-tests' variables get theirs.
        """
        self._check_names(definition, variables, set())

    def _check_names(self, definition: Definition, variables: Variables, given: set[str]) -> None:
        variables.adopt(definition)
        for index, step in enumerate(definition.data["steps"]):
            params = step.get("params") or {}
            if step["type"] == "playSubTest":
                self._check_names(self.tests[params["subtestPublicId"]], variables, given)
                continue
            if step["type"] in KINDS and not variables.addresses:
                raise InvalidTest(
                    f"steps[{index}]: the test has no variable of type email, or --smtp is not set"
                )
            # Code gets its values as `vars`; `{{` may be its own.
            used = placeholders({key: one for key, one in params.items() if key != "code"})
            for name in sorted(used - given):
                if not variables.knows(name):
                    raise InvalidTest(
                        f"steps[{index}]: variable {name} has no value: "
                        f"{variables.unset.get(name, 'it is not defined')}"
                    )
            if step["type"].startswith("extract"):
                given.add(params["variable"]["name"])

    def _asserts(self, step: Json) -> bool:
        kind = step.get("type")
        if not isinstance(kind, str):
            return False
        if kind == "runApiTest":
            return bool(api_assertions(step))
        return kind.startswith("assert") or kind == "playSubTest"

    def _unsupported_step(self, step: Json, test: Definition, depth: int) -> list[str]:
        kind, params = step.get("type"), step.get("params") or {}
        if not isinstance(kind, str) or not isinstance(step.get("name") or "", str):
            return ["name and type must be strings"]
        if kind not in _PARAMS:
            return [f"steps of type {kind} are not supported"]
        if not isinstance(params, dict):
            return ["params must be an object"]
        needed, optional = (set(names.split()) for names in _PARAMS[kind])
        if str(params.get("check")) in WITHOUT_VALUE:
            optional |= {"value"}
        elif "check" in needed:
            needed |= {"value"}
        problems = [
            *(f"{key} is not supported" for key, one in step.items() if key not in _FLOW and one),
            *(
                f"{key} must be true or false"
                for key in _SWITCHES
                if not isinstance(step.get(key, False), bool)
            ),
            *(f"params.{key} is missing" for key in sorted(needed - params.keys())),
            *(
                f"params.{key} is not supported in a step of type {kind}"
                for key, one in params.items()
                if key not in needed | optional and one
            ),
        ]
        timeout = number(step.get("timeout") or 0)
        if timeout is None or not 0 <= timeout <= LONGEST_STEP:
            problems.append(f"timeout must be seconds from 0 to {LONGEST_STEP}")
        if problems:
            return problems
        if kind == "playSubTest":
            return self._unsupported_sub_test(params, depth)
        if kind == "runApiTest":
            return self._unsupported_api_test(step, test)
        return _unsupported_params(kind, params)

    def _unsupported_sub_test(self, params: Json, depth: int) -> list[str]:
        public_id = params["subtestPublicId"]
        played = self.tests.get(public_id) if isinstance(public_id, str) else None
        if params.get("playingTabId", 0) not in (-1, 0):
            return ["params.playingTabId: only 0 (the main tab) and -1 (a new one) are supported"]
        if played is None:
            return [f"sub-test {public_id} is not among the service's definitions"]
        if played.type != "browser":
            return [f"sub-test {public_id} is of type {played.type}: a browser test is needed"]
        if depth == DEEPEST:
            return [f"sub-test {public_id}: sub-tests nest deeper than {DEEPEST} levels"]
        return [
            f"sub-test {public_id}: {problem}" for problem in self.unsupported(played, depth + 1)
        ]

    def _unsupported_api_test(self, step: Json, test: Definition) -> list[str]:
        request = step["params"]["request"]
        if not isinstance(request, dict) or not isinstance(request.get("config"), dict):
            return ["params.request.config must be an object"]
        config = request["config"]
        if request.get("subtype") != "http":
            return [f"params.request: API tests of type {request.get('subtype')} are not supported"]
        problems = [
            f"params.request.{key} is not supported"
            for key, value in request.items()
            if key not in {"config", "options", "subtype"} and value
        ]
        assertions, options = config.get("assertions") or [], request.get("options") or {}
        if not isinstance(assertions, list) or not all(isinstance(one, dict) for one in assertions):
            return [*problems, "params.request.config.assertions must be a list of objects"]
        if not isinstance(config.get("request"), dict) or not isinstance(options, dict):
            return [*problems, "params.request: config.request and options must be objects"]
        found = self.kinds["api", "http"].unsupported(api_definition(step, test))
        return [*problems, *(f"params.request: {problem}" for problem in found)]


def api_assertions(step: Json) -> Any:
    """The assertions of a `runApiTest` step."""
    request: Any = (step.get("params") or {}).get("request")
    config = request.get("config") if isinstance(request, dict) else None
    return config.get("assertions") if isinstance(config, dict) else None


def api_definition(step: Json, test: Definition) -> Definition:
    """A `runApiTest` step as a definition of its kind."""
    request = step["params"]["request"]
    return Definition(
        {
            "public_id": test.public_id,
            "type": STEP,
            "subtype": "http",
            "name": step.get("name") or "runApiTest",
            "config": request["config"],
            "options": request.get("options") or {},
        }
    )


def _unsupported_params(kind: str, params: Json) -> list[str]:
    problems = []
    if params.get("element") is not None:
        problems += unsupported_element(params["element"])
    if kind == "wait":
        seconds = number(params["value"])
        if seconds is None or not 0 <= seconds <= LONGEST_STEP:
            problems.append(f"params.value must be seconds from 0 to {LONGEST_STEP}")
    elif "check" not in params and not isinstance(params.get("value") or "", str | int | float):
        problems.append("params.value must be a string or a number")
    for key in ("code", "attribute"):
        if not isinstance(params.get(key, ""), str):
            problems.append(f"params.{key} must be a string")
    if "check" in params:
        problems += unsupported_check(params["check"], params.get("value"))
    if "variable" in params:
        problems += _unsupported_variable(params["variable"])
    return problems + _unsupported_details(kind, params)


def _unsupported_details(kind: str, params: Json) -> list[str]:
    look = _DETAILS.get(kind)
    return look(params) if look else []


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
        *(
            f"params.options.{key} is not supported"
            for key, value in options.items()
            if key not in {"delay", "offset"} and value
        ),
        *_unsupported_numbers(options, "delay"),
        *_unsupported_numbers(offset, "x", "y"),
    ]


def _unsupported_requests(params: Json) -> list[str]:
    wanted = params["requests"]
    if not isinstance(wanted, dict) or not isinstance(wanted.get("url"), str):
        return ["params.requests must be an object with a url"]
    return unsupported_count("params.requests.count", wanted.get("count"))


def _unsupported_numbers(params: Json, *keys: str) -> list[str]:
    return [
        f"params.{key} must be a number" for key in keys if number(params.get(key) or 0) is None
    ]


def _unsupported_variable(variable: Any) -> list[str]:
    if not isinstance(variable, dict) or not isinstance(variable.get("name"), str):
        return ["params.variable must be an object with a name"]
    return []


def _unsupported_pattern(params: Json) -> list[str]:
    pattern = params.get("pattern")
    if pattern and isinstance(pattern, dict) and pattern.get("type") == "x_path":
        return ["params.pattern: of an element only the type regex is supported"]
    return unsupported_pattern(pattern) if pattern else []


def _unsupported_files(files: Any) -> list[str]:
    if not isinstance(files, list) or not all(isinstance(one, dict) for one in files):
        return ["params.files must be a list of objects"]
    if not 0 < len(files) <= _MOST_FILES:
        return [f"params.files must be 1 to {_MOST_FILES} files"]
    problems = []
    for index, file in enumerate(files):
        content = file.get("content")
        if not isinstance(file.get("name"), str):
            problems.append(f"params.files[{index}].name must be a string")
        if not isinstance(content, str):
            problems.append(
                f"params.files[{index}]: content is missing, and a file in Datadog's storage"
                " (bucketKey) is not supported"
            )
        elif len(content.encode()) > _LARGEST_FILE:
            problems.append(f"params.files[{index}] is over {_LARGEST_FILE} bytes")
    return problems


def _unsupported_download(file: Any) -> list[str]:
    if not isinstance(file, dict):
        return ["params.file must be an object"]
    problems = [
        f"params.file.{key} is not supported"
        for key, value in file.items()
        if key not in {"md5", "nameCheck", "sizeCheck"} and value
    ]
    if not isinstance(file.get("md5") or "", str):
        problems.append("params.file.md5 must be a string")
    if check := file.get("nameCheck"):
        problems += (
            unsupported_check(check.get("type"), check.get("value"))
            if isinstance(check, dict)
            else ["params.file.nameCheck must be an object"]
        )
    if file.get("sizeCheck"):
        problems += unsupported_count("params.file.sizeCheck", file["sizeCheck"])
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
    "assertEmail": lambda params: unsupported_email(params["email"]),
    "extractVariable": _unsupported_pattern,
    "extractFromEmailBody": lambda params: unsupported_pattern(params["pattern"]),
    "assertFileDownload": lambda params: _unsupported_download(params["file"]),
}
