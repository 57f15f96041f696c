"""The steps of a browser test: what in them is not supported, and which variables they need."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_storedog_gate.local_synthetics.assertions.evaluate_all import STEP
from pytest_storedog_gate.local_synthetics.definitions.definition import (
    Definition,
    DefinitionError,
    parse,
)
from pytest_storedog_gate.local_synthetics.definitions.known_keys import (
    BROWSER_PARAMS,
    key_faults_of_test,
)
from pytest_storedog_gate.local_synthetics.failures import InvalidTest
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.checks import (
    MAIL_STEPS,
    WITHOUT_VALUE,
)
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.params import (
    LONGEST_STEP,
    PARAMS,
    unsupported_params,
    unsupported_tab,
)
from pytest_storedog_gate.local_synthetics.kinds.common import allowed
from pytest_storedog_gate.local_synthetics.kinds.common.flow import DEEPEST, Library
from pytest_storedog_gate.local_synthetics.variables.variables import placeholders

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_NOTHING_ASSERTED = (
    "no step holds an assertion, so that nothing would be checked; storedog.click_through is for a"
    " flow that is to be clicked through and no more"
)


class BrowserLibrary(Library):
    """What the steps of a browser test are made of."""

    plays: ClassVar = "browser"

    def unsupported(self, definition: Definition, depth: int = 0) -> list[str]:
        steps: Any = definition.steps
        if not isinstance(steps, list) or not all(isinstance(one, dict) for one in steps):
            return ["steps must be a list of objects"]
        problems = []
        # A sub-test that only acts is a part of a test that asserts.
        if depth == 0 and not definition.clicks_through and not self._asserts(steps):
            problems.append(_NOTHING_ASSERTED)
        problems += [
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

    def check_names(self, definition: Definition, variables: Variables, given: set[str]) -> None:
        variables.adopt(definition)
        for index, step in enumerate(definition.steps):
            params = step.get("params") or {}
            if step["type"] == "playSubTest":
                self.check_names(self.played_test(params), variables, given)
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

    def _asserts(self, steps: Any, depth: int = 0) -> bool:
        """Whether a step asserts, or one of a sub-test; of one that is not known it may be."""
        return depth <= DEEPEST and any(self._may_assert(step, depth) for step in steps)

    def _may_assert(self, step: Any, depth: int) -> bool:
        match step:
            case {"type": "playSubTest", "params": dict(params)}:
                with contextlib.suppress(DefinitionError):
                    if played := self.sub_test(params):
                        return self._asserts(played.steps, depth + 1)
                return True
            case {"type": "runApiTest"}:
                return bool(api_assertions(step))
            case {"type": str(kind)}:
                return kind.startswith("assert")
        return False

    def _unsupported_step(self, step: Json, test: Definition, depth: int) -> list[str]:
        kind, params = step.get("type"), step.get("params") or {}
        if not isinstance(kind, str) or not isinstance(step.get("name") or "", str):
            return ["name and type must be strings"]
        if kind not in PARAMS:
            return [f"steps of type {kind} are not supported"]
        if not isinstance(params, dict):
            return ["params must be an object"]
        needed, optional = (set(names.split()) for names in PARAMS[kind])
        others = BROWSER_PARAMS.keys() - needed - optional
        if str(params.get("check")) in WITHOUT_VALUE:
            optional |= {"value"}
        elif "check" in needed:
            needed |= {"value"}
        problems = [
            *(f"params.{key} is missing" for key in sorted(needed - params.keys())),
            *(
                f"{problem} in a step of type {kind}"
                for problem in allowed.passed_over("params.", params, BROWSER_PARAMS, others)
            ),
        ]
        problems += allowed.seconds_up_to(LONGEST_STEP, step.get("timeout") or 0, "timeout")
        if problems:
            return problems
        match kind:
            case "playSubTest":
                return unsupported_tab(params) or self._unsupported_sub_test(params, depth)
            case "runApiTest":
                return self._unsupported_api_test(step, test)
            case _:
                return unsupported_params(kind, params)

    def _unsupported_in(self, played: Definition, depth: int) -> list[str]:
        return key_faults_of_test(played.data) + self.unsupported(played, depth)

    def _unsupported_api_test(self, step: Json, test: Definition) -> list[str]:
        if not isinstance(step["params"]["request"], dict):
            return ["params.request must be an object"]
        try:
            played = api_definition(step, test)
        except DefinitionError as error:
            return [f"params.request: {error}"]
        if played.subtype != "http":
            return [f"params.request: API tests of type {played.subtype!r} are not supported"]
        found = self.kinds["api", "http"].unsupported(played)
        return [f"params.request: {problem}" for problem in found]


def api_assertions(step: Json) -> Any:
    """The assertions of a `runApiTest` step."""
    match step:
        case {"params": {"request": {"config": {"assertions": assertions}}}}:
            return assertions
    return None


def api_definition(step: Json, test: Definition) -> Definition:
    """A `runApiTest` step as a definition of its kind. Raises DefinitionError."""
    own = {"public_id": test.public_id, "type": STEP, "name": step.get("name") or "runApiTest"}
    return parse({**step["params"]["request"], **own})
