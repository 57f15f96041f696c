"""Runs of the gate with the lab's Storedog, its configuration and its good and bad releases."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.verdicts.attestation.keys import SigningKey
from tests.conftest import MODES, junit_cases
from tests.live import lab_table
from tests.live.places import remove_network
from tests.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    import docker

    from tests.local_synthetics.support.service import Service
    from tests.prepared.runs import Prepared

LAB = ROOT / "lab"
PASSWORD = "a-password-of-the-tests"
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "STOREDOG_DB_PASSWORD": PASSWORD}
_WORDS = {"passed": "", "failure": "fails"}


class Pipeline:
    """The lab's configuration with environments, network names and ports of its own."""

    def __init__(self, engine: docker.DockerClient, prepared: Prepared, folder: Path) -> None:
        self.engine, self.prepared, self.folder = engine, prepared, folder
        mark = uuid.uuid4().hex[:6]
        self.staging, self.production = f"s{mark}", f"p{mark}"
        self.ports = {name: free_port() for name in ("18080", "18090", "12814", "12815")}
        text = (LAB / "storedog.toml").read_text("utf-8")
        for old, new in {"staging": self.staging, "production": self.production}.items():
            text = re.sub(rf"\b{old}\b", new, text)
        for old, port in self.ports.items():
            text = text.replace(f"127.0.0.1:{old}", f"127.0.0.1:{port}")
        # It takes seconds: the runs in which it tells something ask for it themselves.
        text = text.replace('"shp-brw-flw",', "")
        # The registry is the lab's own, and would keep a verdict of each test.
        text = text.replace('proof = "registry"', 'proof = "folder"')
        (folder / "storedog.toml").write_text(text, "utf-8")
        key = SigningKey.generate("ecdsa")
        self.environment = {**_ENVIRONMENT, "STOREDOG_SIGNING_KEY": key.pem(None).decode()}
        (folder / "keys").mkdir()
        (folder / "keys" / f"{self.staging}.pub").write_bytes(key.public.pem)
        shutil.copytree(LAB / "checks", folder / "checks")

    def run(
        self, environment: str, release: str, *args: str, mode: str = "no-xdist"
    ) -> subprocess.CompletedProcess[str]:
        command = self._command(environment, release, *args, mode=mode)
        return self.prepared.run(command, self.folder, self.environment)

    def start(
        self, environment: str, release: str, *args: str, mode: str = "no-xdist"
    ) -> subprocess.Popen[str]:
        """For who reads along, and ends it."""
        return subprocess.Popen(
            self._command(environment, release, *args, mode=mode),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _command(self, environment: str, release: str, *args: str, mode: str) -> list[str]:
        command = [sys.executable, "-m", "pytest", *MODES[mode], f"--storedog-env={environment}"]
        command += [f"--storedog-image={release}", "--junitxml=junit.xml", *args]
        return [*command, "--storedog-report=report.json", "--rootdir", str(self.folder)]

    def run_every_check(self, release: str, service: Service) -> subprocess.CompletedProcess[str]:
        """Deploys to staging; its checks and the browser check run at a service that stays."""
        more = (f"--synthetics-url={service.url}", "--synthetics-id=shp-brw-flw")
        return self.run(self.staging, release, *more)

    def row(self) -> list[str]:
        """How the last run in staging ended, as the lab's table says it."""
        junit, checks = self.junit(), lab_table.columns()[1:]
        deployment = _WORDS[junit[f"deployment[{self.staging}]"]]
        if deployment:
            return [deployment, *("not run" for _ in checks)]
        return ["", *(_WORDS[junit[f"test_check[{self.staging}-{check}]"]] for check in checks)]

    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads((self.folder / "report.json").read_text("utf-8"))
        return report

    def junit(self) -> dict[str, str]:
        return junit_cases(self.folder / "junit.xml")

    def live(self, environment: str) -> tuple[str, str]:
        """The live container's ID and digest."""
        container = self.engine.containers.get(f"{environment}-discounts")
        assert container.status == "running"
        digest = container.labels["storedog.gate.digest"]
        repository = "localhost:5000/storedog/discounts"
        image = self.engine.images.get(container.attrs["Image"])
        assert f"{repository}@{digest}" in image.attrs["RepoDigests"]
        return str(container.id), digest

    def digest(self, release: str) -> str:
        reference = f"localhost:5000/storedog/discounts:{release}"
        return str(self.engine.images.get_registry_data(reference).id)

    def names(self, environment: str) -> list[str]:
        listed = self.engine.containers.list(
            all=True, filters={"label": f"storedog.gate.env={environment}"}
        )
        return sorted(str(c.name).removeprefix(f"{environment}-") for c in listed)

    def remove(self) -> None:
        for environment in (self.staging, self.production):
            label: dict[str, Any] = {"label": f"storedog.gate.env={environment}"}
            for container in self.engine.containers.list(all=True, filters=label):
                container.remove(force=True, v=True)
            for volume in self.engine.volumes.list(filters=label):
                volume.remove()
            remove_network(self.engine, f"storedog-{environment}")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
