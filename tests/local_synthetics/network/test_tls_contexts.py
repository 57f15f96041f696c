"""TLS contexts are made once for each kind of check, and again for other authorities."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.servers.certificates import Certificates
from tests.local_synthetics.servers.grpc_service import grpc_server
from tests.local_synthetics.servers.tls import tls_server
from tests.local_synthetics.servers.websocket import websocket_server
from tests.local_synthetics.support.network_tests import network_test, that
from tests.local_synthetics.support.secure import client_pair, secure
from tests.local_synthetics.support.service import http_test, targeting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.local_synthetics.support.service import Json, Service, Target

_FAST = that("responseTime", "moreThan", -1)


@contextmanager
def _http(certificates: Certificates) -> Iterator[Json]:
    with targeting() as target:
        yield http_test(secure(target, certificates))


@contextmanager
def _http_with_certificate(certificates: Certificates) -> Iterator[Json]:
    with targeting() as target:
        url = secure(target, certificates, certificates.authority)
        yield http_test(url, certificate=client_pair(certificates))


@contextmanager
def _ssl(certificates: Certificates) -> Iterator[Json]:
    with tls_server(certificates.good) as port:
        yield network_test("ssl", {"host": "localhost", "port": port}, _FAST)


@contextmanager
def _websocket(certificates: Certificates) -> Iterator[Json]:
    with websocket_server(certificates.good) as server:
        request = {"url": f"wss://localhost:{server.port}/", "message": "woof"}
        yield network_test("websocket", request, _FAST)


@contextmanager
def _grpc(certificates: Certificates) -> Iterator[Json]:
    with grpc_server(certificates.good) as server:
        request = {"host": "grpcs://localhost", "port": server.port, "callType": "healthcheck"}
        yield network_test("grpc", request, _FAST)


KINDS: dict[str, Callable[[Certificates], AbstractContextManager[Json]]] = {
    "http": _http,
    "http with a certificate": _http_with_certificate,
    "ssl": _ssl,
    "websocket": _websocket,
    "grpc": _grpc,
}


@pytest.mark.parametrize("kind", KINDS)
def test_authorities_are_loaded_once(
    tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    certificates = Certificates(tmp_path)
    made = []
    load = ssl.SSLContext.load_default_certs

    def counted(context: ssl.SSLContext) -> None:
        made.append(context)
        load(context)

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", counted)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    with KINDS[kind](certificates) as test:
        for _ in range(3):
            result = service.run(test)
            assert result["status"] == "passed", result["failure"]
        assert len(made) == 1
        monkeypatch.delenv("SSL_CERT_FILE")
        assert service.run(test)["failure"]["code"] == "SSL"


def test_plain_http_needs_no_authorities(
    service: Service, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", None)
    assert service.run(http_test(target.url))["status"] == "passed"
