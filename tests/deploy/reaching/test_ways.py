"""The ways to an engine, and what is said where one of them does not lead there."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.deploy.docker.engine import Engine
from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress, TlsFiles
from pytest_storedog_gate.deploy.reaching.ways import way_to
from pytest_storedog_gate.errors import ConfigurationError, GateError, NoVerdict
from tests.deploy.conftest import redact
from tests.deploy.reaching.fronts import Pems, SshServer, TlsFront, free_port, unix_socket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Shop

NOBODY = unix_socket("/nowhere")


@pytest.fixture(autouse=True)
def docker_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Docker's own folder of a user who has told it nothing."""
    folder = tmp_path / "docker"
    folder.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    monkeypatch.delenv("DOCKER_CERT_PATH", raising=False)
    return folder


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with SshServer(tmp_path_factory.mktemp("ssh")) as server:
        yield server


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/var/run/docker.sock",
        "unix://var/run",
        "tcp://shop.example",
        "tcp://shop.example:0",
        "tcp://shop.example:65536",
        "tcp://root:hunter2-secret@shop.example:2376",
        "tcp://shop.example:2376/path",
        "http://shop.example:2375",
        "ssh://",
        "ssh://root:hunter2-secret@shop.example",
        "ssh://-oProxyCommand=hunter2-secret",
        "ssh://-l@shop.example",
        "ssh://shop.example/run/docker.sock",
        "ssh://shop.example;hunter2-secret",
        "ssh://shop.example:22\n",
        "context:",
        "context:../../hunter2-secret",
        "npipe:////./pipe/docker_engine",
    ],
)
def test_what_is_no_address_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match='must be "unix:///PATH", "tcp://HOST') as caught:
        EngineAddress.parse(text)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("unix:///var/run/docker.sock", "127.0.0.1"),
        ("tcp://127.0.0.1:2375", "127.0.0.1"),
        ("tcp://[::1]:2375", "::1"),
        ("tcp://localhost:2375/", "localhost"),
        ("ssh://deploy@127.0.0.1:22", "127.0.0.1"),
        ("ssh://shop.example", "shop.example"),
    ],
)
def test_where_published_addresses_answer(text: str, host: str) -> None:
    way = way_to(EngineAddress.parse(text), {})
    assert way.host == host
    assert shlex.split(way.docker) == ["docker", "-H", text.rstrip("/")]


def test_plain_tcp_to_another_machine_has_to_be_meant() -> None:
    address = EngineAddress.parse("tcp://192.0.2.1:2375")
    with pytest.raises(ConfigurationError, match=r"without TLS anybody .* say `tls = false`"):
        way_to(address, {})
    assert way_to(EngineAddress(address.text, plain=True), {}).host == "192.0.2.1"


def test_what_the_file_says_is_stronger_than_the_environment(tmp_path: Path) -> None:
    theirs, address = Pems.new(tmp_path / "theirs").folder, "tcp://192.0.2.1:2376"
    environ = {"DOCKER_CERT_PATH": str(theirs)}
    assert f"--tlscacert={theirs}/ca.pem" in way_to(EngineAddress(address), environ).docker
    ours = EngineAddress(address, TlsFiles(ca=tmp_path / "ours.pem"))
    assert way_to(ours, environ).docker.endswith(f"--tlsverify --tlscacert={tmp_path}/ours.pem")
    assert "tls" not in way_to(EngineAddress(address, plain=True), environ).docker
    with pytest.raises(ConfigurationError, match="has no ca"):
        way_to(EngineAddress(address), {"DOCKER_CERT_PATH": str(tmp_path)})


def test_tls_that_one_side_refuses(tmp_path: Path, shop: Shop) -> None:
    ours, other = Pems.new(tmp_path / "ours"), Pems.new(tmp_path / "other")
    locked = tmp_path / "locked.pem"
    locked.write_text(_locked())
    ca, cert, key = (ours.folder / f"{name}.pem" for name in ("ca", "cert", "key"))
    plain = int(shop.url.rpartition(":")[2])
    with TlsFront(ours.context, NOBODY) as front:
        cases: list[tuple[str, int, TlsFiles | None, type[GateError], str]] = [
            ("127.0.0.1", front.port, TlsFiles(other.folder / "ca.pem"), NoVerdict, "`tls.ca`"),
            ("localhost", front.port, TlsFiles(ca, cert, key), NoVerdict, "a name that its cert"),
            # A side that closes at once may take its own last words away.
            ("127.0.0.1", front.port, TlsFiles(ca), NoVerdict, "the engine tcp://127.0.0.1"),
            ("127.0.0.1", plain, TlsFiles(ca, cert, key), NoVerdict, "speaks no TLS"),
            ("127.0.0.1", free_port(), TlsFiles(ca, cert, key), NoVerdict, "does not answer"),
            ("127.0.0.1", 1, TlsFiles(tmp_path / "no"), ConfigurationError, "No such file"),
            ("127.0.0.1", 1, TlsFiles(ca, key, cert), ConfigurationError, "not in PEM, or do not"),
            ("127.0.0.1", 1, TlsFiles(ca, cert, locked), ConfigurationError, "with a password"),
        ]
        for host, port, tls, kind, says in cases:
            with pytest.raises(kind) as caught:
                Engine(EngineAddress(f"tcp://{host}:{port}", tls), redact)
            assert type(caught.value) is kind
            assert says in str(caught.value)


