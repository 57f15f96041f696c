"""The real cosign verifies what the gate signs, and the gate what cosign signs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.errors import DeploymentFailed
from pytest_storedog_gate.verdicts.attestation.bundle import signed
from pytest_storedog_gate.verdicts.attestation.statement import TEST_RESULT
from tests.conftest import missing
from tests.verdicts.attestation.world import (
    ANOTHER_KEY,
    CLOSED,
    STAGING_KEY,
    World,
    changed,
    flipped,
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

    def verifies(self, world: World, key: SigningKey) -> subprocess.CompletedProcess[str]:
        (self.folder / "key.pub").write_bytes(key.public.pem)
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
    verified = cosign.verifies(any_world, key)
    assert verified.returncode == 0, verified.stderr
    assert json.loads(verified.stdout)["payloadType"] == "application/vnd.in-toto+json"
    other = ANOTHER_KEY if key is STAGING_KEY else STAGING_KEY
    assert cosign.verifies(any_world, other).returncode != 0


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
    assert cosign.verifies(world, STAGING_KEY).returncode != 0
    with pytest.raises(DeploymentFailed, match="signed by none of the public keys"):
        require(world)


def test_cosign_takes_an_older_open_verdict_where_the_gate_does_not(
    world: World, cosign: Cosign
) -> None:
    """Why a policy has to ask for the newest: docs/how-to/promote-by-proof.md says how."""
    world.keep(OPEN)
    world.keep(CLOSED)
    assert cosign.verifies(world, STAGING_KEY).returncode == 0
    with pytest.raises(DeploymentFailed, match="its verdict there is closed"):
        require(world)
