"""A registry that this process asks itself, with Docker's logins and certificates."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_storedog_gate.deploy.references import ImageReference
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed, NoVerdict

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy.registry import oci

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def reached(repository: str, address: str | None = None, hint: str = "") -> oci.Repository:
    """The repository where its registry is reached: at http(s)://HOST[:PORT], else by its name.

    The `hint` ends the sentence about one that is not reached.
    """
    image = ImageReference.parse(repository)
    try:
        address = address or _address(image.registry)
    except ValueError:
        raise ConfigurationError(
            f"{repository} names no registry that can be reached: the host or the port before its "
            "first / is none; correct the image"
        ) from None
    name = repository.removeprefix(f"{image.registry}/")
    if image.registry == "docker.io":
        name = repository if "/" in repository else f"library/{repository}"
    # With the SDK, which takes time to import.
    from pytest_storedog_gate.deploy.reaching import logins, trust  # noqa: PLC0415
    from pytest_storedog_gate.deploy.registry import oci  # noqa: PLC0415

    login = logins.login(image.registry, os.environ)
    session = trust.registry_session(urlsplit(address).netloc)
    return oci.Repository(address, name, login, session, hint)


def resolved(reference: ImageReference) -> ImageReference:
    """The reference with the digest that the registry has for its tag; see `Deployer.resolve`.

    A digest is believed: who pulls it finds out whether there is one.
    """
    if reference.digest is not None:
        return reference
    if reference.tag is None:
        raise ConfigurationError(
            f"{reference} names neither a tag nor a digest, and no tag is assumed: say which "
            f"image, as in {reference}:1.2"
        )
    try:
        found = reached(reference.repository).manifest(reference.tag)
    except NoVerdict as error:
        raise NoVerdict(f"{error}; or name the digest of {reference}") from error
    if found is None:
        raise DeploymentFailed(
            f"the registry {reference.registry} does not know {reference}: push it first, or "
            "correct the reference"
        )
    return replace(reference, digest=found[1]["digest"])


def _address(registry: str) -> str:
    """As an engine does, plain HTTP to this machine alone."""
    if registry == "docker.io":
        return "https://registry-1.docker.io"
    parts = urlsplit(f"//{registry}")
    _ = parts.port  # ValueError of a port beyond all ports
    return f"{'http' if parts.hostname in _LOOPBACK else 'https'}://{registry}"
