"""Which of the definitions that the real API returned are run, and what the others want."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.api.listening import receiver_at
from pytest_storedog_gate.local_synthetics.definitions.files import load
from pytest_storedog_gate.local_synthetics.kinds import all_kinds
from pytest_storedog_gate.local_synthetics.variables import variables
from tests.local_synthetics.support.service import serving
from tests.published.data import PUBLISHED, read_json
from tests.published.stand_ins import standing_in

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import Json

# What a definition lacks that only its owner can give.
MISSING = {
    r"no step holds an assertion": "an assertion, or `click_through`: it only clicks",
    r"has no value": "the value of a variable: global, secure, or of type `email` (`--smtp`)",
    r"no content|content is missing": "the content of a file or of a certificate",
    r"is not among the service's": "the definition of a sub-test",
    r"the code asserts nothing": "an assertion in the code of a script",
    r"is not an md5 hash": "a hash that is one",
}
# What this service cannot do.
CANNOT = {
    r"checkCertificateRevocation": "`checkCertificateRevocation`",
    r"proxy\.headers": "headers for the proxy of a browser test",
    r"ntlm needs HTTP/1.1": "NTLM over HTTP/2",
    r"'grpcHealthcheckStatus'": "`grpcHealthcheckStatus` of a unary call",
    r"tests of type network": "a Network Path test",
}
# What ends a check before its assertions: it has not been run then.
_NOT_MET = {"INCORRECT_ASSERTION"}


@dataclass
class Recorded:
    """How many are run, and how many are not for each reason: no word of the data.

    `run`: to a verdict of their own, as they are. `completed`: with what only their owner has, and
    `missing` by what that is. `cannot_run`: whatever they are given, and `cannot` by the reason.
    `problems`: of each that was to run and did not, why.
    """

    run: int = 0
    completed: int = 0
    cannot_run: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    cannot: Counter[str] = field(default_factory=Counter)
    problems: dict[str, str] = field(default_factory=dict)


def problems() -> dict[str, list[str]]:
    """By the name of a definition's file what stands in its way."""
    kinds, found = all_kinds(), {}
    for path in sorted(PUBLISHED.glob("definitions/*.json")):
        (definition,) = load([str(path)]).tests.values()
        kind = kinds.get((definition.type, definition.subtype))
        found[path.stem] = (
            kind.unsupported(definition) + variables.unsupported(definition, {})
            if kind
            else [f"tests of type {definition.type} {definition.subtype} are not supported"]
        )
    return found


def count() -> Recorded:
    """Run them, and count. Raises ValueError for a problem whose reason has no name yet."""
    recorded, wanted = Recorded(), {}
    for name, texts in problems().items():
        cannot = {reason for text in texts if (reason := _reason(text, CANNOT))}
        missing = {reason for text in texts if (reason := _reason(text, MISSING))}
        if unnamed := [text for text in texts if not _reason(text, CANNOT | MISSING)]:
            raise ValueError(f"no reason in recorded.py fits {unnamed[0]!r}")
        recorded.cannot.update(cannot)
        recorded.missing.update(missing)
        if cannot:
            recorded.cannot_run += 1
        else:
            wanted[name] = bool(missing)
    recorded.problems = run(wanted)
    ended = wanted.keys() - recorded.problems.keys()
    recorded.completed = sum(wanted[name] for name in ended)
    recorded.run = len(ended) - recorded.completed
    return recorded


def run(wanted: dict[str, bool]) -> dict[str, str]:
    """Run them against servers of our own; why one has not come to a verdict of its own.

    `wanted`: by name whether a definition is completed first.
    """
    with standing_in() as ours, serving(smtp=receiver_at(("127.0.0.1", 0))) as service:
        tests, names = [], {}
        for number, (name, completes) in enumerate(wanted.items()):
            test = read_json(PUBLISHED / "definitions" / f"{name}.json")
            test = ours.aimed(ours.completed(test) if completes else test)
            test["public_id"] = f"abc-def-{number:03}"
            names[test["public_id"]] = name, test
            tests.append({"local_test_definition": test, "variables": _values(test, completes)})
        batch = service.final(service.trigger(*tests), 300)["results"]
        found = {one["test_public_id"]: service.result(one["result_id"]) for one in batch}
    reasons = {name: _not_run(test, found[key]) for key, (name, test) in names.items()}
    return {name: reason for name, reason in reasons.items() if reason}


def _values(test: Json, completes: bool) -> dict[str, str]:
    """A value for each variable that has none; of one of type `email` the service makes it."""
    config = test["config"]
    declared = [*config.get("configVariables", []), *config.get("variables", [])]
    return {
        one["name"]: "1"
        for one in declared
        if completes and "pattern" not in one and one["type"] != "email"
    }


def _not_run(test: Json, result: Json) -> str:
    """Why a result is no verdict of the test's own assertions or steps; "" where it is one."""
    failure = result.get("failure", {"code": ""})
    if result.get("inconclusive"):
        return f"{failure['code']}: {failure['message']}"
    if test["type"] == "browser":
        first, *steps = result["steps"]
        lost = [first] if first["status"] != "passed" else []
        return "" if not lost and len(steps) == len(test["steps"]) else str(failure)
    if test["subtype"] == "multi":
        ended = [one.get("failure", {"code": ""})["code"] for one in result["steps"]]
        skipped = [one for one in result["steps"] if one["status"] == "skipped"]
        strange = set(ended) - {"", *_NOT_MET}
        return f"steps ended with {strange}" if strange or skipped else ""
    asked, evaluated = len(test["config"]["assertions"]), len(result["assertions"])
    return "" if asked == evaluated else f"{failure['code']}: {failure.get('message')}"


def _reason(problem: str, reasons: dict[str, str]) -> str | None:
    return next((reasons[one] for one in reasons if re.search(one, problem)), None)
