"""What the words mean in which engines and kubelets report a registry's refusal.

They come as an engine's own error 500, or as a container's reason, and only the text tells them
apart.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_storedog_gate.errors import DeploymentFailed, NoVerdict

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy.references import ImageReference
    from pytest_storedog_gate.errors import GateError

_UNAUTHORISED = "unauthorized|no basic auth credentials|denied|authentication required"
_UNREACHABLE = (
    "connection refused|connection reset|no such host|no route to host|network is unreachable|"
    "timeout|deadline exceeded|server misbehaving|http response to https client|: eof|"
    "toomanyrequests"
)
_CERTIFICATE = "x509|certificate"
_UNKNOWN = "manifest unknown|name unknown|repository name not known|not found"
_LOGIN = "log in to it with `docker login {}` as the user who runs this"
_TRUST = "put its CA into /etc/docker/certs.d/{}/ca.crt on the engine's machine"


def from_registry(
    text: str, image: ImageReference, login: str = _LOGIN, trust: str = _TRUST
) -> GateError | None:
    """What a registry's answer means; None where the text does not tell.

    `login` and `trust` say what to do where it refuses who pulls, and where its certificate is.
    """
    low = text.lower()
    if re.search(_UNAUTHORISED, low):
        return NoVerdict(
            f"the registry {image.registry} refused {image} ({text}): "
            f"{login.format(image.registry)}, or check the name"
        )
    if re.search(_CERTIFICATE, low):
        return NoVerdict(
            f"the registry {image.registry} shows a certificate that is refused ({text}): "
            f"{trust.format(image.registry)}"
        )
    if re.search(_UNREACHABLE, low):
        return NoVerdict(
            f"the registry {image.registry} cannot be asked for {image} ({text}): see that it "
            "runs and that it is reached from where images are pulled"
        )
    if re.search(_UNKNOWN, low):
        return DeploymentFailed(
            f"the registry {image.registry} does not know {image} ({text}): push it first, or "
            "correct the reference"
        )
    return None
