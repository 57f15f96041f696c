"""An address of this machine that leads to a pod, through the cluster's API, as kubectl does it.

https://kubernetes.io/docs/reference/kubectl/generated/kubectl_port-forward/
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import httpx2
from httpx2.websockets import HTTPXWSException, WebSocketUpgradeError

from pytest_storedog_gate.deploy.kubernetes.api.errors import ROLE
from pytest_storedog_gate.errors import NoVerdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.deploy.environment import Address
    from pytest_storedog_gate.deploy.kubernetes.api.cluster import Cluster

_PROTOCOL = "v4.channel.k8s.io"
_DATA, _ERROR = 0, 1  # channels, the first byte of each message
_PIECE = 65536  # bytes
_BROKEN = (httpx2.HTTPError, HTTPXWSException, OSError, RuntimeError)
_LARGEST = 2**20  # bytes of one message of the cluster's
_SOON = 5.0  # s; a thread that hears of the end ends at once


class Forward:
    """It listens from `open` until `close`; each connection is a stream of its own to the pod."""

    def __init__(self, cluster: Cluster, address: Address, pod: str, port: int) -> None:
        self._cluster, self.address, self._pod = cluster, address, pod
        self._path = f"/api/v1/namespaces/{cluster.namespace}/pods/{pod}/portforward?ports={port}"
        self._listening: socket.socket | None = None
        self._client: httpx2.Client | None = None
        self._accepting: threading.Thread | None = None
        self._carried: dict[threading.Thread, socket.socket] = {}

    def open(self) -> None:
        """NoVerdict where the address is taken, or the cluster does not lead to the pod."""
        host = self.address.host.strip("[]")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, self.address.port))
            listening.listen()
        except OSError as error:
            listening.close()
            raise NoVerdict(
                f"the preview {self.address} cannot be listened on ({error.strerror}): free it, or "
                "name another port of this machine with `preview`"
            ) from None
        self._listening, self._client = listening, self._cluster.http()
        try:
            self._require_way(self._client)
        except NoVerdict:
            self.close()
            raise
        self._accepting = threading.Thread(target=self._accept, args=(listening,), daemon=True)
        self._accepting.start()

    def close(self) -> None:
        """What is under way ends with it."""
        listening, self._listening = self._listening, None
        client, self._client = self._client, None
        if listening is not None:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)  # else who waits in `accept` goes on waiting
            listening.close()
        if self._accepting is not None:
            self._accepting.join(_SOON)
        for thread, one in [*self._carried.items()]:
            _shut(one)
            thread.join(_SOON)
        if client is not None:
            client.close()

    def _require_way(self, client: httpx2.Client) -> None:
        """Else a check would only see that nobody answers."""
        server = self._cluster.server
        try:
            with self._stream(client):
                return
        except WebSocketUpgradeError as error:
            status = error.response.status_code
            if status == httpx2.codes.FORBIDDEN:
                raise NoVerdict(
                    f"the cluster {server} does not let this login forward a port to {self._pod}: "
                    f"give it the verbs get and create on pods/portforward; {ROLE}"
                ) from None
            why = f"it answers {status}"
        except _BROKEN as error:
            why = type(error).__name__
        raise NoVerdict(
            f"the cluster {server} forwards no port to {self._pod} ({why}): see that its API "
            "server reaches the node's kubelet, or let the checks ask the candidate's Service"
        )

    @contextmanager
    def _stream(self, client: httpx2.Client) -> Iterator[Any]:
        with client.websocket(
            self._path,
            subprotocols=[_PROTOCOL],
            max_message_size_bytes=_LARGEST,
            keepalive_ping_interval_seconds=None,
        ) as stream:
            try:
                yield stream
            finally:
                # Its socket is closed next. A thread that still read it would read from whatever
                # has the socket's number then: another connection of this process.
                _end(stream)
                stream._background_receive_task.join(_SOON)  # noqa: SLF001  # nothing public waits

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                one, _ = listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._carry, args=(one,), daemon=True)
            self._carried[thread] = one
            thread.start()

    def _carry(self, one: socket.socket) -> None:
        """One connection, until a side has ended: who asks sees that as a server that went away."""
        client = self._client
        # Whatever breaks the stream, the socket is closed: nobody else could be told.
        with one, suppress(*_BROKEN):
            if client is not None:
                with self._stream(client) as stream:
                    sender = threading.Thread(target=_send, args=(one, stream), daemon=True)
                    sender.start()
                    try:
                        _receive(one, stream)
                    finally:
                        _shut(one)
                        sender.join(_SOON)
        self._carried.pop(threading.current_thread(), None)


def _send(one: socket.socket, stream: Any) -> None:
    with suppress(*_BROKEN):
        while piece := one.recv(_PIECE):
            stream.send_bytes(bytes([_DATA]) + piece)
    _end(stream)


def _end(stream: Any) -> None:
    """Whoever reads the stream hears its end."""
    _shut(stream.stream.get_extra_info("socket"))


def _shut(line: socket.socket) -> None:
    with suppress(OSError, ValueError):  # it is closed already
        line.shutdown(socket.SHUT_RDWR)


def _receive(one: socket.socket, stream: Any) -> None:
    """The first message of each channel is the port, in two bytes."""
    begun: set[int] = set()
    while True:
        message = stream.receive_bytes()
        channel, rest = message[0], message[1:]
        if channel not in begun:
            begun.add(channel)
            rest = rest[struct.calcsize("<H") :]
        if channel == _DATA and rest:
            one.sendall(rest)
        elif channel == _ERROR and rest:
            return  # nothing listens in the pod
