"""What the service says that it runs: each type and operator that it does not refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.assertions.assertion import JSON_PATH, JSON_SCHEMA, XPATH
from pytest_storedog_gate.local_synthetics.assertions.json_path import ELEMENTS_OPERATORS
from pytest_storedog_gate.local_synthetics.assertions.operators import ABSENCE, GENERAL
from pytest_storedog_gate.local_synthetics.kinds import dns_lookup, icmp, tcp, tls, udp, websocket
from pytest_storedog_gate.local_synthetics.kinds.grpc import check as grpc_call
from pytest_storedog_gate.local_synthetics.kinds.http import check as http
from pytest_storedog_gate.local_synthetics.kinds.mcp import check as mcp
from tests.local_synthetics.proving.proof import Cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_storedog_gate.local_synthetics.assertions.assertion import Operators

OPERATORS: Mapping[str, Iterable[Operators]] = {
    "http": [http.OPERATORS],
    "ssl": [tls._OPERATORS],
    "dns": [dns_lookup._OPERATORS],
    "tcp": [tcp._OPERATORS],
    "udp": [udp._OPERATORS],
    "icmp": [icmp._OPERATORS],
    "websocket": [websocket._OPERATORS],
    "grpc": grpc_call._OPERATORS.values(),
    "mcp": mcp._OPERATORS.values(),
}
CALLS: Mapping[str, Iterable[str]] = {"grpc": grpc_call._OPERATORS, "mcp": mcp._OPERATORS}
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
