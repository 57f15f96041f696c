"""Two real registries, images in them, and the stores of two environments of a project."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import requests

from pytest_storedog_gate.deploy.registry import oci
from pytest_storedog_gate.verdicts import promotion
from pytest_storedog_gate.verdicts.attestation import statement
from pytest_storedog_gate.verdicts.attestation.bundle import signed
from pytest_storedog_gate.verdicts.attestation.keeping import ImageReferrers
from pytest_storedog_gate.verdicts.attestation.keys import SigningKey
from pytest_storedog_gate.verdicts.attestation.store import AttestedVerdicts
from pytest_storedog_gate.verdicts.record import Subject
from pytest_storedog_gate.verdicts.record_json import as_json
from pytest_storedog_gate.verdicts.rule import State, Verdict
from tests.conftest import missing
from tests.verdicts.records import FINISHED, OPEN, A, record_on

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_storedog_gate.verdicts.record import Record

STAGING_KEY = SigningKey.generate("ecdsa")
ANOTHER_KEY = SigningKey.generate("ed25519")
NAME = "registry.example/shop"
CLOSED = Verdict(State.CLOSED, 1, (f"{A}: it failed",), OPEN.checks)
_numbers = itertools.count()


def start_registry(folder: Path, name: str) -> tuple[subprocess.Popen[bytes], str]:
    """A registry that keeps all in memory, and its address.

    Of the two, docker-registry has no list of referrers, and referrers-registry has one.
    """
    program = shutil.which(name)
    if program is None:
        missing("cosign", f"no {name} on PATH: lab/test brings it")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    configuration = folder / "registry.yml"
    configuration.write_text(
        "version: 0.1\nlog: {level: error}\nstorage: {inmemory: {}, delete: {enabled: true}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n"
    )
    options = ["serve", str(configuration)] if name == "docker-registry" else [f"127.0.0.1:{port}"]
    process = subprocess.Popen(
        [program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
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
    raise RuntimeError(f"{name} ended with {process.poll()}")


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
        return oci.Repository(self.address, self.name, {})

    @property
    def image(self) -> str:
        """As others' tools name it."""
        return f"{self.address.removeprefix('http://')}/{self.name}@{self.digest}"

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


def require(world: World, digest: str | None = None, **different: Any) -> None:
    """As production does."""
    names = different.pop("names", (A, "search 'tag:shop'"))
    promotion.require_open(
        world.store(key=None, **different),
        "staging",
        digest or world.digest,
        service="shop",
        names=names,
    )


def put(world: World, said: bytes, key: Any = STAGING_KEY) -> None:
    """Keeps a bundle as somebody else does: by the index alone."""
    put_bundle(world, signed(said, key))


def put_bundle(world: World, bundle: bytes, digest: str | None = None) -> None:
    keeper = world.store().keeper
    digest = digest or world.digest
    with keeper.prepare("of nobody", digest, bundle, is_open=True) as prepared:
        prepared.commit()


def said(world: World, sequence: int = 9, verdict: Verdict = OPEN, **facts: Any) -> bytes:
    about = statement.About(
        facts.pop("project", "storedog"),
        facts.pop("repository", NAME),
        facts.get("digest", world.digest),
    )
    return statement.decided(about, sequence, as_json(world.record(verdict, **facts)), {}, {})


def changed(bundle: bytes, key: str, change: Callable[[bytes], bytes]) -> bytes:
    data = json.loads(bundle)
    envelope = data["dsseEnvelope"]
    where = envelope["signatures"][0] if key == "sig" else envelope
    where[key] = base64.b64encode(change(base64.b64decode(where[key]))).decode()
    return json.dumps(data).encode()


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
