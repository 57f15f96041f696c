"""What people and scripts ask of signed verdicts outside of a run."""

from __future__ import annotations

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.deploy.references import ImageReference
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed, GateError, NoVerdict
from pytest_storedog_gate.outlets.new_files import write_new
from pytest_storedog_gate.outlets.plain_text import encodable, long_line
from pytest_storedog_gate.settings import file as configuration
from pytest_storedog_gate.settings import levels
from pytest_storedog_gate.settings.levels import CiSource
from pytest_storedog_gate.settings.promotion import KEY_VARIABLE, PASSWORD_VARIABLE
from pytest_storedog_gate.verdicts import promotion

if TYPE_CHECKING:
    from pytest_storedog_gate.settings.file import Configuration
    from pytest_storedog_gate.verdicts.attestation.store import AttestedVerdicts


def keygen(prefix: Path, kind: str) -> int:
    """Writes a pair of keys beside each other, and never over one that is there."""
    if find_spec("cryptography") is None:
        raise ConfigurationError(
            "signatures need a package that is not installed: pip install "
            "'pytest-storedog-gate[proof]'"
        )
    from pytest_storedog_gate.verdicts.attestation.keys import SigningKey  # noqa: PLC0415

    if not prefix.name:
        raise ConfigurationError(f"{prefix} names no file: name one, as in keys/staging")
    key = SigningKey.generate(kind)
    password = os.environb.get(PASSWORD_VARIABLE.encode()) or None
    private, public = (prefix.with_name(f"{prefix.name}.{end}") for end in ("key", "pub"))
    pems = {private: key.pem(password).decode(), public: key.public.pem.decode()}
    write_new(pems, private=[private])
    _say(
        f"{private} signs: keep it out of git, and give it to the pipeline as {KEY_VARIABLE}"
        f"{f' with {PASSWORD_VARIABLE}' if password else ''}\n"
        f"{public} verifies: commit it, and name it in storedog.toml\n\n"
        f'[promotion]\nproof = "registry"\npublic_keys = ["{public}"]'
    )
    return 0


def verify(image: str, environment: str, config: str | None, *, as_json: bool) -> int:
    """Exit status 0 only where a promotion of the image would find the verdict of `environment`.

    It is asked for what the configuration requires of `environment` today. 1: it is refused,
    8: it cannot be asked for.
    """
    file = _configuration(config)
    if environment not in file.environments:
        known = ", ".join(file.environments)
        raise ConfigurationError(
            f"--env={environment}: {file.path.name} has no [environments.{environment}]; known: "
            f"{known or 'none'}"
        )
    section = file.environments[environment]
    ours = CiSource.of_file(file.synthetics.get("datadog_ci"), file.path.parent, in_git=True)
    names = levels.names(section, file.path, ours)
    answer: dict[str, Any] = {"environment": environment, "state": "refused", "reason": None}
    status = 0
    try:
        store, digest = _store(file, image)
        answer["digest"] = digest
        promotion.require_open(
            store, environment, digest, service=section.environment.gate, names=names
        )
        answer["state"] = "open"
    except (DeploymentFailed, NoVerdict) as error:
        if isinstance(error, NoVerdict):
            answer["state"] = "inconclusive"
        answer["reason"] = str(error)
        status = int(error.exit_status)
    if as_json:
        _say(json.dumps(answer, indent=2))
    elif status:
        sys.stderr.write(f"storedog-gate: {long_line(str(answer['reason']))}\n")
    else:
        _say(f"{answer['digest']} has an open verdict of {environment}, which is signed")
    return status


def show(image: str, config: str | None, *, as_json: bool) -> int:
    """Every verdict of each environment of the configuration that is signed by a known key."""
    file = _configuration(config)
    try:
        store, digest = _store(file, image)
        kept = [one for name in file.environments for one in store.kept(name, digest)]
    except GateError as error:
        sys.stderr.write(f"storedog-gate: {long_line(str(error))}\n")
        return int(error.exit_status)
    rows: list[dict[str, Any]] = [
        {
            "environment": one.environment,
            "sequence": one.sequence,
            "state": one.state if one.record else "begun",
            "at": one.at.isoformat(),
            "build": record.get("build_link") or record.get("build"),
            "override": record.get("override"),
            "checks": {check["public_id"]: check["state"] for check in record.get("checks", ())},
            "fault": one.record and promotion.fault(one.record),
        }
        for one in kept
        # Another tool may have signed anything.
        for record in [one.record if one.record and not promotion.fault(one.record) else {}]
    ]
    if as_json:
        _say(json.dumps({"digest": digest, "verdicts": rows}, indent=2))
        return 0
    _say(f"{digest}: {len(rows) or 'no'} signed verdicts")
    for row in rows:
        passed = sum(state == "open" for state in row["checks"].values())
        checks = f", {passed}/{len(row['checks'])} checks passed" if row["checks"] else ""
        build = f", {row['build']}" if row["build"] else ""
        fault = f", no sound record ({row['fault']})" if row["fault"] else ""
        loud = f", PROMOTION OVERRIDDEN: {row['override']}" if row["override"] else ""
        _say(
            f"  {row['environment']} {row['sequence']}: {row['state']} at {row['at']}"
            f"{checks}{long_line(build)}{long_line(fault)}{long_line(loud)}"
        )
    return 0


def _configuration(named: str | None) -> Configuration:
    here = Path.cwd()
    file = configuration.read(configuration.find(here, named, here))
    if not file.promotion.signed:
        raise ConfigurationError(
            f"{file.path.name} has no promotion.public_keys: nothing says whose verdicts count; "
            "`storedog-gate keygen` makes a pair"
        )
    return file


def _store(file: Configuration, image: str) -> tuple[AttestedVerdicts, str]:
    """The store of an image's verdicts, and the digest that its registry has for it."""
    from pytest_storedog_gate.verdicts.attestation import opening  # noqa: PLC0415
    from pytest_storedog_gate.verdicts.attestation.store import AttestedVerdicts  # noqa: PLC0415

    reference = ImageReference.parse(image)
    if reference.tag is None and reference.digest is None:
        raise ConfigurationError(f"{image} says no tag or digest: which image is meant?")
    digest = reference.digest
    if digest is None:
        registry = opening.in_registry(file.promotion, reference.repository)
        found = registry.manifest(str(reference.tag))
        if found is None:
            raise DeploymentFailed(f"the registry of {image} does not know it; push it first")
        digest = str(found[1]["digest"])
    store = AttestedVerdicts(
        opening.keeper(file.promotion, reference.repository, file.project, file.verdicts),
        file.project,
        reference.repository,
        tuple(opening.public_keys(file.promotion)),
        max_age=file.promotion.max_age,
    )
    return store, digest


def _say(text: str) -> None:
    sys.stdout.write(encodable(f"{text}\n", sys.stdout.encoding or "utf-8"))
