"""gRPC API tests (`type: api`, `subtype: grpc`): a health check or a unary call."""

from __future__ import annotations

import asyncio
import json
import ssl
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import grpc
import grpc.aio
from google.protobuf import json_format, message_factory
from grpc_health.v1 import health_pb2

from pytest_storedog_gate.local_synthetics.assertions.assertion import (
    JSON_PATH,
    JSON_SCHEMA,
    named,
)
from pytest_storedog_gate.local_synthetics.assertions.operators import ABSENCE, GENERAL
from pytest_storedog_gate.local_synthetics.failures import CheckFailed, InvalidTest
from pytest_storedog_gate.local_synthetics.kinds.common import allowed, probing, request_values
from pytest_storedog_gate.local_synthetics.kinds.grpc import schema
from pytest_storedog_gate.local_synthetics.network import addresses
from pytest_storedog_gate.local_synthetics.network.stopwatch import Sighting
from pytest_storedog_gate.local_synthetics.network.tls_contexts import context_for
from pytest_storedog_gate.local_synthetics.variables.variables import has_placeholder
from pytest_storedog_gate.secrets.places import mask_headers

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from pytest_storedog_gate.local_synthetics.assertions.assertion import Operators
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.kinds.protocol import Outcome, Run
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_DEFAULT_PORT, _TLS_PORT = 50051, 443
_LARGEST = 4 * 1024 * 1024  # bytes of an answer, gRPC's own default
_HEALTH, _UNARY = "healthcheck", "unary"
_HEALTH_METHOD = "/grpc.health.v1.Health/Check"
_SCHEMES = {"grpc://": False, "http://": False, "grpcs://": True, "https://": True}
_CLOSED = ("Connection reset", "Socket closed")  # only gRPC's words tell
_COMMON: Operators = {"responseTime": probing.ORDERED, "grpcMetadata": GENERAL | ABSENCE}


class GrpcCheck(probing.ProbingCheck):
    """Calls a method and evaluates the assertions on the answer."""

    extractable: ClassVar = {"grpc_message": False, "grpc_metadata": True}
    fields: ClassVar = {
        "host": allowed.needed_text, "port": allowed.port, "service": allowed.text,
        "method": allowed.text, "message": allowed.text, "metadata": allowed.texts,
        "callType": allowed.anything, "compressedProtoFile": allowed.anything,
        "compressedJsonDescriptor": allowed.anything, "timeout": allowed.seconds,
        "allow_insecure": allowed.anything,
    }  # fmt: skip
    operators: ClassVar = {
        _HEALTH: {**_COMMON, "grpcHealthcheckStatus": probing.ORDERED},
        _UNARY: {**_COMMON, "grpcProto": GENERAL | {JSON_PATH, JSON_SCHEMA}},
    }

    def call_of(self, definition: Definition) -> str:
        """As it is said, or else as the method tells: older definitions say nothing."""
        request = definition.request
        said = request.get("callType")
        return str(said) if said else _UNARY if request.get("method") else _HEALTH

    def unsupported(self, definition: Definition) -> list[str]:
        problems, request = super().unsupported(definition), definition.request
        if self.call_of(definition) != _UNARY:
            return problems
        problems += [
            *allowed.needed_text(request, "service"),
            *allowed.needed_text(request, "method"),
        ]
        return problems + _unsupported_proto(request)

    async def run(self, run: Run, variables: Variables) -> Outcome:
        call = _Call(run, variables, self.call_of(run.definition))
        return await self.check(
            run, variables, call.seen, call.probe(), call.actual, call.timeout, part=call.part
        )


