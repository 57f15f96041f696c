"""All assertions of a check: refused, evaluated off the event loop, and shown without secrets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.assertions.assertion import evaluate, unsupported
from pytest_storedog_gate.local_synthetics.assertions.operators import as_text
from pytest_storedog_gate.local_synthetics.failures import Failure
from pytest_storedog_gate.local_synthetics.javascript.scripts import JAVASCRIPT
from pytest_storedog_gate.secrets.masking import CUT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pytest_storedog_gate.local_synthetics.assertions.assertion import Actual, Operators
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

STEP = "step"  # the `type` of a definition that is a step of another one
_SHOWN = 1000  # characters of a value that an assertion's result holds


def unsupported_assertions(definition: Definition, operators: Operators) -> list[str]:
    """Name each assertion that could not be evaluated.

    None at all is a problem too, except in a step: its test may assert in other steps.
    """
    wanted = definition.config.get("assertions") or []
    if not wanted and definition.type != STEP:
        return ["config.assertions is empty, so that nothing would be checked"]
    return [
        f"config.assertions[{index}]: {problem}"
        for index, assertion in enumerate(wanted)
        for problem in unsupported(assertion, operators)
    ]


async def evaluate_all(  # noqa: PLR0913 each is another thing
    wanted: Sequence[Json],
    operators: Operators,
    actual: Actual,
    variables: Variables,
    *,
    shown: Callable[[Json], Any],
    script: Callable[[Json], Awaitable[Json]] | None = None,
) -> list[Json]:
    """Evaluate assertions in a thread, as other checks go on while a pattern takes its time.

    `shown` gives what may be shown of a result's actual value; secrets are masked already.
    `script` evaluates JavaScript, where `operators` allow it. Raises InvalidTest, as
    `evaluate` does.
    """
    plain = [one for one in wanted if one["type"] != JAVASCRIPT]
    evaluated = iter(
        await asyncio.to_thread(
            lambda: [evaluate(one, operators, actual, variables.fill) for one in plain]
        )
    )
    results = [
        await script(one) if script and one["type"] == JAVASCRIPT else next(evaluated)
        for one in wanted
    ]
    return [_bounded(variables.masked(result), shown) for result in results]


def failed_assertions(results: list[Json]) -> Failure | None:
    """The failure of a check with these results of its assertions, or None."""
    shown = ("type", "operator", "target", "property", "actual", "valid", "error_message")
    unmet = [
        {"index": index, **{key: result[key] for key in shown if key in result}}
        for index, result in enumerate(results)
        if not result["valid"]
    ]
    return Failure("INCORRECT_ASSERTION", unmet) if unmet else None


def _bounded(result: Json, shown: Callable[[Json], Any]) -> Json:
    actual = shown(result)
    if isinstance(actual, dict | list):
        actual = as_text(actual)
    bounded = {**result, "actual": _cut(actual)}
    if "error_message" in result:
        bounded["error_message"] = _cut(result["error_message"])
    return bounded


def _cut(value: Any) -> Any:
    long = isinstance(value, str) and len(value) > _SHOWN
    return value[:_SHOWN] + CUT if long else value
