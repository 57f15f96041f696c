"""A registry that wants a login and has a certificate of its own authority."""

from __future__ import annotations

import io
import shutil
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import requests

from pytest_storedog_gate.deploy import ImageReference
from pytest_storedog_gate.deploy.docker.engine import Engine
from pytest_storedog_gate.deploy.docker.images import fetch, resolve
from pytest_storedog_gate.deploy.reaching import trust
from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress
from pytest_storedog_gate.errors import NoVerdict
from pytest_storedog_gate.settings.promotion import Promotion
from pytest_storedog_gate.verdicts.attestation import opening
from tests.conftest import missing
from tests.deploy.reaching.fronts import HOST, Pems, free_port
from tests.live.places import ENDPOINT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import docker

pytestmark = pytest.mark.live

USER, PASSWORD = "robot", "hunter2-secret"
# bcrypt, which is all that the registry takes
HTPASSWD = f"{USER}:$2b$05$abcdefghijklmnopqrstuuco6HW5qgMYWmvqwt2HG533btIvodevS\n"


@dataclass(frozen=True)
class PrivateRegistry:
    """One that runs; `shop` is a repository of it, `ca` its authority's file."""

    address: str
    ca: Path
    digest: str

    @property
    def shop(self) -> str:
        return f"{self.address}/shop"


@pytest.fixture(scope="module")
def private(
    tmp_path_factory: pytest.TempPathFactory, engine: docker.DockerClient
) -> Iterator[PrivateRegistry]:
    """With one image, `shop:1`."""
    program = shutil.which("docker-registry")
    if program is None:
        missing("live", "no docker-registry on PATH: lab/up installs it")
    folder = tmp_path_factory.mktemp("registry")
    pems, address = Pems.new(folder / "pems"), f"{HOST}:{free_port()}"
    (folder / "htpasswd").write_text(HTPASSWD)
    server = pems.folder / "server.pem"
    (folder / "registry.yml").write_text(
        "version: 0.1\nlog: {level: error}\nstorage: {inmemory: {}}\n"
        f"auth: {{htpasswd: {{realm: shop, path: '{folder / 'htpasswd'}'}}}}\n"
        f"http: {{addr: '{address}', tls: {{certificate: '{server}', key: '{server}'}}}}\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "serve", str(folder / "registry.yml")], stdout=log, stderr=log
        )
        try:
            ca = pems.folder / "ca.pem"
            _listens(process, address, ca)
            dockerfile = io.BytesIO(b"FROM scratch\nLABEL is=small\n")
            engine.images.build(fileobj=dockerfile, tag=f"{address}/shop:1")
            login = {"username": USER, "password": PASSWORD}
            told = engine.api.push(
                f"{address}/shop", "1", stream=True, decode=True, auth_config=login
            )
            found = [each["aux"]["Digest"] for each in told if "Digest" in each.get("aux", {})]
            yield PrivateRegistry(address, ca, *found)
            for image in engine.images.list(f"{address}/shop"):
                engine.images.remove(str(image.id), force=True)
        finally:
            process.terminate()
            process.wait()


def _listens(process: subprocess.Popen[bytes], address: str, ca: Path) -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            requests.get(f"https://{address}/v2/", verify=str(ca), timeout=5)
        except requests.ConnectionError:
            time.sleep(0.05)  # it tells nobody that it listens
        else:
            return
    raise RuntimeError(f"the registry ended with {process.poll()}")


@pytest.fixture
def logged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, private: PrivateRegistry) -> Path:
    """By a helper, which the test can replace; Docker's folder."""
    helper = tmp_path / "docker-credential-vault"
    secret = f'{{"Username": "{USER}", "Secret": "{PASSWORD}"}}'
    helper.write_text(f"#!/bin/sh\necho '{secret}'\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    said = f'{{"credHelpers": {{"{private.address}": "vault"}}}}'
    (tmp_path / "config.json").write_text(said)
    return tmp_path


@pytest.fixture
def gates() -> Iterator[Engine]:
    """The gate's own way to the engine."""
    with closing(Engine(EngineAddress(ENDPOINT), str)) as engine:
        yield engine


def test_the_login_of_dockers_configuration_resolves_and_pulls(
    gates: Engine, private: PrivateRegistry, logged_in: Path, engine: docker.DockerClient
) -> None:
    image = resolve(gates, ImageReference.parse(f"{private.shop}:1"))
    assert image.digest == private.digest
    engine.images.remove(f"{private.shop}:1", force=True)
    fetch(gates, image)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("{{}}", r"refused .*: log in to it with `docker login"),
        ('{{"auths": {{"{0}": {{"auth": "cm9ib3Q6d3Jvbmc="}}}}}}', r"refused .*: log in to it"),
    ],
)
def test_without_a_good_login_nothing_is_proved(
    gates: Engine, private: PrivateRegistry, logged_in: Path, config: str, says: str
) -> None:
    (logged_in / "config.json").write_text(config.format(private.address))
    with pytest.raises(NoVerdict, match=says) as caught:
        resolve(gates, ImageReference.parse(f"{private.shop}:1"))
    assert PASSWORD not in str(caught.value)


def test_this_process_asks_it_with_the_same_login(
    private: PrivateRegistry, logged_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"https://{private.address}"

    def asked() -> str:
        repository = opening.in_registry(Promotion(registry=address), private.shop)
        found = repository.manifest("1")
        assert found is not None
        return str(found[1]["digest"])

    with pytest.raises(NoVerdict, match=r"shows a certificate that is refused .*certs.d/127"):
        asked()
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        with monkeypatch.context() as told:
            told.setenv(name, str(private.ca))
            assert asked() == private.digest
    certs = tmp_path / "certs.d"
    (certs / urlsplit(address).netloc).mkdir(parents=True)
    shutil.copy(private.ca, certs / urlsplit(address).netloc / "ca.crt")
    monkeypatch.setattr(trust, "CERTS", certs)
    assert asked() == private.digest
    (logged_in / "config.json").write_text("{}")
    with pytest.raises(NoVerdict, match=r"answers 401 .*docker login"):
        asked()
