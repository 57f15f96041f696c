"""Which image a run is about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy import ImageReference
from pytest_storedog_gate.errors import ConfigurationError, NoVerdict
from pytest_storedog_gate.verdicts.record import Subject

if TYPE_CHECKING:
    from pytest_storedog_gate.settings.load import Settings

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TAG = re.compile(r":?(\w[\w.-]{0,127})", re.ASCII)


def asked_for(settings: Settings) -> ImageReference:
    """The reference that the settings ask for: whole, or a tag or digest of the configured one."""
    subject = settings.environment.subject
    if settings.image is None:
        raise ConfigurationError(f"{settings.environment.name} deploys no image")
    source = settings.sources["image"]
    if subject is None:
        asked = ImageReference.parse(settings.image)
    else:
        repository = ImageReference.parse(subject.image).repository
        asked = _in(repository, settings.image)
        if asked.repository != repository:
            raise ConfigurationError(
                f"{settings.image} ({source}) is no image of {subject.name}, which is "
                f"{repository}; name one of its tags or digests, or change "
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
    if settings.environment.subject is None and _DIGEST.fullmatch(settings.image):
        return Subject(settings.image, settings.image)
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


def _in(repository: str, text: str) -> ImageReference:
    """A tag or digest of the repository, else the reference that the text is."""
    if _DIGEST.fullmatch(text):
        return ImageReference(repository, None, text)
    if tag := _TAG.fullmatch(text):
        return ImageReference(repository, tag[1])
    return ImageReference.parse(text)
