"""The real cosign verifies what the gate signs, and the gate what cosign signs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pytest_storedog_gate.deploy.registry import oci
from pytest_storedog_gate.errors import DeploymentFailed
from pytest_storedog_gate.verdicts.attestation.bundle import signed
from pytest_storedog_gate.verdicts.attestation.keys import PublicKey
from pytest_storedog_gate.verdicts.attestation.statement import TEST_RESULT
from tests.conftest import missing
from tests.verdicts.attestation.changing import changing
from tests.verdicts.attestation.world import (
    ANOTHER_KEY,
    CLOSED,
    STAGING_KEY,
    World,
    changed,
    flipped,
    put,
    put_bundle,
    require,
    said,
)
from tests.verdicts.records import OPEN

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_storedog_gate.verdicts.attestation.keys import SigningKey


class Cosign:
    """The program in a folder of its own, with keys in files."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program, self.folder = program, folder

    def __call__(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"HOME": str(self.folder), "COSIGN_PASSWORD": ""} | variables
        return subprocess.run(
            [self._program, *words],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def verifies(self, world: World, key: PublicKey) -> subprocess.CompletedProcess[str]:
        (self.folder / "key.pub").write_bytes(key.pem)
        return self(
            *("verify-attestation", "--key=key.pub", "--insecure-ignore-tlog=true"),
            *("--allow-http-registry", f"--type={TEST_RESULT}", world.image),
        )


@pytest.fixture
def cosign(tmp_path: Path) -> Cosign:
    program = shutil.which("cosign")
    if program is None:
        missing("cosign", "no cosign on PATH: lab/test builds it")
    return Cosign(program, tmp_path)


@pytest.mark.parametrize("key", [STAGING_KEY, ANOTHER_KEY], ids=["ecdsa", "ed25519"])
def test_cosign_verifies_what_the_gate_signs(
    any_world: World, cosign: Cosign, key: SigningKey
) -> None:
    any_world.keep(OPEN, any_world.store(key=key, trusted=(key.public,)))
    verified = cosign.verifies(any_world, key.public)
    assert verified.returncode == 0, verified.stderr
    assert json.loads(verified.stdout)["payloadType"] == "application/vnd.in-toto+json"
    other = ANOTHER_KEY if key is STAGING_KEY else STAGING_KEY
    assert cosign.verifies(any_world, other.public).returncode != 0


def test_the_gate_verifies_what_cosign_signs(any_world: World, cosign: Cosign) -> None:
    (cosign.folder / "ours.pem").write_bytes(STAGING_KEY.pem())
    (cosign.folder / "predicate.json").write_text(
        json.dumps(json.loads(said(any_world))["predicate"])
    )
    for words in (
        ("import-key-pair", "--key=ours.pem", "--output-key-prefix=theirs"),
        ("signing-config", "create", "--out=none.json"),
        (
            *("attest", "--yes", "--key=theirs.key", "--signing-config=none.json"),
            *(f"--type={TEST_RESULT}", "--predicate=predicate.json", "--allow-http-registry"),
            any_world.image,
        ),
    ):
        done = cosign(*words)
        assert done.returncode == 0, done.stderr
    repository = any_world.image.partition("@")[0]
    require(any_world, repository=repository)
    with pytest.raises(DeploymentFailed, match="signed by none of the public keys"):
        require(any_world, repository=repository, trusted=(ANOTHER_KEY.public,))


@pytest.mark.parametrize("altered", ["payload", "sig"])
def test_neither_verifies_what_one_byte_was_altered_of(
    world: World, cosign: Cosign, altered: str
) -> None:
    put_bundle(world, changed(signed(said(world), STAGING_KEY), altered, flipped))
    assert cosign.verifies(world, STAGING_KEY.public).returncode != 0
    with pytest.raises(DeploymentFailed, match="signed by none of the public keys"):
        require(world)


def test_neither_verifies_with_a_key_that_one_byte_was_altered_of(
    world: World, cosign: Cosign
) -> None:
    """Half of all 32 bytes are a public key of Ed25519."""
    put(world, said(world), ANOTHER_KEY)
    assert cosign.verifies(world, ANOTHER_KEY.public).returncode == 0
    bare = ANOTHER_KEY.public.key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    other = PublicKey(Ed25519PublicKey.from_public_bytes(flipped(bare)), "an altered key")
    assert cosign.verifies(world, other).returncode != 0
    with pytest.raises(DeploymentFailed, match="signed by none of the public keys"):
        require(world, trusted=(other,))


def test_neither_finds_a_verdict_by_an_index_that_one_byte_was_altered_of(
    any_world: World, cosign: Cosign
) -> None:
    put(any_world, said(any_world))
    (entry,) = any_world.repository.referrers(any_world.digest)
    named = entry["digest"].encode()
    other = named[:-1] + (b"1" if named.endswith(b"0") else b"0")
    with changing(any_world) as unaltered:
        assert cosign.verifies(unaltered, STAGING_KEY.public).returncode == 0
        require(unaltered)
    with changing(any_world, lambda _, body: body.replace(named, other)) as altered:
        assert cosign.verifies(altered, STAGING_KEY.public).returncode != 0
        with pytest.raises(DeploymentFailed, match="there is no record of it"):
            require(altered)


def test_an_index_of_platforms_has_a_verdict_of_its_own(world: World, cosign: Cosign) -> None:
    image = world.repository.manifest(world.digest)
    assert image is not None
    platform = {"os": "linux", "architecture": "amd64"}
    index = {
        "schemaVersion": 2,
        "mediaType": oci.INDEX,
        "manifests": [{**image[1], "platform": platform}],
    }
    world.repository.put_manifest(oci.encoded(index), oci.INDEX, "1")
    of_all = replace(world, digest=oci.digest_of(oci.encoded(index)))
    of_all.keep(OPEN)
    require(of_all)
    assert cosign.verifies(of_all, STAGING_KEY.public).returncode == 0
    assert cosign.verifies(world, STAGING_KEY.public).returncode != 0
    with pytest.raises(DeploymentFailed, match="there is no record of it"):
        require(world)


def test_cosign_takes_an_older_open_verdict_where_the_gate_does_not(
    world: World, cosign: Cosign
) -> None:
    """Why a policy has to ask for the newest: docs/how-to/promote-by-proof.md says how."""
    world.keep(OPEN)
    world.keep(CLOSED)
    assert cosign.verifies(world, STAGING_KEY.public).returncode == 0
    with pytest.raises(DeploymentFailed, match="its verdict there is closed"):
        require(world)
