"""Two real registries, images in them, and the stores of two environments of a project."""

from __future__ import annotations

import itertools
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import requests

from pytest_storedog_gate.verdicts.attestation import oci
from pytest_storedog_gate.verdicts.attestation.keeping import ImageReferrers
from pytest_storedog_gate.verdicts.attestation.keys import SigningKey
from pytest_storedog_gate.verdicts.attestation.store import AttestedVerdicts
from pytest_storedog_gate.verdicts.record import Subject
from tests.conftest import missing
from tests.verdicts.records import FINISHED, record_on

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_storedog_gate.verdicts.record import Record
    from pytest_storedog_gate.verdicts.rule import Verdict

STAGING_KEY = SigningKey.generate("ecdsa")
ANOTHER_KEY = SigningKey.generate("ed25519")
NAME = "registry.example/shop"
_numbers = itertools.count()


def start_registry(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Debian's docker-registry, which keeps all in memory; and its address."""
    program = shutil.which("docker-registry")
    if program is None:
        missing("live", "no docker-registry on PATH: lab/test installs it")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    configuration = folder / "registry.yml"
    configuration.write_text(
        "version: 0.1\nlog: {level: error}\nstorage: {inmemory: {}, delete: {enabled: true}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n"
    )
    process = subprocess.Popen(
        [program, "serve", str(configuration)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            requests.get(f"{address}/v2/", timeout=5)
        except requests.ConnectionError:
            time.sleep(0.02)  # it tells nobody that it listens
        else:
            return process, address
    raise RuntimeError(f"docker-registry ended with {process.poll()}")


@dataclass(frozen=True)
class World:
    """One image of a repository of its own, in a registry."""

    address: str
    name: str
    digest: str

    @classmethod
    def new(cls, address: str) -> World:
        name = f"shop{next(_numbers)}"
        return cls(address, name, cls(address, name, "").another_image())

    @property
    def repository(self) -> oci.Repository:
        return oci.Repository(self.address, self.name, None)

    def another_image(self) -> str:
        """The digest of one more image of the repository."""
        repository = self.repository
        layer = repository.put_blob(b"a layer %d" % next(_numbers))
        config = repository.put_blob(b"{}")
        manifest = {
            "schemaVersion": 2,
            "mediaType": oci.MANIFEST,
            "config": {**config, "mediaType": "application/vnd.oci.image.config.v1+json"},
            "layers": [{**layer, "mediaType": "application/vnd.oci.image.layer.v1.tar"}],
        }
        data = oci.encoded(manifest)
        repository.put_manifest(data, oci.MANIFEST)
        return oci.digest_of(data)

    def store(self, **different: Any) -> AttestedVerdicts:
        """The one of staging, which signs, and of production, which trusts staging's key."""
        project = different.pop("project", "storedog")
        verdicts = AttestedVerdicts(
            ImageReferrers(self.repository, NAME, project),
            project,
            NAME,
            (STAGING_KEY.public,),
            STAGING_KEY,
            timedelta(days=7),
            now=lambda: FINISHED + timedelta(minutes=1),
        )
        return replace(verdicts, **different)

    def record(self, verdict: Verdict, **different: Any) -> Record:
        record = record_on(verdict)
        subject = Subject(f"{NAME}@{self.digest}", different.pop("digest", self.digest))
        return replace(record, subject=subject, **different)

    def keep(self, verdict: Verdict, store: AttestedVerdicts | None = None, **facts: Any) -> None:
        """Keeps staging's verdict, as a run does."""
        record = self.record(verdict, **facts)
        store = store or self.store()
        assert record.subject.digest is not None
        with store.prepare(record.environment, record.subject.digest, record) as prepared:
            prepared.commit()


def at(minutes: float) -> datetime:
    return (FINISHED + timedelta(minutes=minutes)).astimezone(UTC)
