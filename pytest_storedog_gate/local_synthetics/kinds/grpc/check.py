"""gRPC API tests (`type: api`, `subtype: grpc`): a health check or a unary call."""

from __future__ import annotations

import asyncio
import json
import ssl
from dataclasses import dataclass, field
from functools import lru_cache, partial
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
from pytest_storedog_gate.local_synthetics.kinds.common import allowed, request_values
from pytest_storedog_gate.local_synthetics.kinds.common.probing import (
    ORDERED,
    ProbingCheck,
    cut,
    joined,
    timed_out,
)
from pytest_storedog_gate.local_synthetics.kinds.grpc import schema
from pytest_storedog_gate.local_synthetics.network import addresses
from pytest_storedog_gate.local_synthetics.network.stopwatch import Sighting
from pytest_storedog_gate.local_synthetics.network.tls_contexts import context_for
from pytest_storedog_gate.local_synthetics.variables.variables import has_placeholder
from pytest_storedog_gate.secrets.places import mask_headers

if TYPE_CHECKING:
    from google.protobuf.descriptor import MethodDescriptor
    from google.protobuf.descriptor_pool import DescriptorPool
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
_COMMON: Operators = {"responseTime": ORDERED, "grpcMetadata": GENERAL | ABSENCE}


@dataclass(frozen=True, slots=True)
class _Target:
    host: str
    port: int
    tls: bool
    service: str
    method: str
    message: str
    metadata: dict[str, str]
    proto: bytes | None
    timeout: float


@dataclass(slots=True)
class _Found:
    """What the assertions look at; metadata by names in lower case."""

    metadata: dict[str, str] = field(default_factory=dict)
    status: int = 0
    answer: str = ""

    def part(self, kind: str, name: str) -> str:
        """See `protocol.Source`."""
        if kind == "grpc_message":
            return self.answer
        return named(self.metadata, name, "the metadata")


class GrpcCheck(ProbingCheck):
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
        _HEALTH: {**_COMMON, "grpcHealthcheckStatus": ORDERED},
        _UNARY: {**_COMMON, "grpcProto": GENERAL | {JSON_PATH, JSON_SCHEMA}},
    }

    def call_of(self, definition: Definition) -> str:
        """As it is said, or else as the method tells: older definitions say nothing."""
        request = definition.request
        said = request.get("callType")
        return str(said) if said else _UNARY if request.get("method") else _HEALTH

    def unsupported(self, definition: Definition) -> list[str]:
        """See `Kind`."""
        problems, request = super().unsupported(definition), definition.request
        if self.call_of(definition) != _UNARY:
            return problems
        problems += [
            *allowed.needed_text(request, "service"),
            *allowed.needed_text(request, "method"),
        ]
        return problems + _unsupported_proto(request)

    async def run(self, run: Run, variables: Variables) -> Outcome:
        """See `Kind`."""
        definition = run.definition
        call = self.call_of(definition)
        target = _target(definition, variables)
        shown = {
            "host": target.host,
            "port": target.port,
            "call_type": "healthCheck" if call == _HEALTH else call,
            "service": target.service,
            "method": target.method,
            "message": cut(target.message, variables)[0],
            "metadata": mask_headers(target.metadata),
            "timeout": round(target.timeout * 1000),
        }
        seen, found = Sighting({"request": shown, "call_type": shown["call_type"]}), _Found()
        probe, actual = _probe(run, call, target, seen, found), partial(_actual, found)
        outcome = await self.check(run, variables, seen, probe, actual, target.timeout)
        if found.answer:
            text, truncated = cut(found.answer, variables)
            shown_answer = {"message": text, "is_message_truncated": truncated}
            outcome.detail["response"] |= shown_answer
        return outcome


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


def _target(definition: Definition, variables: Variables) -> _Target:
    request = definition.request
    host = variables.fill(request["host"]).strip().lower()
    scheme = next((one for one in _SCHEMES if host.startswith(one)), "")
    port = request_values.port_of(request, variables, _DEFAULT_PORT)
    tls = _SCHEMES.get(scheme, port == _TLS_PORT)
    if tls and request_values.setting(definition, "allow_insecure"):
        raise InvalidTest("allow_insecure is not supported for gRPC with TLS")
    proto = request.get("compressedProtoFile")
    metadata = request_values.named_texts(request, "metadata", variables)
    return _Target(
        host=request_values.host_of(request, variables),
        port=port,
        tls=tls,
        service=variables.fill(request.get("service") or ""),
        method=variables.fill(request.get("method") or ""),
        message=variables.fill(request.get("message") or ""),
        metadata={name.lower(): value for name, value in metadata.items()},
        proto=schema.unpacked(proto) if proto else None,
        timeout=request_values.timeout_of(request, variables),
    )


async def _probe(run: Run, call: str, target: _Target, seen: Sighting, found: _Found) -> None:
    await _try_to_connect(target, seen)
    try:
        async with _channel(target, seen.detail["resolved_ip"]) as channel:
            if call == _HEALTH:
                await _check_health(channel, target, seen, found)
            else:
                pool = await _types(channel, target)
                method = schema.method_of(pool, target.service, target.method)
                question, stub = _question(target, method, pool), _stub(channel, target, method)
                found.answer = _as_json(await _answered(stub, question, target, seen, found), pool)
    except grpc.aio.AioRpcError as error:
        raise _failure(error, target) from None
    except grpc.aio.UsageError as error:
        raise CheckFailed("INVALID_REQUEST", f"The call cannot be made: {error}") from None
    seen.finish()
    await run.answered(found.part)


