"""What the service says that it runs: each type and operator that it does not refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.assertions.assertion import JSON_PATH, JSON_SCHEMA, XPATH
from pytest_storedog_gate.local_synthetics.assertions.json_path import ELEMENTS_OPERATORS
from pytest_storedog_gate.local_synthetics.assertions.operators import ABSENCE, GENERAL
from pytest_storedog_gate.local_synthetics.kinds import all_kinds
from pytest_storedog_gate.local_synthetics.kinds.common.probing import ProbingCheck
from tests.local_synthetics.proving.proof import Cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_storedog_gate.local_synthetics.assertions.assertion import Operators

_CHECKS = {
    subtype: kind
    for (test_type, subtype), kind in all_kinds().items()
    if test_type == "api" and isinstance(kind, ProbingCheck)
}
OPERATORS: Mapping[str, Iterable[Operators]] = {
    subtype: kind.operators.values() for subtype, kind in _CHECKS.items()
}
CALLS: Mapping[str, Iterable[str]] = {
    subtype: kind.operators for subtype, kind in _CHECKS.items() if "" not in kind.operators
}
DETAILS: Mapping[str, Iterable[str]] = {
    JSON_PATH: GENERAL | ABSENCE | set(ELEMENTS_OPERATORS),
    XPATH: GENERAL | ABSENCE,
    JSON_SCHEMA: {"draft-07", "draft-06"},
}
UNKNOWABLE = {
    (about, operator)
    for about in ("responseTime", "latency", "jitter")
    for operator in ("is", "isNot")
}
"""They are run, but no test knows beforehand what will be measured."""


def claimed(kind: str) -> set[Cell]:
    """What must be proved of a kind."""
    found = {cell for table in OPERATORS.get(kind, ()) for cell in _claimed(kind, table)}
    found |= {Cell(kind, "callType", call) for call in CALLS.get(kind, ())}
    return {cell for cell in found if (cell.about, cell.operator) not in UNKNOWABLE}


def proved(kind: str) -> set[Cell]:
    """What the proof of a kind proves: what it claims, as a step and in a sub-test too."""
    return claimed(kind) | {Cell("multi", "step", name) for name in (kind, "wait", "playSubTest")}


def _claimed(kind: str, table: Operators) -> Iterator[Cell]:
    for about, operators in table.items():
        if not operators:
            yield Cell(kind, about)
        for operator in operators:
            for detail in DETAILS.get(operator, [""]):
                yield Cell(kind, about, operator, detail)
        if about == "responseTime":
            for scope in ("all", "withoutDNS"):
                yield Cell(kind, about, "timingsScope", scope)
