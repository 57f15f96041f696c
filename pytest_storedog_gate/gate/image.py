"""Which image a run is about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy import ImageReference
from pytest_storedog_gate.errors import ConfigurationError

if TYPE_CHECKING:
    from pytest_storedog_gate.settings import Settings

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TAG = re.compile(r":?(\w[\w.-]{0,127})", re.ASCII)


def asked_for(settings: Settings) -> ImageReference:
    """The reference that the settings ask for: whole, or a tag or digest of the configured one."""
    gated = settings.environment.gated
    if gated is None or settings.image is None:
        raise ConfigurationError(f"{settings.environment.name} deploys no image")
    configured = ImageReference.parse(gated.image)
    text = settings.image
    if _DIGEST.fullmatch(text):
        asked = ImageReference(configured.repository, None, text)
    elif tag := _TAG.fullmatch(text):
        asked = ImageReference(configured.repository, tag[1])
    else:
        asked = ImageReference.parse(text)
    source = settings.sources["image"]
    if asked.repository != configured.repository:
        raise ConfigurationError(
            f"{text} ({source}) is no image of {gated.name}, which is {configured.repository}; "
            f"name one of its tags or digests, or change services.{gated.name}.image"
        )
    if asked.tag is None and asked.digest is None:
        raise ConfigurationError(
            f"{text} ({source}) says no tag or digest: which {gated.name} is to be deployed? Say "
            "it with --storedog-image=TAG or STOREDOG_IMAGE"
        )
    return asked
