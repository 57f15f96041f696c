"""The real Drone runner, and a tiny image for its steps in which the gate is a stand-in."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import tarfile
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import pytest
from docker.errors import DockerException

from tests.conftest import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.drone_lint.cases import Case

    Submit = Callable[[Case], Future["Build"]]

_IMAGE = "storedog/stand-in"
_SIDE_BY_SIDE = 4  # most of a build is the engine's starting and removing of containers
# What the image's programs do: none of them is the real one.
_STAND_INS = {
    "pytest": 'case "$*" in\n*=production*) deploy;;\n*=staging*) exit "$GATE_STATUS";;\nesac',
    "npx": 'exit "$GATE_STATUS"',
    "deploy": "touch deployed",
    "python": 'shift; exec "$@"',
    "quietly": '"$@" || true',
    "docker": "true",
    "git": "true",
}


@dataclass(frozen=True)
class Build:
    """What came of one pipeline: whether it ended green, and whether production ran."""

    green: bool
    deployed: bool
    log: str


@pytest.fixture(scope="session")
def runner() -> Path:
    """The runner that lab/test has built, and put on PATH."""
    program = shutil.which("drone-runner-docker")
    if program is None:
        missing("drone", "no drone-runner-docker on PATH: lab/test builds it")
    return Path(program)


@pytest.fixture(scope="session")
def stand_in_image() -> str:
    """An image of busybox and the stand-ins; it stays for other tests and the next run."""
    busybox = shutil.which("busybox")
    if busybox is None:
        missing("drone", "no busybox on this machine: lab/test installs busybox-static")
    try:
        engine = docker.DockerClient(base_url="unix:///var/run/docker.sock", version="auto")
    except DockerException as error:
        missing("drone", f"no Docker engine: {error}")
    root = _root(Path(busybox))
    label = f"storedog.stand-in={hashlib.sha256(root).hexdigest()}"
    with closing(engine):
        if not engine.images.list(_IMAGE, filters={"label": label}):
            engine.api.import_image_from_data(
                root, repository=_IMAGE, tag="1", changes=[f"LABEL {label}"]
            )
    return f"{_IMAGE}:1"


def _root(busybox: Path) -> bytes:
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.add(busybox.resolve(), "bin/busybox")
        for name in sorted({*applets.stdout.split()} - {"busybox", *_STAND_INS}):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        for name, script in _STAND_INS.items():
            data = f"#!/bin/sh\n{script}\n".encode()
            program = tarfile.TarInfo(f"bin/{name}")
            program.mode, program.size = 0o755, len(data)
            tar.addfile(program, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def submit(
    runner: Path, stand_in_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Submit]:
    """Starts a case's build; what came of it is there when the future is asked for it."""
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        yield lambda case: pool.submit(
            _build, runner, case, tmp_path_factory.mktemp(case.path.stem)
        )
        pool.shutdown(cancel_futures=True)


def _build(runner: Path, case: Case, folder: Path) -> Build:
    command = [
        *(
            str(runner),
            "exec",
            "--stage-name=shop",
            "--commit-target=main",
            "--commit-after=0c1d2e",
        ),
        f"--build-event={case.settings.get('event', 'push')}",
        f"--build-target={case.settings.get('target', '')}",
        f"--environ=GATE_STATUS={case.settings.get('status', '1')}",
        str(case.path),
    ]
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    deployed = (folder / "deployed").exists()
    return Build(done.returncode == 0, deployed, done.stdout + done.stderr)
