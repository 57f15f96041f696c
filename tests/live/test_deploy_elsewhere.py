"""An engine that is reached by TLS, by SSH or by a context is deployed to like this machine's."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from pytest_storedog_gate.deploy import ImageReference
from pytest_storedog_gate.deploy.docker.engine import Engine
from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress, TlsFiles
from tests.conftest import missing
from tests.deploy.reaching.fronts import HOST, Pems, SshServer, TlsFront, unix_socket
from tests.live.places import ENDPOINT
from tests.live.runs_apart import FORKS, RunApart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_storedog_gate.deploy.environment import Environment
    from tests.live.images.factory import ImageFactory
    from tests.live.places import Place

pytestmark = [pytest.mark.live, FORKS]


@pytest.fixture(params=["ssh", "context to tls"])
def engine_elsewhere(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EngineAddress]:
    """The engine of this machine, by another way."""
    if not ENDPOINT.startswith("unix://"):
        missing("live", f"{ENDPOINT} is no socket, which this puts something in front of")
    target = unix_socket(urlsplit(ENDPOINT).path)
    if request.param == "ssh":
        with SshServer(tmp_path / "ssh") as server:
            monkeypatch.setenv("PATH", str(server.programs), prepend=os.pathsep)
            yield EngineAddress.parse(server.address)
        return
    pems = Pems.new(tmp_path / "pems")
    files = {name: pems.folder / f"{name}.pem" for name in ("ca", "cert", "key")}
    with TlsFront(pems.context, target) as front:
        address = f"tcp://{HOST}:{front.port}"
        with closing(Engine(EngineAddress(address, TlsFiles(**files)), str)) as engine:
            assert engine.clock()
        said = ",".join([f"host={address}", *(f"{key}={path}" for key, path in files.items())])
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
        command = ["docker", "context", "create", "shop", "--docker", said]
        subprocess.run(command, check=True, capture_output=True)
        yield EngineAddress.parse("context:shop")


def test_a_service_is_deployed_and_followed(
    place: Place,
    images: ImageFactory,
    run: Callable[[Environment, str], str],
    engine_elsewhere: EngineAddress,
) -> None:
    environment = replace(place.environment(), engine=engine_elsewhere)
    first, second = images("1"), images("2")
    run(environment, first)
    assert place.answer() == "1"
    with RunApart(environment, second) as killed:
        assert killed.dies(3, "deploy", second)
    # The lock of a run that was killed is free, and what it left is put back.
    journey = place.journey(environment)
    held = journey.lock(journey.resolve(ImageReference.parse(second)), wait=20)
    held.recover()
    assert place.answer() == "1"
    live = journey.deploy()
    live.prove()
    live.conclude()
    journey.close()
    assert place.answer() == "2"
    assert place.containers() == {place.live: "running"}
