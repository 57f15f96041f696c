"""SSL API tests (`type: api`, `subtype: ssl`): a server's certificate and TLS versions.

Authorities are the system's; SSL_CERT_FILE in the service's environment names others.
"""

from __future__ import annotations

import asyncio
import ssl
import warnings
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from cryptography.exceptions import UnsupportedAlgorithm

from pytest_storedog_gate.local_synthetics.assertions.assertion import NoValue
from pytest_storedog_gate.local_synthetics.assertions.operators import EXPIRY
from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.local_synthetics.kinds.common import allowed, probing, request_values
from pytest_storedog_gate.local_synthetics.network.addresses import connect
from pytest_storedog_gate.local_synthetics.network.certificates import describe
from pytest_storedog_gate.local_synthetics.network.stopwatch import Sighting
from pytest_storedog_gate.local_synthetics.network.tls_contexts import accepting_all, context_for

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.kinds.protocol import Outcome, Run
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_DEFAULT_PORT = 443
_DAY = 86_400  # s
# From the lowest; the lower two only where OpenSSL was built with them.
_VERSIONS = {
    1.0: ssl.TLSVersion.TLSv1,
    1.1: ssl.TLSVersion.TLSv1_1,
    1.2: ssl.TLSVersion.TLSv1_2,
    1.3: ssl.TLSVersion.TLSv1_3,
}
_SELF_SIGNED = {18, 19}  # OpenSSL's verify codes: the certificate itself, or the chain's end


class SslCheck(probing.ProbingCheck):
    """Makes a TLS handshake and evaluates the assertions on what the server showed."""

    fields: ClassVar = {
        "host": allowed.needed_text, "port": allowed.port, "servername": allowed.text,
        "timeout": allowed.seconds, "ignore_certificate_validation": allowed.anything,
        "disableAiaIntermediateFetching": allowed.anything, "allow_insecure": allowed.anything,
    }  # fmt: skip
    refused_options: ClassVar = ("checkCertificateRevocation",)
    operators: ClassVar = {
        "": {
            "certificate": EXPIRY,
            "property": probing.TEXTUAL,
            "responseTime": probing.ORDERED,
            "tlsVersion": probing.ORDERED,
            "minTlsVersion": probing.ORDERED,
        }
    }
    properties: ClassVar = {"property": "a part of the certificate, such as subject.CN"}

    def unsupported(self, definition: Definition) -> list[str]:
        problems = super().unsupported(definition)
        if _asks_for_lowest(definition) and not (ssl.HAS_TLSv1 and ssl.HAS_TLSv1_1):
            problems.append("minTlsVersion needs an OpenSSL with TLS 1.0 and 1.1")
        return problems

    async def run(self, run: Run, variables: Variables) -> Outcome:
        server = _Server(run.definition, variables)
        probe, actual = server.probe(), server.actual
        return await self.check(run, variables, server.seen, probe, actual, server.timeout)


def _asks_for_lowest(definition: Definition) -> bool:
    return "minTlsVersion" in request_values.asserted(definition)


class _Server:
    """What is asked for, and what assertions look at."""

    version: float
    lowest: float  # found only where an assertion asks for it
    expiry: datetime
    facts: Json

    def __init__(self, definition: Definition, variables: Variables) -> None:
        self.definition, request = definition, definition.request
        self.host = request_values.host_of(request, variables)
        self.port = request_values.port_of(request, variables, _DEFAULT_PORT)
        named = request.get("servername")
        self.name = request_values.host_of(request, variables, "servername") if named else self.host
        self.timeout = request_values.timeout_of(request, variables)
        shown = {
            "host": self.host,
            "port": self.port,
            "servername": self.name,
            "timeout": round(self.timeout * 1000),
        }
        self.seen = Sighting({"request": shown})

    def actual(self, assertion: Json) -> Any:
        match assertion["type"]:
            case "tlsVersion":
                return self.version
            case "minTlsVersion":
                return self.lowest
            case "certificate":
                return _days_left(self.expiry)
            case _:
                return _part(self.facts, assertion["property"])

    async def probe(self) -> None:
        der, protocol, cipher = await self._verified()
        self.seen.lap("ssl")
        self.seen.finish()
        try:
            certificate = describe(der)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise CheckFailed("SSL", f"The certificate cannot be read: {error}") from None
        self.version = float(protocol.removeprefix("TLSv"))
        of_connection = {"cipher": cipher, "protocol": protocol}
        self.facts, self.expiry = certificate.facts | of_connection, certificate.expiry
        self.seen.detail["cert"] = {
            **certificate.shown,
            **of_connection,
            "tls_version": self.version,
        }
        if _asks_for_lowest(self.definition):
            self.lowest = await self._lowest()

    async def _verified(self) -> tuple[bytes, str, str]:
        """The handshake that the definition wants. Raises OSError for an unaccepted certificate."""
        if request_values.setting(self.definition, "ignore_certificate_validation"):
            return await self._handshake(accepting_all(), self.seen)
        try:
            return await self._handshake(context_for("ssl"), self.seen)
        except ssl.SSLCertVerificationError as error:
            # In a step of a multistep test it is written as the request's allow_insecure.
            accepted = self.definition.options.get(
                "accept_self_signed"
            ) or self.definition.request.get("allow_insecure")
            if error.verify_code not in _SELF_SIGNED or not accepted:
                raise
        # Trusting just this certificate leaves its dates and its names to be verified.
        der, _, _ = await self._handshake(accepting_all(), Sighting())
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        trusting.load_verify_locations(cadata=der)
        self.seen.restart()
        return await self._handshake(trusting, self.seen)

    async def _handshake(self, context: ssl.SSLContext, seen: Sighting) -> tuple[bytes, str, str]:
        """The certificate, the protocol's version and the cipher."""
        connection = await connect(self.host, self.port, seen)
        # A certificate never has the dot of a whole name.
        _, writer = await asyncio.open_connection(
            sock=connection, ssl=context, server_hostname=self.name.removesuffix(".")
        )
        try:
            tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
            der, cipher = tls.getpeercert(binary_form=True), tls.cipher()
            if der is None or cipher is None:
                raise CheckFailed("SSL", "The server showed no certificate.")
            return der, str(tls.version()), cipher[0]
        finally:
            writer.transport.abort()

    async def _lowest(self) -> float:
        """The lowest version that the server accepts."""
        for number, version in _VERSIONS.items():
            try:
                await self._handshake(_limited_to(version), Sighting())
            except (ssl.SSLError, ConnectionResetError):
                continue  # how servers refuse a version: with an alert, or by closing
            return number
        raise CheckFailed("SSL", "The server accepts no version of TLS by itself.")


def _limited_to(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = accepting_all()
    context.set_ciphers("ALL:@SECLEVEL=0")  # OpenSSL's default level has no TLS below 1.2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    return context


def _days_left(expiry: datetime) -> float:
    left = (expiry - datetime.now(UTC)).total_seconds() / _DAY
    if left <= 0:
        # It expires in no number of days any more, neither less nor more.
        raise NoValue(f"the certificate expired on {expiry:%Y-%m-%d}")
    return round(left, 3)


def _part(facts: Json, path: str) -> Any:
    """What a path such as `subject.CN` names."""
    value: Any = facts
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if value is None:
        raise NoValue(f"the certificate has no {path}")
    return value
