"""The one place where the engine's errors become the gate's.

Engines report a registry's refusal as their own error 500: see `deploy.registry.words`.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING

import requests
import urllib3
from docker.errors import APIError, DockerException

from pytest_storedog_gate.deploy.reaching.client import Unreached
from pytest_storedog_gate.deploy.registry.words import from_registry
from pytest_storedog_gate.errors import DeploymentFailed, NoVerdict
from pytest_storedog_gate.outlets.plain_text import line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.deploy.references import ImageReference

_REFUSED_BY_IT = re.compile("ALERT_(?!PROTOCOL_VERSION)")  # OpenSSL's words for what it sends
_ODD = (json.JSONDecodeError, requests.HTTPError, KeyError, http.client.BadStatusLine)
_LATE = (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)


@contextmanager
def engine_errors(endpoint: str, redact: Callable[[str], str]) -> Iterator[None]:
    """The engine was out of reach (`NoVerdict`) or refused (`DeploymentFailed`)."""
    try:
        yield
    except APIError as error:
        text = redact(explanation(error))
        raise DeploymentFailed(f"the engine {endpoint} refused: {text}") from error
    except (DockerException, OSError, urllib3.exceptions.HTTPError) as error:
        raise NoVerdict(f"the engine {endpoint} {redact(_silence(error))}") from error


@contextmanager
def registry_errors(image: ImageReference) -> Iterator[None]:
    """Turns what the engine says of a registry into a `GateError`; the rest passes."""
    try:
        yield
    except APIError as error:
        if (translated := from_registry(explanation(error), image)) is None:
            raise
        raise translated from error


def explanation(error: APIError) -> str:
    """The engine's own words, on one line."""
    return " ".join(str(error.explanation or error).split())


def _silence(error: BaseException) -> str:
    """What went wrong where there is no answer of an engine, and what to do."""
    chain = [error]
    # The SDK wraps requests, requests wraps urllib3, and only the innermost says something.
    while (inner := _within(chain[-1])) is not None:
        chain.append(inner)
    if told := next((each for each in chain if isinstance(each, Unreached)), None):
        return str(told)
    if tls := next((each for each in chain if isinstance(each, ssl.SSLError)), None):
        return _without_trust(tls)
    text = line(str(chain[-1])) or type(chain[-1]).__name__
    if odd := next(
        (
            each
            for each in chain
            if isinstance(each, _ODD) and not isinstance(each, ConnectionError)
        ),
        None,
    ):
        if "HTTPS server" in str(odd):
            return f"wants TLS ({text}): name its CA, and this side's certificate, in `tls`"
        return f"gave an answer that is no engine's ({line(str(odd))}): correct its `engine`"
    if isinstance(chain[-1], _LATE):
        return (
            f"did not answer in time ({text}), and may have done what it was told: see why it is "
            "busy, and run again, which looks first"
        )
    return (
        f"does not answer ({text}): see that it runs and that this user may reach it, or correct "
        "the environment's `engine`"
    )


def _within(error: BaseException) -> BaseException | None:
    wrapped = error.args[0] if isinstance(error, urllib3.exceptions.SSLError) else None
    if isinstance(wrapped, ssl.SSLError):
        return wrapped
    return error.__cause__ or error.__context__


def _without_trust(error: ssl.SSLError) -> str:
    """Which side of TLS has refused the other."""
    reason = getattr(error, "reason", None) or ""  # not all of them have one
    why = getattr(error, "verify_message", "") or reason or str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"shows a certificate that is refused ({why}): name its CA in `tls.ca`, or reach it by "
            "a name that its certificate has"
        )
    if _REFUSED_BY_IT.search(reason):
        return (
            f"refused this side's certificate ({why}): name one that it trusts, and its key, in "
            "`tls.cert` and `tls.key`"
        )
    if isinstance(error, ssl.SSLEOFError):
        return (
            f"broke TLS off ({why}): it may want this side's certificate, in `tls.cert` and "
            "`tls.key`"
        )
    return f"speaks no TLS ({why}): correct the port, or say `tls = false` where that is meant"
