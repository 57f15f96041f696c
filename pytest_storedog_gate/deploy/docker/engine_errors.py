"""The one place where the engine's errors become the gate's.

Engines report a registry's refusal as their own error 500, so a registry's errors are told apart by
their text.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import urllib3
from docker.errors import APIError, DockerException

from pytest_storedog_gate.errors import DeploymentFailed, GateError, NoVerdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.deploy.references import ImageReference

_UNAUTHORISED = "unauthorized|no basic auth credentials|denied|authentication required"
_UNREACHABLE = (
    "connection refused|connection reset|no such host|no route to host|network is unreachable|"
    "timeout|deadline exceeded|server misbehaving|http response to https client|x509|: eof|"
    "toomanyrequests"
)
_UNKNOWN = "manifest unknown|name unknown|repository name not known|not found"


@contextmanager
def engine_errors(endpoint: str, redact: Callable[[str], str]) -> Iterator[None]:
    """The engine was out of reach (`NoVerdict`) or refused (`DeploymentFailed`)."""
    try:
        yield
    except APIError as error:
        text = redact(explanation(error))
        raise DeploymentFailed(f"the engine {endpoint} refused: {text}") from error
    except (DockerException, OSError, urllib3.exceptions.HTTPError) as error:
        raise NoVerdict(
            f"the engine {endpoint} does not answer ({_cause(error)}): see that it runs and that "
            "this user may reach it, or correct the environment's `engine`"
        ) from error


@contextmanager
def registry_errors(image: ImageReference) -> Iterator[None]:
    """Turns what the engine says of a registry into a `GateError`; the rest passes."""
    try:
        yield
    except APIError as error:
        if (translated := from_registry(explanation(error), image)) is None:
            raise
        raise translated from error


def from_registry(text: str, image: ImageReference) -> GateError | None:
    """What a registry's answer means; None where the text does not tell."""
    low = text.lower()
    if re.search(_UNAUTHORISED, low):
        return NoVerdict(
            f"the registry {image.registry} refused {image} ({text}): log in to it with "
            f"`docker login {image.registry}` as the user who runs this, or check the name"
        )
    if re.search(_UNREACHABLE, low):
        return NoVerdict(
            f"the registry {image.registry} cannot be asked for {image} ({text}): see that it "
            "runs and that the engine reaches it"
        )
    if re.search(_UNKNOWN, low):
        return DeploymentFailed(
            f"the registry {image.registry} does not know {image} ({text}): push it first, or "
            "correct the reference"
        )
    return None


def explanation(error: APIError) -> str:
    """The engine's own words, on one line."""
    return " ".join(str(error.explanation or error).split())


def _cause(error: BaseException) -> str:
    # The SDK wraps requests, requests wraps urllib3, and only the innermost says something.
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return str(error) or type(error).__name__
