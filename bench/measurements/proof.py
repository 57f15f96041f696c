"""Signed verdicts: what signing, keeping and verifying one costs, beside cosign on the same image.

The image is in a real registry on this machine. The gate runs one check and deploys nothing, with
its verdict signed and kept in the registry, and with an unsigned one in a folder: the difference
is the cost of the proof. cosign signs the same predicate with the same key, and verifies what it
finds.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.gates import GATE
from bench.measurements.http_checks import check
from bench.measurements.one_check import project
from bench.process import measured, own_environment
from bench.rounds import Case, difference
from bench.site import started
from lab.offline import programs
from lab.scripts.machine import registry
from pytest_storedog_gate.deploy.registry import oci
from pytest_storedog_gate.verdicts.attestation.keys import SigningKey
from pytest_storedog_gate.verdicts.attestation.statement import TEST_RESULT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.rounds import Figures

_SIGNED = """\
project = "storedog"
[promotion]
proof = "registry"
public_keys = ["key.pub"]
"""
_REPOSITORY = "storedog-bench/proof"
_GATE, _UNSIGNED, _COSIGN = "gate, signed", "gate, unsigned", "cosign"
_PREDICATE = '{"result": "PASSED", "configuration": [], "passedTests": ["one-che-ckx"]}'


def cases(*, quick: bool) -> Iterator[Case]:  # noqa: ARG001  # it is small in any case
    """To sign and to keep a verdict; to verify the one that is there."""
    registry.ensure()
    cosign = str(programs.COSIGN.ensure())
    image = f"{registry.ADDRESS}/{_REPOSITORY}@{_pushed()}"
    key = SigningKey.generate("ecdsa")
    with tempfile.TemporaryDirectory() as made, started("bench.site") as site:
        definition = check(f"{site.url}/discounts")
        signed = project(Path(made) / "signed", definition, _SIGNED)
        unsigned = project(Path(made) / "unsigned", definition)
        (signed / "key.pub").write_bytes(key.public.pem)
        (unsigned / "key.pub").write_bytes(key.public.pem)
        (unsigned / "key.pem").write_bytes(key.pem())
        (unsigned / "predicate.json").write_text(_PREDICATE, encoding="ascii")
        theirs = partial(_run, unsigned, COSIGN_PASSWORD="")
        theirs(cosign, "import-key-pair", "--key=key.pem", "--output-key-prefix=cosign")
        theirs(cosign, "signing-config", "create", "--out=none.json")
        gate = (*GATE[:-1], f"--storedog-image={image}")
        attest = (
            *(cosign, "attest", "--yes", "--key=cosign.key", "--signing-config=none.json"),
            *(f"--type={TEST_RESULT}", "--predicate=predicate.json", "--allow-http-registry"),
        )
        ours = partial(_run, signed, STOREDOG_SIGNING_KEY=key.pem().decode())
        yield Case(
            "sign and keep a verdict",
            {
                _GATE: partial(ours, *gate),
                _UNSIGNED: partial(_run, unsigned, *gate),
                _COSIGN: partial(theirs, *attest, image),
            },
            [difference("wall, s", 0.5, _UNSIGNED)],
        )
        command = Path(sys.executable).with_name("storedog-gate")
        yield Case(
            "verify a verdict",
            {
                "storedog-gate verify": partial(
                    _run, signed, str(command), "verify", image, "--env=staging"
                ),
                _COSIGN: partial(
                    theirs,
                    *(cosign, "verify-attestation", "--key=key.pub", f"--type={TEST_RESULT}"),
                    *("--insecure-ignore-tlog=true", "--allow-http-registry", image),
                ),
            },
        )


def _pushed() -> str:
    """The digest of a small image that is in the registry."""
    repository = oci.Repository(f"http://{registry.ADDRESS}", _REPOSITORY, {})
    config, layer = repository.put_blob(b"{}"), repository.put_blob(b"a layer")
    manifest = {
        "schemaVersion": 2,
        "mediaType": oci.MANIFEST,
        "config": {**config, "mediaType": "application/vnd.oci.image.config.v1+json"},
        "layers": [{**layer, "mediaType": "application/vnd.oci.image.layer.v1.tar"}],
    }
    data = oci.encoded(manifest)
    repository.put_manifest(data, oci.MANIFEST)
    return oci.digest_of(data)


def _run(folder: Path, *command: str, **variables: str) -> Figures:
    usage = measured(command, folder, own_environment(folder, **variables))
    return {"wall, s": usage["wall"], "CPU, s": usage["CPU"], "memory, MiB": usage["memory"]}
