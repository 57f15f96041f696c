"""What a process is asked to become, and how that is told over a socket."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass

_LENGTH = 8  # bytes
_DESCRIPTORS = 4  # three streams, and perhaps the line on which the end is told


@dataclass(frozen=True)
class Job:
    """A Python to start: as `subprocess.Popen` is told, with three open streams."""

    args: list[str]
    cwd: str
    env: dict[str, str]
    streams: list[int]

    def close(self) -> None:
        """Leaves its streams to the process that does it."""
        for stream in self.streams:
            os.close(stream)


def send(connection: socket.socket, job: Job) -> None:
    """Gives the job away; the streams stay open here."""
    data = json.dumps([job.args, job.cwd, job.env]).encode()
    socket.send_fds(connection, [len(data).to_bytes(_LENGTH)], job.streams)
    connection.sendall(data)


def receive(connection: socket.socket) -> Job | None:
    """The next job; None where there will be none any more."""
    length, streams, _, _ = socket.recv_fds(connection, _LENGTH, _DESCRIPTORS)
    if not length:
        return None
    args, cwd, env = json.loads(_read(connection, int.from_bytes(length)))
    return Job(args, cwd, env, streams)


def send_status(connection: socket.socket, status: int) -> None:
    """Tells what `os.waitpid` told."""
    connection.sendall(status.to_bytes(_LENGTH))


def receive_status(connection: socket.socket) -> int:
    """What `os.waitpid` told of the process that did the job. Raises EOFError."""
    return int.from_bytes(_read(connection, _LENGTH))


def _read(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        data += (more := connection.recv(length - len(data)))
        if not more:
            raise EOFError
    return data
