"""The steps of a browser test: what in them is not supported, and which variables they need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.browser.checks import WITHOUT_VALUE
from pytest_storedog_gate.local_synthetics.browser.mails import MAIL_STEPS
from pytest_storedog_gate.local_synthetics.browser.step_params import (
    LONGEST_STEP,
    PARAMS,
    unsupported_params,
)
from pytest_storedog_gate.local_synthetics.comparison import number
from pytest_storedog_gate.local_synthetics.definitions import Definition
from pytest_storedog_gate.local_synthetics.evaluation import STEP
from pytest_storedog_gate.local_synthetics.failures import InvalidTest
from pytest_storedog_gate.local_synthetics.flow import DEEPEST
from pytest_storedog_gate.local_synthetics.variables import placeholders

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.local_synthetics.definitions import Json
    from pytest_storedog_gate.local_synthetics.kinds.protocol import Kind
    from pytest_storedog_gate.local_synthetics.variables import Variables

_FLOW = {
    "name", "type", "params", "timeout", "allowFailure", "isCritical", "alwaysExecute",
    "exitIfSucceed", "noScreenshot", "public_id", "position", "id",
}  # fmt: skip
_SWITCHES = ("allowFailure", "isCritical", "alwaysExecute", "exitIfSucceed", "noScreenshot")


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
            if step["type"] in MAIL_STEPS and not variables.addresses:
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
        if kind not in PARAMS:
            return [f"steps of type {kind} are not supported"]
        if not isinstance(params, dict):
            return ["params must be an object"]
        needed, optional = (set(names.split()) for names in PARAMS[kind])
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
        return unsupported_params(kind, params)

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
