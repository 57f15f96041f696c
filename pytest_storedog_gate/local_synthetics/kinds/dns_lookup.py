"""DNS API tests (`type: api`, `subtype: dns`): what a name server answers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
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
from pytest_storedog_gate.local_synthetics.kinds.common import allowed, probing, request_values
from pytest_storedog_gate.local_synthetics.network.addresses import family_of, resolve
from pytest_storedog_gate.local_synthetics.network.stopwatch import Sighting

if TYPE_CHECKING:
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


class DnsCheck(probing.ProbingCheck):
    """Looks a name up and evaluates the assertions on its records."""

    fields: ClassVar = {
        "host": allowed.needed_text, "dnsServer": allowed.text, "dnsServerPort": allowed.port,
        "timeout": allowed.seconds,
    }  # fmt: skip
    operators: ClassVar = {
        "": {_EVERY: probing.TEXTUAL, _SOME: probing.TEXTUAL, "responseTime": probing.ORDERED}
    }
    properties: ClassVar = {_EVERY: _RECORD_TYPES, _SOME: _RECORD_TYPES}

    async def run(self, run: Run, variables: Variables) -> Outcome:
        lookup = _Lookup(run.definition, variables)
        probe, actual = lookup.probe(), lookup.actual
        return await self.check(run, variables, lookup.seen, probe, actual, lookup.timeout)


def _addresses_of_the_system() -> list[str]:
    # Datadog asks a public server; here the names of the local network are the point.
    with contextlib.suppress(dns.resolver.NoResolverConfiguration):
        if known := [str(one) for one in dns.resolver.Resolver().nameservers]:
            return known
    raise InvalidTest("config.request.dnsServer is missing and the system names no server")


class _Lookup:
    """What is asked of name servers with one port, in turn, and what they answer."""

    def __init__(self, definition: Definition, variables: Variables) -> None:
        self.assertions, request = definition.config.get("assertions") or [], definition.request
        host = request_values.host_of(request, variables)
        try:
            self.name = dns.name.from_text(host)
        except (dns.exception.DNSException, UnicodeError) as error:
            raise CheckFailed("INVALID_REQUEST", f"{host!r} is no domain name: {error}") from None
        self.timeout = request_values.timeout_of(request, variables)
        self.port = request_values.port_of(request, variables, _DEFAULT_PORT, "dnsServerPort")
        self.addresses: list[str] = []  # none, where the server's name has yet to be resolved
        if request.get("dnsServer"):
            self.server = request_values.host_of(request, variables, "dnsServer")
        else:
            self.addresses = _addresses_of_the_system()
            self.server = self.addresses[0]
        self.records: dict[str, list[str]] = {}
        shown = {
            "host": self.name.to_text(omit_final_dot=True),
            "dns_server": self.server,
            "dns_server_port": self.port,
            "timeout": round(self.timeout * 1000),
        }
        self.seen = Sighting({"request": shown})

    def actual(self, assertion: Json) -> Any:
        found = self.records[assertion["property"]]
        if not found:
            raise NoValue(f"there is no {assertion['property']} record")
        return Elements(found, every=assertion["type"] == _EVERY)

    async def probe(self) -> None:
        about = [one for one in self.assertions if one["type"] in {_EVERY, _SOME}]
        wanted = dict.fromkeys(one["property"] for one in about)
        if not self.addresses:
            self.addresses = await resolve(self.server)
            self.seen.restart()
        self.seen.detail["dns_resolution"] = {"server": self.addresses[0]}
        try:
            for record_type in wanted or ("A",):
                await self._look_up(record_type)
            if not wanted and not self.records["A"]:
                await self._look_up("AAAA")
                if not self.records["AAAA"]:
                    raise self._unresolved("ENODATA")
        except dns.exception.DNSException as error:
            raise CheckFailed(
                "MALFORMED_RESPONSE", f"The answer is not valid DNS: {error}"
            ) from None
        finally:
            self.seen.lap("dns")
        self.seen.detail["response"] = {
            "records": [{"type": key, "values": values} for key, values in self.records.items()]
        }

    async def _look_up(self, record_type: str) -> None:
        """The records of that type at the end of the name's aliases."""
        answer = await self._answer(dns.message.make_query(self.name, record_type))
        if answer.rcode() != dns.rcode.NOERROR:
            raise self._unresolved(_REFUSALS.get(answer.rcode(), dns.rcode.to_text(answer.rcode())))
        found = answer.resolve_chaining().answer
        self.records[record_type] = [_text(record, record_type) for record in found or ()]

    def _unresolved(self, code: str) -> CheckFailed:
        host = self.name.to_text(omit_final_dot=True)
        return CheckFailed("DNS", f"Error during DNS resolution of hostname {host} ({code}).")

    async def _answer(self, query: dns.message.QueryMessage) -> dns.message.QueryMessage:
        """Ask one server after the other until one answers. Ends with the check's time limit."""
        failed: dict[str, Exception] = {}
        for address in itertools.cycle(self.addresses):
            strange: list[Exception] = []
            try:
                async with asyncio.timeout(_PATIENCE) as limit:
                    return await _ask(query, address, self.port, strange)
            except TimeoutError:
                if not limit.expired():
                    raise
            except ConnectionRefusedError as error:
                strange.append(error)
            if strange:
                failed[address] = strange[-1]
            if len(failed) == len(self.addresses):
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
            if query.is_response(answer):
                break
            strange.append(dns.query.BadResponse("another question"))  # type: ignore[no-untyped-call]
    if cut:
        answer = await dns.asyncquery.tcp(query, address, port=port)
    assert isinstance(answer, dns.message.QueryMessage)  # noqa: S101 as its query is
    return answer


def _text(record: Any, record_type: str) -> str:
    """A record as it is written, without final dots; a text without its quotes."""
    match record_type:
        case "TXT":
            return b"".join(record.strings).decode(errors="replace")
        case "MX":
            return f"{record.preference} {record.exchange.to_text(omit_final_dot=True)}"
        case "CNAME" | "NS":
            return str(record.target.to_text(omit_final_dot=True))
        case _:
            return str(record)
