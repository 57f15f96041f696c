"""The steps of a multistep test: what in them is not supported, and each one's own definition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_storedog_gate.local_synthetics.assertions.evaluate_all import STEP
from pytest_storedog_gate.local_synthetics.assertions.extraction import unsupported_extraction
from pytest_storedog_gate.local_synthetics.definitions.definition import (
    Definition,
    DefinitionError,
    check_retry,
)
from pytest_storedog_gate.local_synthetics.definitions.known_keys import API_STEP
from pytest_storedog_gate.local_synthetics.failures import InvalidTest
from pytest_storedog_gate.local_synthetics.javascript.scripts import (
    AFTER,
    BEFORE,
    JAVASCRIPT,
    names_written,
)
from pytest_storedog_gate.local_synthetics.kinds import brought_request_keys
from pytest_storedog_gate.local_synthetics.kinds.common import allowed
from pytest_storedog_gate.local_synthetics.kinds.common.library import Library
from pytest_storedog_gate.local_synthetics.variables.variables import placeholders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.javascript.scripts import Scripts
    from pytest_storedog_gate.local_synthetics.kinds.protocol import Kind
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_LONGEST_WAIT = 180  # s
_FLOW = {"id", "name", "subtype", "allowFailure", "isCritical", "exitIfSucceed", "retry"}
_KEYS = {
    "wait": {"id", "name", "subtype", "value"},
    "playSubTest": _FLOW | {"subtestPublicId", "subtest", "alwaysExecute"},
}
_CHECK_KEYS = _FLOW | {"request", "assertions", "extractedValues", AFTER}


@dataclass(frozen=True)
class ApiLibrary(Library):
    """What the steps of a multistep test are made of."""

    scripts: Scripts

    plays: ClassVar = "api"

    def kind(self, subtype: str) -> Kind | None:
        """The kind that a step or a sub-test is of; None: it can be of no such kind."""
        return None if subtype == "multi" else self.kinds.get(("api", subtype))

    def known_kind(self, subtype: str) -> Kind:
        """The same, of what is not refused."""
        kind = self.kind(subtype)
        assert kind is not None  # noqa: S101 checked by `unsupported`
        return kind

    def unsupported(self, definition: Definition, depth: int = 0) -> list[str]:
        own = brought_request_keys(self.kinds)
        problems = allowed.unsupported_parts(definition, {}, config=("steps", BEFORE), own=own)
        problems += self.scripts.unsupported({BEFORE: definition.config.get(BEFORE)})
        steps = definition.config.get("steps") or []
        if not any(self._asserts(step) for step in steps):
            problems.append("no step holds an assertion, so that nothing would be checked")
        return problems + [
            f"config.steps[{index}]: {problem}"
            for index, step in enumerate(steps)
            for problem in self._unsupported_step(step, definition, depth)
        ]

    def played(self, definition: Definition) -> Iterator[Definition]:
        """The test and its sub-tests."""
        yield definition
        for step in definition.config.get("steps") or []:
            if step["subtype"] == "playSubTest":
                yield from self.played(self.played_test(step))

    def _check_names(self, definition: Definition, variables: Variables, given: set[str]) -> None:
        variables.adopt(definition)
        given |= names_written(definition.config)
        for index, step in enumerate(definition.config["steps"]):
            if step["subtype"] == "playSubTest":
                played = self.played_test(step)
                if played.subtype == "multi":
                    self._check_names(played, variables, given)
                    continue
                variables.adopt(played)
                given |= names_written(played.config)
                step = played.config  # noqa: PLW2901 what it holds is what is sent
            asserted = [
                one for one in step.get("assertions") or [] if one.get("type") != JAVASCRIPT
            ]
            used = placeholders([step.get("request"), asserted, step.get("extractedValues")])
            for name in sorted(used):
                if name not in given and not variables.knows(name):
                    raise InvalidTest(
                        f"config.steps[{index}]: variable {name} has no value: "
                        "it is not defined, and no step before extracts it"
                    )
            given |= {one["name"] for one in step.get("extractedValues") or []}
            given |= names_written(step)

    def _asserts(self, step: Json) -> bool:
        return bool(step.get("assertions")) or step.get("subtype") == "playSubTest"

    def _unsupported_step(self, step: Json, test: Definition, depth: int) -> list[str]:
        subtype = step.get("subtype")
        if not isinstance(subtype, str) or not isinstance(step.get("name"), str):
            return ["name and subtype must be strings"]
        others = API_STEP.keys() - _KEYS.get(subtype, _CHECK_KEYS)
        problems = [
            f"{problem} in a step of type {subtype}"
            for problem in allowed.passed_over("", step, API_STEP, others)
        ]
        problems += _unsupported_retry(step.get("retry") or {})
        if subtype == "wait":
            value = step.get("value")
            seconds = None if isinstance(value, str) else value
            return problems + allowed.seconds_up_to(_LONGEST_WAIT, seconds, "value")
        if subtype == "playSubTest":
            return problems + self._unsupported_sub_test(step, depth)
        return problems + self._unsupported_check(step, subtype, test)

    def _unsupported_check(self, step: Json, subtype: str, test: Definition) -> list[str]:
        kind = self.kind(subtype)
        if kind is None:
            return [f"steps of type {subtype} are not supported"]
        if not isinstance(step.get("request"), dict):
            return ["request must be an object"]
        assertions = step.get("assertions") or []
        if not isinstance(assertions, list) or not all(isinstance(one, dict) for one in assertions):
            return ["assertions must be a list of objects"]
        problems = unsupported_extraction(step.get("extractedValues") or [], kind.extractable)
        problems += self.scripts.unsupported({AFTER: step.get(AFTER)})
        if step.get(AFTER) and not kind.scriptable:
            problems.append(f"{AFTER} is not supported in a step of type {subtype}")
        return problems + kind.unsupported(step_definition(step, test, kind))

    def _unsupported_in(self, played: Definition, depth: int) -> list[str]:
        if played.subtype == "multi":
            return self.unsupported(played, depth)
        if kind := self.kind(played.subtype):
            return kind.unsupported(played)
        return [f"tests of type api {played.subtype} are not supported"]


def step_definition(step: Json, test: Definition, kind: Kind) -> Definition:
    """A step as a definition of its kind. Its own settings win over the test's options."""
    request = step["request"]
    options = {
        key: test.options[key]
        for key in kind.inherited
        if key in test.options and key not in request
    }
    return Definition(
        {
            "public_id": test.public_id,
            "type": STEP,
            "subtype": step["subtype"],
            "name": step["name"],
            "config": {"request": request, "assertions": step.get("assertions") or []},
            "options": options,
        }
    )


def _unsupported_retry(retry: Any) -> list[str]:
    if not isinstance(retry, dict):
        return ["retry must be an object"]
    try:
        check_retry(retry)
    except DefinitionError as error:
        return [str(error)]
    return []
