"""What the local service was seen to do: only that counts as proved.

A case counts when the service ran both of its definitions against a real server, and
- the first passed,
- the second failed by its one assertion, and, where that has an operator, because the operator did
  not hold of a value that was there: not for a missing value, a refusal or a lost connection,
- both differ in nothing but the assertion's operand.

What a case is about is read from its definitions, never said beside them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tests.local_synthetics.proving.cases import CASES
from tests.local_synthetics.proving.stages import STAGES
from tests.local_synthetics.support.network_tests import network_test
from tests.local_synthetics.support.service import serving

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.local_synthetics.proving.cases import Case
    from tests.local_synthetics.proving.stages import Request
    from tests.local_synthetics.support.service import Json, Service

_DETAILS = ("operator", "elementsOperator", "metaSchema")  # of what a path or a schema has
_AT_ONCE = 20  # definitions in a batch
_COMPARED = re.compile(
    r"does not hold$|hash is another$|does not fit the schema|is there$|selects something$"
)


class Cell(NamedTuple):
    """One thing that a kind of check can do.

    `detail`: of a path the operator within or the elements operator, of a schema the draft, of a
    time its scope.
    """

    kind: str
    about: str
    operator: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Pair:
    """A definition that must pass, one that must fail, and what is proved when they do."""

    passing: Json
    failing: Json
    cells: frozenset[Cell]


@dataclass
class Proof:
    """What has been proved of a kind, and of each case that proves nothing the reason."""

    cells: set[Cell] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


def prove(kind: str, cases: Iterable[Case] = CASES) -> Proof:
    """Run every case of that kind, alone, and the first of them as a step and as a sub-test too."""
    proof = Proof()
    with STAGES[kind]() as request:
        pairs = [_pair(case, request) for case in cases if case.kind == kind]
        first = pairs[0]
        with serving(first.passing, first.failing) as service:
            pairs += [_as_step(kind, first), _as_sub_test(first)]
            results = _results(service, pairs)
    for pair in pairs:
        passed, failed = (results[one["public_id"]] for one in (pair.passing, pair.failing))
        if reason := _proves_nothing(passed, failed):
            proof.problems.append(f"{sorted(pair.cells)}: {reason}")
        else:
            proof.cells |= pair.cells
    return proof


def _pair(case: Case, request: Request) -> Pair:
    assert (case.holds == case.fails) == bool(case.other), "only operands may differ"
    passing = network_test(case.kind, request(**case.request), case.holds)
    failing = network_test(case.kind, request(**case.request | case.other), case.fails)
    return Pair(passing, failing, frozenset(_cells(passing) & _cells(failing)))


def _as_step(kind: str, pair: Pair) -> Pair:
    def steps(definition: Json) -> list[Json]:
        config = definition["config"]
        check = {key: config[key] for key in ("request", "assertions")}
        wait = {"name": "wait", "subtype": "wait", "value": 0}
        return [wait, {"name": kind, "subtype": kind, "allowFailure": False, **check}]

    return _multistep(steps(pair.passing), steps(pair.failing))


def _as_sub_test(pair: Pair) -> Pair:
    def steps(definition: Json) -> list[Json]:
        played = {"subtype": "playSubTest", "subtestPublicId": definition["public_id"]}
        return [{"name": "sub-test", **played}]

    return _multistep(steps(pair.passing), steps(pair.failing))


def _multistep(passing: list[Json], failing: list[Json]) -> Pair:
    cells = frozenset(Cell("multi", "step", step["subtype"]) for step in passing)
    first, second = (
        {**network_test("multi", {}), "config": {"steps": steps}} for steps in (passing, failing)
    )
    return Pair(first, second, cells)


def _cells(definition: Json) -> set[Cell]:
    kind, config = definition["subtype"], definition["config"]
    (assertion,) = config["assertions"]
    about, operator, target = (assertion.get(key, "") for key in ("type", "operator", "target"))
    details = [""]
    if isinstance(target, dict):
        details = [target[name] for name in _DETAILS if name in target]
    found = {Cell(kind, about, operator, detail) for detail in details}
    if "timingsScope" in assertion:
        found.add(Cell(kind, about, "timingsScope", assertion["timingsScope"]))
    if call := config["request"].get("callType"):
        found.add(Cell(kind, "callType", call))
    return found


def _results(service: Service, pairs: Iterable[Pair]) -> dict[str, Json]:
    definitions = [one for pair in pairs for one in (pair.passing, pair.failing)]
    results = {}
    for start in range(0, len(definitions), _AT_ONCE):
        some = definitions[start : start + _AT_ONCE]
        batch = service.trigger(*({"local_test_definition": one} for one in some))
        for entry in service.final(batch)["results"]:
            results[entry["test_public_id"]] = service.result(entry["result_id"])
    return results


def _proves_nothing(passed: Json, failed: Json) -> str | None:
    """Why these two results prove nothing; None: they do prove it."""
    if passed["status"] != "passed":
        return f"it should pass: {passed['failure']}"
    if failed["status"] != "failed":
        return "it should fail"
    if failed["failure"]["code"] != "INCORRECT_ASSERTION":
        return f"it should fail by its assertion: {failed['failure']}"
    (unmet,) = json.loads(failed["failure"]["message"])
    compared = unmet["actual"] is not None and _COMPARED.search(unmet["error_message"])
    if "operator" in unmet and not compared:
        return f"the operator had nothing to compare: {unmet['error_message']}"
    return None
