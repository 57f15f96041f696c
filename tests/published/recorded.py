"""Which of the definitions that the real API returned are run, and why others are not."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from pytest_storedog_gate.local_synthetics import variables
from pytest_storedog_gate.local_synthetics.catalog import load
from pytest_storedog_gate.local_synthetics.kinds import all_kinds
from tests.published.data import PUBLISHED

_REASONS = {
    r"no step holds an assertion": "no step holds an assertion, so that nothing would be checked",
    r"has no value": "a variable has no value: a global or secure one, or one of type `email`",
    r"no content|content is missing": "a file or a certificate whose content only Datadog has",
    r"is not among the service's": "a sub-test that was not recorded",
    r"the code asserts nothing": "a script that asserts nothing",
    r"is not an md5 hash": "a hash that is none",
    r"checkCertificateRevocation": "`checkCertificateRevocation`",
    r"ntlm needs HTTP/1.1": "NTLM over HTTP/2",
    r"'grpcHealthcheckStatus'": "`grpcHealthcheckStatus` of a unary call",
    r"proxy\.headers": "headers for the proxy of a browser test",
    r"\.body is not|starts with GET": "a browser test that begins with a POST",
    r"tests of type": "a test of type `network`",
}


@dataclass
class Recorded:
    """How many are run, and how many are not for each reason: no word of the data."""

    run: int = 0
    refused: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


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
    """Count them. Raises ValueError for a problem whose reason has no name yet."""
    recorded = Recorded()
    for texts in problems().values():
        reasons = {_reason(text) for text in texts}
        recorded.run += not reasons
        recorded.refused += bool(reasons)
        recorded.reasons.update(reasons)
    return recorded


def _reason(problem: str) -> str:
    for pattern, reason in _REASONS.items():
        if re.search(pattern, problem):
            return reason
    raise ValueError(f"no reason in recorded.py fits {problem!r}")
