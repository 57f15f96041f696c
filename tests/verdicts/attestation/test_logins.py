"""Registries that ask for a login: which is Docker's own, and goes to nobody else."""

from __future__ import annotations

import base64
import http.server
import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from pytest_storedog_gate.deploy.registry import oci
from pytest_storedog_gate.errors import NoVerdict
from pytest_storedog_gate.settings.promotion import Promotion
from pytest_storedog_gate.verdicts.attestation import opening

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOGIN = base64.b64encode(b"gate:secret").decode()
BASIC = f"Basic {LOGIN}"
DIGEST = "sha256:" + "0" * 64


class Guarded(http.server.ThreadingHTTPServer):
    """A registry with one manifest, `{}`, for who has `wanted`; it says `token` to who asks."""

    def __init__(self, wanted: str, token: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.wanted, self.token = wanted, token
        self.location = "/upload"
        self.puts_go: str | None = None
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.asked: list[str] = []


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Guarded

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        login = self.headers.get("Authorization", "")
        if self.path.startswith("/token"):
            self.server.asked.append(parse_qs(body).get("refresh_token", [login])[0])
            self._answer(200, self.server.token)
        elif login != self.server.wanted:
            scheme = self.server.wanted.partition(" ")[0]
            self._answer(
                401, WWW_Authenticate=f'{scheme} realm="{self.server.address}/token",service="x"'
            )
        elif self.command == "PUT" and self.server.puts_go:
            self._answer(302, Location=self.server.puts_go)
        elif self.command == "POST":
            self._answer(202, Location=self.server.location)
        else:
            self._answer(404 if self.command == "HEAD" else 200, "{}")

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815  # as http.server wants them

    def _answer(self, status: int, body: str = "", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def guarded(wanted: str, token: str) -> Iterator[Guarded]:
    with Guarded(wanted, token) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def logged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As after `docker login registry.example`."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"auths": {"registry.example": {"auth": LOGIN}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return file


def asked(registry: Guarded) -> bytes | None:
    repository = opening.in_registry(Promotion(registry=registry.address), "registry.example/shop")
    found = repository.manifest("1")
    return found and found[0]


@pytest.mark.usefixtures("logged_in")
@pytest.mark.parametrize(
    ("wanted", "token", "told"),
    [
        (BASIC, "", []),
        ("Bearer good", '{"token": "good"}', [BASIC]),
        ("Bearer good", '{"access_token": "good"}', [BASIC]),
    ],
)
def test_a_login_of_docker_opens_a_registry(wanted: str, token: str, told: list[str]) -> None:
    with guarded(wanted, token) as registry:
        assert asked(registry) == b"{}"
        assert registry.asked == told


def test_an_identity_token_opens_a_registry(logged_in: Path) -> None:
    auth = {"auth": base64.b64encode(b"<token>:").decode(), "identitytoken": "refreshing"}
    logged_in.write_text(json.dumps({"auths": {"registry.example": auth}}))
    with guarded("Bearer good", '{"token": "good"}') as registry:
        assert asked(registry) == b"{}"
        assert registry.asked == ["refreshing"]


@pytest.mark.usefixtures("logged_in")
@pytest.mark.parametrize(
    "token",
    [
        "[]",
        "null",
        '"x"',
        '{"token": 5}',
        '{"token": "a\\nb"}',
        "<",
        "[" * 100_000,
        " " * 9_000_000,
    ],
    ids=range(8),
)
def test_a_token_that_is_none_opens_nothing(token: str) -> None:
    with (
        guarded("Bearer good", token) as registry,
        pytest.raises(NoVerdict, match=r"answers 401|cannot be asked|answers more than"),
    ):
        asked(registry)


@pytest.mark.usefixtures("logged_in")
@pytest.mark.parametrize("elsewhere", ["http://127.0.0.1:9/x", "https://{host}/x", "http://[::1/x"])
def test_a_registry_that_sends_elsewhere_takes_no_login_there(elsewhere: str) -> None:
    with guarded(BASIC, "") as registry:
        registry.location = elsewhere.format(host=registry.address.removeprefix("http://"))
        repository = opening.in_registry(Promotion(registry=registry.address), "registry.example/s")
        with pytest.raises(NoVerdict, match=r"sends us to another address|cannot be asked"):
            repository.put_blob(b"a verdict")


@pytest.mark.usefixtures("logged_in")
def test_a_registry_that_spells_its_name_otherwise_is_no_other() -> None:
    with guarded(BASIC, "") as registry:
        registry.location = f"http://localhost:{registry.server_port}/upload"
        address = f"http://LOCALHOST:{registry.server_port}"
        repository = opening.in_registry(Promotion(registry=address), "registry.example/s")
        assert repository.put_blob(b"a verdict")["size"] == len(b"a verdict")


@pytest.mark.usefixtures("logged_in")
def test_what_a_registry_redirects_is_not_kept() -> None:
    """To the page of a login, for one, which answers with 200: a GET follows a PUT there."""
    with guarded(BASIC, "") as registry:
        registry.puts_go = "/login"
        repository = opening.in_registry(Promotion(registry=registry.address), "registry.example/s")
        with pytest.raises(NoVerdict, match="answers 302 to PUT"):
            repository.put_manifest(b"{}", oci.MANIFEST)


def test_a_login_is_in_utf_8(logged_in: Path) -> None:
    login = base64.b64encode("gate:gehe\u00edm\u2603".encode()).decode()
    logged_in.write_text(json.dumps({"auths": {"registry.example": {"auth": login}}}))
    with guarded(f"Basic {login}", "") as registry:
        assert asked(registry) == b"{}"


@pytest.mark.usefixtures("logged_in")
def test_a_netrc_file_takes_the_place_of_no_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login another password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with guarded("Bearer good", '{"token": "good"}') as registry:
        assert asked(registry) == b"{}"
        assert registry.asked == [BASIC]