class _Call:
    """One call: what is asked for, and what assertions look at."""

    def __init__(self, run: Run, variables: Variables, kind: str) -> None:
        request = run.definition.request
        host = variables.fill(request["host"]).strip().lower()
        scheme = next((one for one in _SCHEMES if host.startswith(one)), "")
        self.kind = kind
        self.port = request_values.port_of(request, variables, _DEFAULT_PORT)
        self.tls = _SCHEMES.get(scheme, self.port == _TLS_PORT)
        if self.tls and request_values.setting(run.definition, "allow_insecure"):
            raise InvalidTest("allow_insecure is not supported for gRPC with TLS")
        self.host = request_values.host_of(request, variables)
        self.service, self.method, self.message = (
            variables.fill(request.get(key) or "") for key in ("service", "method", "message")
        )
        metadata = request_values.named_texts(request, "metadata", variables)
        self.metadata = {name.lower(): value for name, value in metadata.items()}
        self.proto = request.get("compressedProtoFile")
        self.timeout = request_values.timeout_of(request, variables)
        self.answered_metadata: dict[str, str] = {}  # names in lower case
        self.status = 0
        self.answer = ""
        call_type = "healthCheck" if kind == _HEALTH else kind
        shown = {
            "host": self.host,
            "port": self.port,
            "call_type": call_type,
            "service": self.service,
            "method": self.method,
            "message": self.message,
            "metadata": mask_headers(self.metadata),
            "timeout": round(self.timeout * 1000),
        }
        self.seen = Sighting({"request": shown, "call_type": call_type})

    def part(self, kind: str, name: str) -> str:
        if kind == "grpc_message":
            return self.answer
        return named(self.answered_metadata, name, "the metadata")

    def actual(self, assertion: Json) -> Any:
        match assertion["type"]:
            case "grpcHealthcheckStatus":
                return self.status
            case "grpcMetadata":
                return self.part("grpc_metadata", assertion["property"])
            case _:
                return self.answer

    async def probe(self) -> None:
        await self._try_to_connect()
        try:
            async with self._channel() as channel:
                await (self._health if self.kind == _HEALTH else self._unary)(channel)
        except grpc.aio.AioRpcError as error:
            raise _failure(error, self.timeout) from None
        except grpc.aio.UsageError as error:
            raise CheckFailed("INVALID_REQUEST", f"The call cannot be made: {error}") from None

    async def _try_to_connect(self) -> None:
        """Connect and close, as gRPC itself tells little of why it could not connect."""
        connection = await addresses.connect(self.host, self.port, self.seen)
        if not self.tls:
            connection.close()
            return
        context = context_for("grpc")
        context.set_alpn_protocols(["h2"])
        _, writer = await asyncio.open_connection(
            sock=connection, ssl=context, server_hostname=self.host
        )
        writer.transport.abort()
        self.seen.lap("ssl")

    def _channel(self) -> grpc.aio.Channel:
        address = self.seen.detail["resolved_ip"]
        at = f"ipv6:[{address}]" if ":" in address else f"ipv4:{address}"
        authority = f"[{self.host}]" if ":" in self.host else self.host
        options: list[tuple[str, Any]] = [
            ("grpc.default_authority", f"{authority}:{self.port}"),
            ("grpc.enable_http_proxy", 0),
            ("grpc.enable_retries", 0),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.max_receive_message_length", _LARGEST),
        ]
        if not self.tls:
            return grpc.aio.insecure_channel(f"{at}:{self.port}", options)
        credentials = grpc.ssl_channel_credentials(_authorities(context_for("grpc")))
        return grpc.aio.secure_channel(f"{at}:{self.port}", credentials, options)

    async def _health(self, channel: grpc.aio.Channel) -> None:
        question = health_pb2.HealthCheckRequest(service=self.service)
        answer = await self._ask(channel, _HEALTH_METHOD, question, health_pb2.HealthCheckResponse)
        self.status = answer.status
        known = health_pb2.HealthCheckResponse.ServingStatus.items()
        # What is no name of its own is a number.
        name = {number: name for name, number in known}.get(self.status, str(self.status))
        self.seen.detail["response"]["healthcheck"] = {
            "status": self.status,
            "message": {"status": name},
        }

    async def _unary(self, channel: grpc.aio.Channel) -> None:
        if self.proto:
            pool = await schema.compiled(schema.unpacked(self.proto))
        else:
            pool = await schema.reflected(channel, self.service)
        method = schema.method_of(pool, self.service, self.method)
        question = message_factory.GetMessageClass(method.input_type)()
        try:
            json_format.Parse(self.message or "{}", question, descriptor_pool=pool)
        except json_format.ParseError as error:
            raise InvalidTest(f"config.request.message: {error}") from None
        answers = message_factory.GetMessageClass(method.output_type)
        path = f"/{self.service}/{self.method}"
        document = json_format.MessageToDict(
            await self._ask(channel, path, question, answers),
            descriptor_pool=pool,
            always_print_fields_with_no_presence=True,
        )
        self.answer = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        self.seen.detail["response"]["message"] = self.answer

    async def _ask(
        self, channel: grpc.aio.Channel, path: str, question: Message, answers: type[Message]
    ) -> Any:
        stub: Any = channel.unary_unary(
            path,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answers.FromString,
        )
        call = stub(question, metadata=list(self.metadata.items()), timeout=self.timeout)
        answer = await call
        self.seen.lap("firstByte")
        self.answered_metadata = probing.joined(
            (name.lower(), value if isinstance(value, str) else value.decode(errors="replace"))
            for part in (await call.initial_metadata(), await call.trailing_metadata())
            for name, value in part or ()
        )
        self.seen.detail["response"] = {"metadata": mask_headers(self.answered_metadata)}
        return answer


def _unsupported_proto(request: Json) -> list[str]:
    proto = request.get("compressedProtoFile") or ""
    if not isinstance(proto, str):
        return ["config.request.compressedProtoFile must be a string"]
    try:
        schema.unpacked(proto) if proto else b""
    except ValueError as error:
        return [f"config.request.compressedProtoFile {error}"]
    message = request.get("message") or "{}"
    if isinstance(message, str) and not has_placeholder(message):
        try:
            json.loads(message)
        except ValueError as error:
            return [f"config.request.message is not JSON: {error}"]
    return []


@lru_cache(maxsize=1)
def _authorities(context: ssl.SSLContext) -> bytes | None:
    """The system's, as the other kinds use them; gRPC would bring its own."""
    known = context.get_ca_certs(binary_form=True)
    found = "".join(map(ssl.DER_cert_to_PEM_cert, known)).encode()
    # Of a folder the context has only what it needed so far.
    if folder := ssl.get_default_verify_paths().capath:
        found += b"\n".join(one.read_bytes() for one in sorted(Path(folder).glob("*.[0-9]")))
    return found or None


def _failure(error: grpc.aio.AioRpcError, limit: float) -> CheckFailed:
    code, details = error.code(), error.details() or ""
    told = f"{details} {error.debug_error_string()}"
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return probing.timed_out(limit)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in details:
        return CheckFailed("BODY_TOO_LARGE", f"The answer is over {_LARGEST} bytes.")
    if code is grpc.StatusCode.UNAVAILABLE and any(words in told for words in _CLOSED):
        return CheckFailed("CONNRESET", "The target closed the connection.")
    return CheckFailed("UNKNOWN", f"The call ended with the gRPC status {code.name}: {details}")
