"""Where the messages of a gRPC method are described: a `.proto` file, or the server itself."""

from __future__ import annotations

import asyncio
import base64
import binascii
import sys
import tempfile
import zlib
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, cast

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha import reflection_pb2

from pytest_storedog_gate.local_synthetics.failures import CheckFailed, InvalidTest
from pytest_storedog_gate.outlets.child_environment import child_environment

if TYPE_CHECKING:
    from google.protobuf.descriptor import MethodDescriptor
    from grpc.aio import Channel

_LARGEST = 1024 * 1024  # bytes of a .proto file
_MOST_FILES = 200
_ZLIB_OR_GZIP = 32 + zlib.MAX_WBITS
_NAME = "service.proto"
_REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"


def unpacked(compressed: str) -> bytes:
    """The text of `compressedProtoFile`: Base64 of zlib's format, as recorded, or of gzip's.

    Raises ValueError with a sentence.
    """
    try:
        packed = base64.b64decode(compressed, validate=True)
        decoder = zlib.decompressobj(_ZLIB_OR_GZIP)
        text = decoder.decompress(packed, _LARGEST)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"cannot be read: {error}") from None
    if decoder.unconsumed_tail or not decoder.eof:
        raise ValueError(f"is cut off, or over {_LARGEST} bytes")
    return text


async def compiled(proto: bytes) -> DescriptorPool:
    """The types of a `.proto` file, which may import Google's own. Raises InvalidTest."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "set")
        Path(folder, _NAME).write_bytes(proto)  # noqa: ASYNC240 a small file
        # Its own process, as the compiler writes to standard error and ends the process at will.
        compiler = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "grpc_tools.protoc",
            f"-I{folder}",
            "--include_imports",
            f"--descriptor_set_out={result}",
            _NAME,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=child_environment(),
        )
        try:
            _, complaint = await compiler.communicate()
        except BaseException:
            compiler.kill()
            await compiler.wait()
            raise
        if compiler.returncode != 0:
            text = complaint.decode(errors="replace").strip()
            raise InvalidTest(f"config.request.compressedProtoFile cannot be compiled: {text}")
        files = descriptor_pb2.FileDescriptorSet.FromString(
            result.read_bytes()  # noqa: ASYNC240 a small file
        )
    return _pool({file.name: file for file in files.file})


async def reflected(channel: Channel, service: str) -> DescriptorPool:
    """The types that the server itself describes. Raises grpc.RpcError, CheckFailed."""
    call = channel.stream_stream(
        _REFLECTION,
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )()
    files: dict[str, descriptor_pb2.FileDescriptorProto] = {}
    wanted = [reflection_pb2.ServerReflectionRequest(file_containing_symbol=service)]
    try:
        while wanted:
            await call.write(wanted.pop())
            answer = cast("reflection_pb2.ServerReflectionResponse", await call.read())
            if answer.HasField("error_response"):
                raise CheckFailed(
                    "UNKNOWN",
                    f"The server's reflection does not know {service}: "
                    f"{answer.error_response.error_message}",
                )
            for text in answer.file_descriptor_response.file_descriptor_proto:
                file = descriptor_pb2.FileDescriptorProto.FromString(text)
                files[file.name] = file
                wanted += [
                    reflection_pb2.ServerReflectionRequest(file_by_filename=name)
                    for name in file.dependency
                    if name not in files
                ]
            if len(files) > _MOST_FILES:
                raise CheckFailed("BODY_TOO_LARGE", f"Over {_MOST_FILES} files are described.")
    finally:
        call.cancel()
    return _pool(files)


def method_of(pool: DescriptorPool, service: str, name: str) -> MethodDescriptor:
    """A unary method. Raises InvalidTest."""
    try:
        found = pool.FindServiceByName(service)
    except KeyError:
        raise InvalidTest(f"service {service!r} is not described") from None
    method: MethodDescriptor | None = found.methods_by_name.get(name)
    if method is None:
        known = ", ".join(sorted(found.methods_by_name))
        raise InvalidTest(f"{service} has no method {name!r}; it has {known}")
    if method.client_streaming or method.server_streaming:
        raise InvalidTest(f"{service}/{name} streams, which is not supported")
    return method


def _pool(files: dict[str, descriptor_pb2.FileDescriptorProto]) -> DescriptorPool:
    """Each file after those that it imports."""
    pool, imports = DescriptorPool(), {name: file.dependency for name, file in files.items()}
    for name in TopologicalSorter(imports).static_order():
        if name in files:
            pool.Add(files[name])
    return pool
