"""The variables that a check cannot be run without and that only a person can give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.kinds.common.flow import DEEPEST

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json


def missing_values(
    definition: Definition, tests: Mapping[str, Definition], given: Collection[str]
) -> list[str]:
    """The names of global and secure variables without a value, sub-tests' included, in order."""
    names = (
        variable["name"]
        for variable in _declared(definition, tests, DEEPEST)
        if isinstance(variable.get("name"), str) and _has_none(variable)
    )
    return [name for name in dict.fromkeys(names) if name not in given]


def _has_none(variable: Json) -> bool:
    if variable.get("type") == "global":
        return True
    return bool(variable.get("secure")) and not isinstance(variable.get("pattern"), str)


def _declared(
    definition: Definition, tests: Mapping[str, Definition], levels: int
) -> Iterable[Json]:
    for key in ("configVariables", "variables"):
        yield from definition.config.get(key) or []
    if levels:
        for step in definition.config.get("steps") or []:
            member = tests.get(str(step.get("subtestPublicId")))
            if member is not None:
                yield from _declared(member, tests, levels - 1)
