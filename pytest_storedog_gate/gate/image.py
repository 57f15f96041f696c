"""Which image a run is about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy import ImageReference
from pytest_storedog_gate.errors import ConfigurationError, NoVerdict
from pytest_storedog_gate.verdicts.record import Subject

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy.environment import Service
    from pytest_storedog_gate.settings.load import Settings

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TAG = re.compile(r":?(\w[\w.-]{0,127})", re.ASCII)


def asked_for(settings: Settings) -> ImageReference:
    """The reference that the settings ask for: whole, or a tag or digest of the configured one."""
    subject = settings.environment.subject
    if settings.image is None:
        raise ConfigurationError(f"{settings.environment.name} deploys no image")
    asked = _of_service(settings.image, subject) if subject else None
    asked = asked or ImageReference.parse(settings.image)
    source = settings.sources["image"]
    if subject is not None and asked.repository != _configured(subject).repository:
        raise ConfigurationError(
            f"{settings.image} ({source}) is no image of {subject.name}, which is "
            f"{_configured(subject).repository}; name one of its tags or digests, or change "
            f"services.{subject.name}.image"
        )
    if asked.tag is None and asked.digest is None:
        which = f"which {subject.name} is to be deployed" if subject else "which image is meant"
        raise ConfigurationError(
            f"{settings.image} ({source}) says no tag or digest: {which}? Say it with "
            "--storedog-image=TAG or STOREDOG_IMAGE"
        )
    return asked


def decided_on(settings: Settings) -> Subject:
    """The image and its digest that a run without a deployment was told, if it was.

    A tag is resolved by the environment's engine; NoVerdict where that cannot be asked.
    """
    if settings.image is None:
        return Subject()
    if _DIGEST.fullmatch(settings.image):
        subject = settings.environment.subject
        repository = f"{_configured(subject).repository}@" if subject else ""
        return Subject(f"{repository}{settings.image}", settings.image)
    asked = asked_for(settings)
    if asked.digest is not None:
        return Subject(str(asked), asked.digest)
    # With the engine's SDK, which takes longer to import than the gate itself.
    from pytest_storedog_gate.deploy.docker.images import resolved  # noqa: PLC0415

    try:
        image = resolved(settings.environment.engine, asked, settings.redact)
    except NoVerdict as error:
        raise NoVerdict(f"{asked} has no digest yet: {error}; or name its digest") from None
    return Subject(str(image), image.digest)


def _of_service(text: str, service: Service) -> ImageReference | None:
    configured = _configured(service)
    if _DIGEST.fullmatch(text):
        return ImageReference(configured.repository, None, text)
    if tag := _TAG.fullmatch(text):
        return ImageReference(configured.repository, tag[1])
    return None


def _configured(service: Service) -> ImageReference:
    return ImageReference.parse(service.image)
