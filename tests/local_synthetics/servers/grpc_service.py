"""A gRPC server with a service of its own, health checks and reflection."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import descriptor_pb2, json_format, message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_synthetics.servers.certificates import Pair

SERVICE = "storedog.Discounts"
_METADATA = (
    ("x-dog", "beagle"), ("x-count", "7"), ("x-twice", "bad"), ("x-twice", "worse"),
    ("set-cookie", "s3cr3t-cookie"),
)  # fmt: skip
PROTO = """
syntax = "proto3";
package storedog;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
message Question { string code = 1; int64 amount = 2; }
message Answer {
  string code = 1;
  int64 amount = 2;
  repeated string words = 3;
  google.protobuf.Timestamp at = 4;
}
service Discounts {
  rpc Get (Question) returns (Answer);
  rpc Count (Question) returns (google.protobuf.Int32Value);
  rpc Watch (Question) returns (stream Answer);
}
"""


@dataclass
class GrpcServer:
    """`asked` holds the metadata of each call of the own service."""

    port: int = 0
    asked: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def grpc_server(pair: Pair | None = None) -> Iterator[GrpcServer]:
    """Run it, with TLS if it is given a certificate."""
    pool = DescriptorPool()
    for file in _files():
        pool.Add(file)
    server = GrpcServer()
    with ThreadPoolExecutor(4) as threads:
        running = grpc.server(threads, options=[("grpc.so_reuseport", 0)])
        running.add_generic_rpc_handlers([_handlers(pool, server)])
        checks = health.HealthServicer()
        checks.set("", health_pb2.HealthCheckResponse.SERVING)
        checks.set("sick", health_pb2.HealthCheckResponse.NOT_SERVING)
        checks.set("odd", 7)  # of a later version
        health_pb2_grpc.add_HealthServicer_to_server(checks, running)
        reflection.enable_server_reflection((SERVICE, reflection.SERVICE_NAME), running, pool)
        if pair:
            credentials = grpc.ssl_server_credentials(
                [(pair.key.read_bytes(), pair.chain.read_bytes())]
            )
            server.port = running.add_secure_port("127.0.0.1:0", credentials)
        else:
            server.port = running.add_insecure_port("127.0.0.1:0")
        running.start()
        try:
            yield server
        finally:
            running.stop(None).wait()


def _files() -> list[descriptor_pb2.FileDescriptorProto]:
    """What the compiler makes of PROTO."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "discounts.proto").write_text(PROTO)
        result = Path(folder, "set")
        compiler = [sys.executable, "-m", "grpc_tools.protoc", f"-I{folder}", "--include_imports"]
        subprocess.run([*compiler, f"--descriptor_set_out={result}", "discounts.proto"], check=True)
        return list(descriptor_pb2.FileDescriptorSet.FromString(result.read_bytes()).file)


def _handlers(pool: DescriptorPool, server: GrpcServer) -> grpc.GenericRpcHandler:
    question = message_factory.GetMessageClass(pool.FindMessageTypeByName("storedog.Question"))
    answer = message_factory.GetMessageClass(pool.FindMessageTypeByName("storedog.Answer"))
    number = message_factory.GetMessageClass(
        pool.FindMessageTypeByName("google.protobuf.Int32Value")
    )

    def get(asked: Any, context: grpc.ServicerContext) -> Any:
        server.asked.append({key: str(value) for key, value in context.invocation_metadata()})
        if asked.code == "NONE":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such discount")
        if asked.code == "SLOW":
            gone = threading.Event()
            context.add_callback(gone.set)
            gone.wait()
        words = ["x" * 1000] * 5000 if asked.code == "HUGE" else ["good", "dog"]
        context.send_initial_metadata(_METADATA)
        context.set_trailing_metadata((("x-last", "tail"), ("x-twice", "good")))
        text = json.dumps({"code": asked.code, "amount": asked.amount, "words": words})
        return json_format.Parse(text, answer())

    def count(asked: Any, _context: grpc.ServicerContext) -> Any:
        return number(value=asked.amount)

    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            name: grpc.unary_unary_rpc_method_handler(
                method,
                request_deserializer=question.FromString,
                response_serializer=lambda message: message.SerializeToString(),
            )
            for name, method in (("Get", get), ("Count", count))
        },
    )
