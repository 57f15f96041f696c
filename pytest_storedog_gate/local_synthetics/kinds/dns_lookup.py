"""DNS API tests (`type: api`, `subtype: dns`): what a name server answers."""

from __future__ import annotations

import asyncio
import itertools
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import dns.asyncquery
import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.resolver

from pytest_storedog_gate.local_synthetics.assertions.assertion import NoValue
from pytest_storedog_gate.local_synthetics.assertions.operators import Elements
from pytest_storedog_gate.local_synthetics.failures import CheckFailed, InvalidTest
from pytest_storedog_gate.local_synthetics.kinds.common import allowed, request_values
from pytest_storedog_gate.local_synthetics.kinds.common.probing import (
    ORDERED,
    TEXTUAL,
    ProbingCheck,
)
from pytest_storedog_gate.local_synthetics.network.addresses import family_of, resolve
from pytest_storedog_gate.local_synthetics.network.stopwatch import Sighting

if TYPE_CHECKING:
    from dns.rdata import Rdata

    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.kinds.protocol import Outcome, Run
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_DEFAULT_PORT = 53
_PATIENCE = 3.0  # s until the question is sent again
_LARGEST = 65_535  # bytes of an answer
_RECORD_TYPES = ("A", "AAAA", "CNAME", "MX", "NS", "TXT")
_EVERY, _SOME = "recordEvery", "recordSome"
# By the names that Node, and so Datadog, gives them.
_REFUSALS = {
    dns.rcode.NXDOMAIN: "ENOTFOUND",
    dns.rcode.SERVFAIL: "ESERVFAIL",
    dns.rcode.REFUSED: "EREFUSED",
    dns.rcode.FORMERR: "EFORMERR",
    dns.rcode.NOTIMP: "ENOTIMP",
}


@dataclass(slots=True)
class _Server:
    """Name servers with one port, asked in turn. `name` has yet to be resolved, if it is given."""

    port: int
    name: str = ""
    addresses: list[str] = field(default_factory=list)
    records: dict[str, list[str]] = field(default_factory=dict)


class DnsCheck(ProbingCheck):
    """Looks a name up and evaluates the assertions on its records."""

    fields: ClassVar = {
        "host": allowed.needed_text, "dnsServer": allowed.text, "dnsServerPort": allowed.port,
        "timeout": allowed.seconds,
    }  # fmt: skip
    operators: ClassVar = {"": {_EVERY: TEXTUAL, _SOME: TEXTUAL, "responseTime": ORDERED}}
    properties: ClassVar = {_EVERY: _RECORD_TYPES, _SOME: _RECORD_TYPES}

    async def run(self, run: Run, variables: Variables) -> Outcome:
        """See `Kind`."""
        definition, request = run.definition, run.definition.request
        name = _name(request_values.host_of(request, variables))
        timeout = request_values.timeout_of(request, variables)
        server = _server(request, variables)
        shown = {
            "host": name.to_text(omit_final_dot=True),
            "dns_server": server.name or server.addresses[0],
            "dns_server_port": server.port,
            "timeout": round(timeout * 1000),
        }
        seen = Sighting({"request": shown})

        def actual(assertion: Json) -> Any:
            found = server.records[assertion["property"]]
            if not found:
                raise NoValue(f"there is no {assertion['property']} record")
            return Elements(found, every=assertion["type"] == _EVERY)

        probe = _probe(definition, name, server, seen)
        return await self.check(run, variables, seen, probe, actual, timeout)


def _name(host: str) -> dns.name.Name:
    try:
        return dns.name.from_text(host)
    except (dns.exception.DNSException, UnicodeError) as error:
        raise CheckFailed("INVALID_REQUEST", f"{host!r} is no domain name: {error}") from None


def _server(request: Json, variables: Variables) -> _Server:
    port = request_values.port_of(request, variables, _DEFAULT_PORT, "dnsServerPort")
    if request.get("dnsServer"):
        return _Server(port, name=request_values.host_of(request, variables, "dnsServer"))
    try:
        # Datadog asks a public server; here the names of the local network are the point.
        known = [str(one) for one in dns.resolver.Resolver().nameservers]
    except dns.resolver.NoResolverConfiguration:
        known = []
    if not known:
        raise InvalidTest("config.request.dnsServer is missing and the system names no server")
    return _Server(port, addresses=known)