def _locked() -> str:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"hunter2-secret"),
    ).decode()


def test_ssh_that_one_side_refuses(
    sshd: SshServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(sshd.programs), prepend=os.pathsep)
    address = EngineAddress.parse(sshd.address)
    known, authorized = sshd.known_hosts.read_text(), sshd.authorized.read_text()

    def refused(kind: type[GateError] = NoVerdict) -> str:
        with pytest.raises(kind) as caught:
            Engine(address, redact)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    # `StrictHostKeyChecking no` of the user's own configuration does not count.
    sshd.known_hosts.write_text("")
    assert "its host key is not the known one, or not known: compare it" in refused()
    sshd.known_hosts.write_text(known.replace(known[-20:-10], "A" * 10))
    assert "cannot be reached by ssh" in refused()
    sshd.known_hosts.write_text(known)
    sshd.authorized.write_text("")
    assert "it lets this user in by no key" in refused()
    sshd.let_in('command="nothing-of-this-name"')
    assert "it has no `docker` in the PATH of a command" in refused()
    sshd.let_in("command=\"echo '\\e[31mhunter2-secret' >&2; exit 1\"")
    assert "(" in (text := refused())
    assert "\x1b" not in text
    assert "hunter2" not in text
    sshd.let_in('command="cat"')  # what is no engine
    assert "gave an answer that is no engine's" in refused()
    sshd.authorized.write_text(authorized)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "the program ssh, which is not in PATH" in refused(ConfigurationError)


def put_context(folder: Path, name: str, said: Any) -> Path:
    key = hashlib.sha256(name.encode()).hexdigest()
    path = folder / "contexts" / "meta" / key / "meta.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(said if isinstance(said, str) else json.dumps(said))
    return path


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (None, "the Docker context shop is not in"),
        ("{", "it names no engine that is known"),
        ("[]", "it names no engine"),
        ({"Endpoints": {}}, "it names no engine"),
        ({"Endpoints": {"docker": {"Host": "npipe:////./pipe/docker"}}}, "it names no engine"),
        ({"Endpoints": {"docker": {"Host": None}}}, "it names no engine"),
        ({"Endpoints": {"docker": {"Host": "context:shop"}}}, "names a context"),
        ({"Endpoints": {"docker": {"Host": "tcp://192.0.2.1:2376"}}}, "without TLS anybody"),
    ],
)
def test_a_context_that_cannot_be_used(docker_folder: Path, said: Any, says: str) -> None:
    if said is not None:
        put_context(docker_folder, "shop", said)
    with pytest.raises(ConfigurationError, match=says):
        Engine(EngineAddress.parse("context:shop"), redact)


def test_nothing_but_the_address_decides(
    docker_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_context(docker_folder, "shop", {"Endpoints": {"docker": {"Host": "unix:///shop.sock"}}})
    (docker_folder / "config.json").write_text('{"currentContext": "other"}')
    monkeypatch.setenv("DOCKER_HOST", "unix:///other.sock")
    monkeypatch.setenv("DOCKER_CONTEXT", "other")
    way = way_to(EngineAddress.parse("context:shop"), {"DOCKER_CONFIG": str(docker_folder)})
    assert way.docker == "docker --context shop"
    with pytest.raises(NoVerdict, match=r"the engine context:shop does not answer"):
        Engine(EngineAddress.parse("context:shop"), redact)


def test_a_context_that_verifies_nobody_is_refused(docker_folder: Path, tmp_path: Path) -> None:
    endpoint = {"Host": "tcp://192.0.2.1:2376", "SkipTLSVerify": True}
    path = put_context(docker_folder, "shop", {"Endpoints": {"docker": endpoint}})
    files = docker_folder / "contexts" / "tls" / path.parent.name
    files.mkdir(parents=True)
    Pems.new(files / "docker")
    with pytest.raises(ConfigurationError, match="does not verify the engine's certificate"):
        Engine(EngineAddress.parse("context:shop"), redact)


def test_no_proxy_and_no_bundle_of_the_environment_is_asked(
    monkeypatch: pytest.MonkeyPatch, shop: Shop, tmp_path: Path
) -> None:
    """Of the SDK's own first call too."""
    shop.answers["/version"] = (200, '{"ApiVersion": "1.41"}')
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    with ExitStack() as closing:
        engine = Engine(EngineAddress(shop.url.replace("http", "tcp")), redact)
        closing.callback(engine.close)
    assert shop.asked["/version"] == 1


def test_reading_a_configuration_waits_for_no_sdk() -> None:
    code = (
        "import sys\n"
        "import pytest_storedog_gate.settings.file\n"
        "from pytest_storedog_gate.deploy.docker.strategies import edge, recreate, rename\n"
        "sys.exit(' '.join({'docker', 'requests', 'ssl'} & sys.modules.keys()) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
