"""The store of signed verdicts that a run's settings ask for."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog.calling.endpoint import Endpoint
from pytest_storedog_gate.deploy import registry
from pytest_storedog_gate.deploy.references import ImageReference
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.verdicts.attestation.keeping import BundleFolder, ImageReferrers
from pytest_storedog_gate.verdicts.attestation.keys import PublicKey, SigningKey
from pytest_storedog_gate.verdicts.attestation.store import AttestedVerdicts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_storedog_gate.deploy.registry import oci
    from pytest_storedog_gate.settings.load import Settings
    from pytest_storedog_gate.settings.promotion import Promotion
    from pytest_storedog_gate.verdicts.attestation.keeping import Keeper


def opened(settings: Settings) -> AttestedVerdicts:
    """ConfigurationError names the key that cannot be used."""
    promotion, secret = settings.promotion, settings.signing
    repository = ImageReference.parse(settings.image or "").repository if settings.image else ""
    if settings.environment.subject is not None:
        repository = ImageReference.parse(settings.environment.subject.image).repository
    key = SigningKey.parse(secret.pem, secret.source, secret.password) if secret else None
    trusted = tuple(public_keys(promotion)) or ((key.public,) if key else ())
    return AttestedVerdicts(
        keeper(promotion, repository, settings.project, settings.verdicts),
        settings.project,
        repository,
        trusted,
        key,
        promotion.max_age,
        facts=_facts(settings),
        configuration={
            settings.config_path.name: _sha256(settings.config_path.read_bytes()),
            "required checks": _sha256(json.dumps(sorted(settings.requirements.names())).encode()),
        },
    )


def keeper(promotion: Promotion, repository: str, project: str | None, folder: Path) -> Keeper:
    """Where the verdicts on a repository's images are kept."""
    if promotion.proof == "folder":
        return BundleFolder(folder)
    return ImageReferrers(in_registry(promotion, repository), repository, project)


def in_registry(promotion: Promotion, repository: str) -> oci.Repository:
    """The repository where its registry is reached, with Docker's login to it."""
    hint = " (promotion.registry says where it is)"
    return registry.reached(repository, promotion.registry, hint)


def public_keys(promotion: Promotion) -> Iterable[PublicKey]:
    """Those that verify; ConfigurationError names the file that holds none."""
    for path in promotion.public_keys:
        try:
            pem = path.read_bytes()
        except OSError as error:
            raise ConfigurationError(
                f"promotion.public_keys: {path} cannot be read ({error.strerror}); name the file "
                "of a public key"
            ) from None
        yield PublicKey.parse(pem, str(path))


def _facts(settings: Settings) -> dict[str, Any]:
    service = settings.synthetics
    url = service.url and Endpoint.of_url(service.url).name
    return {
        "service": settings.environment.gate,
        "synthetics": url or (service.site if service.backend == "datadog" else "local"),
        "pluginVersion": version("pytest-storedog-gate"),
    }


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