async def _probe(
    definition: Definition, name: dns.name.Name, server: _Server, seen: Sighting
) -> None:
    wanted = {
        assertion["property"]: None
        for assertion in definition.config.get("assertions") or []
        if assertion["type"] in {_EVERY, _SOME}
    }
    if server.name:
        server.addresses = await resolve(server.name)
        seen.restart()
    seen.detail["dns_resolution"] = {"server": server.addresses[0]}
    try:
        for record_type in wanted or ("A",):
            server.records[record_type] = await _records(name, record_type, server)
        if not wanted and not server.records["A"]:
            server.records["AAAA"] = await _records(name, "AAAA", server)
            if not server.records["AAAA"]:
                raise _unresolved(name, "ENODATA")
    except dns.exception.DNSException as error:
        raise CheckFailed("MALFORMED_RESPONSE", f"The answer is not valid DNS: {error}") from None
    finally:
        seen.lap("dns")
    seen.detail["response"] = {
        "records": [{"type": key, "values": values} for key, values in server.records.items()]
    }


async def _records(name: dns.name.Name, record_type: str, server: _Server) -> list[str]:
    """The records of that type at the end of the name's aliases."""
    answer = await _answer(dns.message.make_query(name, record_type), server)
    if answer.rcode() != dns.rcode.NOERROR:
        code = _REFUSALS.get(answer.rcode(), dns.rcode.to_text(answer.rcode()))
        raise _unresolved(name, code)
    found = answer.resolve_chaining().answer
    return [_text(record, record_type) for record in found or ()]


async def _answer(query: dns.message.QueryMessage, server: _Server) -> dns.message.QueryMessage:
    """Ask one server after the other until one answers. Ends with the check's own time limit."""
    failed: dict[str, Exception] = {}
    for address in itertools.cycle(server.addresses):
        strange: list[Exception] = []
        try:
            async with asyncio.timeout(_PATIENCE) as limit:
                return await _ask(query, address, server.port, strange)
        except TimeoutError:
            if not limit.expired():
                raise
        except ConnectionRefusedError as error:
            strange.append(error)
        if strange:
            failed[address] = strange[-1]
        if len(failed) == len(server.addresses):
            raise failed[address]
    raise AssertionError("a server has at least one address")


async def _ask(
    query: dns.message.QueryMessage, address: str, port: int, strange: list[Exception]
) -> dns.message.QueryMessage:
    """Ask by UDP, and by TCP where the answer is too long for it.

    What is no answer to the question is passed over, as anybody may have sent it; what is wrong
    with it joins `strange`.
    """
    loop = asyncio.get_running_loop()
    with socket.socket(family_of(address), socket.SOCK_DGRAM) as channel:
        channel.setblocking(False)  # noqa: FBT003 a method of C
        # Connected, so that a refusal is heard of and only the server's answers arrive.
        await loop.sock_connect(channel, (address, port))
        await loop.sock_sendall(channel, query.to_wire())
        while True:
            wire, cut = await loop.sock_recv(channel, _LARGEST), False
            try:
                answer = dns.message.from_wire(wire, raise_on_truncation=True)
            except dns.message.Truncated as truncated:
                answer, cut = truncated.message(), True  # type: ignore[no-untyped-call]
            except dns.exception.DNSException as error:
                strange.append(error)
                continue
            if not query.is_response(answer):
                wrong = dns.query.BadResponse("another question")  # type: ignore[no-untyped-call]
                strange.append(wrong)
            elif cut:
                break
            else:
                assert isinstance(answer, dns.message.QueryMessage)  # noqa: S101 as its query is
                return answer
    answer = await dns.asyncquery.tcp(query, address, port=port)
    assert isinstance(answer, dns.message.QueryMessage)  # noqa: S101 as its query is
    return answer


def _text(record: Rdata, record_type: str) -> str:
    """A record as it is written, without final dots; a text without its quotes."""
    match record_type:
        case "TXT":
            return b"".join(record.strings).decode(errors="replace")  # type: ignore[attr-defined]
        case "MX":
            exchange = record.exchange.to_text(omit_final_dot=True)  # type: ignore[attr-defined]
            return f"{record.preference} {exchange}"  # type: ignore[attr-defined]
        case "CNAME" | "NS":
            target: str = record.target.to_text(omit_final_dot=True)  # type: ignore[attr-defined]
            return target
        case _:
            return record.to_text()


def _unresolved(name: dns.name.Name, code: str) -> CheckFailed:
    host = name.to_text(omit_final_dot=True)
    return CheckFailed("DNS", f"Error during DNS resolution of hostname {host} ({code}).")