async def _try_to_connect(target: _Target, seen: Sighting) -> None:
    """Connect and close, as gRPC itself tells little of why it could not connect."""
    connection = await addresses.connect(target.host, target.port, seen)
    if not target.tls:
        connection.close()
        return
    context = context_for("grpc")
    context.set_alpn_protocols(["h2"])
    _, writer = await asyncio.open_connection(
        sock=connection, ssl=context, server_hostname=target.host
    )
    writer.transport.abort()
    seen.lap("ssl")


def _channel(target: _Target, address: str) -> grpc.aio.Channel:
    family = "ipv6" if ":" in address else "ipv4"
    at = f"ipv6:[{address}]:{target.port}" if family == "ipv6" else f"ipv4:{address}:{target.port}"
    authority = f"[{target.host}]" if ":" in target.host else target.host
    options: list[tuple[str, Any]] = [
        ("grpc.default_authority", f"{authority}:{target.port}"),
        ("grpc.enable_http_proxy", 0),
        ("grpc.enable_retries", 0),
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.max_receive_message_length", _LARGEST),
    ]
    if not target.tls:
        return grpc.aio.insecure_channel(at, options)
    credentials = grpc.ssl_channel_credentials(_authorities(context_for("grpc")))
    return grpc.aio.secure_channel(at, credentials, options)


@lru_cache(maxsize=1)
def _authorities(context: ssl.SSLContext) -> bytes | None:
    """The system's, as the other kinds use them; gRPC would bring its own."""
    known = context.get_ca_certs(binary_form=True)
    found = "".join(map(ssl.DER_cert_to_PEM_cert, known)).encode()
    # Of a folder the context has only what it needed so far.
    if folder := ssl.get_default_verify_paths().capath:
        found += b"\n".join(one.read_bytes() for one in sorted(Path(folder).glob("*.[0-9]")))
    return found or None


async def _types(channel: grpc.aio.Channel, target: _Target) -> DescriptorPool:
    if target.proto is not None:
        return await schema.compiled(target.proto)
    return await schema.reflected(channel, target.service)


async def _check_health(
    channel: grpc.aio.Channel, target: _Target, seen: Sighting, found: _Found
) -> None:
    stub = channel.unary_unary(
        _HEALTH_METHOD,
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    question = health_pb2.HealthCheckRequest(service=target.service)
    answer = await _answered(stub, question, target, seen, found)
    found.status = answer.status
    names = {number: name for name, number in health_pb2.HealthCheckResponse.ServingStatus.items()}
    name = names.get(answer.status, str(answer.status))  # what is no name of its own is a number
    seen.detail["response"] |= {
        "healthcheck": {"status": found.status, "message": {"status": name}}
    }


def _question(target: _Target, method: MethodDescriptor, pool: DescriptorPool) -> Message:
    question = message_factory.GetMessageClass(method.input_type)()
    try:
        return json_format.Parse(target.message or "{}", question, descriptor_pool=pool)
    except json_format.ParseError as error:
        raise InvalidTest(f"config.request.message: {error}") from None


def _stub(channel: grpc.aio.Channel, target: _Target, method: MethodDescriptor) -> Any:
    return channel.unary_unary(
        f"/{target.service}/{target.method}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
    )


def _as_json(answer: Message, pool: DescriptorPool) -> str:
    document = json_format.MessageToDict(
        answer, descriptor_pool=pool, always_print_fields_with_no_presence=True
    )
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


async def _answered(
    stub: Any, question: Message, target: _Target, seen: Sighting, found: _Found
) -> Any:
    call = stub(question, metadata=list(target.metadata.items()), timeout=target.timeout)
    answer = await call
    seen.lap("firstByte")
    found.metadata = joined(
        (name.lower(), value if isinstance(value, str) else value.decode(errors="replace"))
        for part in (await call.initial_metadata(), await call.trailing_metadata())
        for name, value in part or ()
    )
    seen.detail["response"] = {"metadata": mask_headers(found.metadata)}
    return answer


def _actual(found: _Found, assertion: Json) -> Any:
    match assertion["type"]:
        case "grpcHealthcheckStatus":
            return found.status
        case "grpcMetadata":
            return found.part("grpc_metadata", assertion["property"])
        case _:
            return found.answer


def _failure(error: grpc.aio.AioRpcError, target: _Target) -> CheckFailed:
    code, details = error.code(), error.details() or ""
    told = f"{details} {error.debug_error_string()}"
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return timed_out(target.timeout)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in details:
        return CheckFailed("BODY_TOO_LARGE", f"The answer is over {_LARGEST} bytes.")
    if code is grpc.StatusCode.UNAVAILABLE and any(words in told for words in _CLOSED):
        return CheckFailed("CONNRESET", "The target closed the connection.")
    return CheckFailed("UNKNOWN", f"The call ended with the gRPC status {code.name}: {details}")
