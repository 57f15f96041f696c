"""Targets that cannot be reached, are not trusted or break off."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.support.service import Answer, Handler, Service, Target, http_test

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_a_refused_connection(service: Service) -> None:
    result = service.run(http_test(f"http://127.0.0.1:{closed_port()}/"))
    assert result["failure"]["code"] == "CONNREFUSED"
    assert (result["status"], result["inconclusive"]) == ("failed", False)


def test_a_name_that_does_not_resolve(service: Service) -> None:
    result = service.run(http_test("http://no-such-host.invalid/"))
    assert result["failure"]["code"] == "DNS"
    assert "no-such-host.invalid" in result["failure"]["message"]


@contextmanager
def raw_server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that says what `talk` says to its one connection."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(65536)
            talk(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join()


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


@pytest.mark.parametrize(
    ("talk", "code"),
    [
        (reset, "CONNRESET"),
        (lambda _: None, "CONNRESET"),
        (lambda it: it.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"), "CONNRESET"),
        (lambda it: it.sendall(b"this is not HTTP\r\n\r\n"), "MALFORMED_RESPONSE"),
    ],
    ids=["reset", "closed", "cut", "not http"],
)
def test_a_broken_answer(
    service: Service, talk: Callable[[socket.socket], None], code: str
) -> None:
    with raw_server(talk) as url:
        assert service.run(http_test(url))["failure"]["code"] == code


def test_a_slow_answer_times_out(target: Target, service: Service) -> None:
    release = threading.Event()

    def wait(_: Handler) -> Answer:
        release.wait()
        return 0, {}, ""

    target.routes["/slow"] = wait
    result = service.run(http_test(f"{target.url}/slow", timeout=0.2))
    release.set()
    assert result["failure"]["code"] == "TIMEOUT"
    assert "0.2 s" in result["failure"]["message"]
    # Timers of the event loop count whole milliseconds: one may be up to 1 ms early.
    assert result["timings"]["total"] > 199


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key in the same file."""
    path = tmp_path_factory.mktemp("tls") / "self-signed.pem"
    command = ["openssl", "req", "-x509", "-nodes", "-days", "1", "-newkey", "ec"]
    command += ["-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [*command, "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True
    )
    with path.open("a") as file:
        file.write(path.with_name(f"{path.name}.crt").read_text())
    return path


@pytest.fixture
def tls_target(target: Target, certificate: Path) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    # The handshake belongs to the connection's thread: a refused one must not end the server.
    target.server.socket = context.wrap_socket(
        target.server.socket, server_side=True, do_handshake_on_connect=False
    )
    return target.url.replace("http:", "https:")


def test_a_self_signed_certificate_is_refused(tls_target: str, service: Service) -> None:
    result = service.run(http_test(tls_target))
    assert result["failure"]["code"] == "SSL"
    assert "DEPTH_ZERO_SELF_SIGNED_CERT" in result["failure"]["message"]


def test_a_self_signed_certificate_may_be_allowed(tls_target: str, service: Service) -> None:
    result = service.run(http_test(tls_target, options={"allow_insecure": True}))
    assert result["status"] == "passed"
    assert result["timings"]["ssl"] > 0
    overridden = service.run(http_test(tls_target), allowInsecureCertificates=True)
    assert overridden["status"] == "passed"
