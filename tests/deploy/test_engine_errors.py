"""The engine's and the registries' words, and what they mean to the gate."""

from __future__ import annotations

import json
import ssl

import pytest
import requests
import urllib3
from docker.errors import APIError, DockerException

from pytest_storedog_gate.deploy import ImageReference
from pytest_storedog_gate.deploy.docker.engine.errors import engine_errors, registry_errors
from pytest_storedog_gate.deploy.registry.words import from_registry
from pytest_storedog_gate.errors import DeploymentFailed, GateError, NoVerdict

IMAGE = ImageReference.parse("r.example/shop:1")


def redact(text: str) -> str:
    return text.replace("hunter2-secret", "********")


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("unauthorized: authentication required", NoVerdict, "docker login r.example"),
        ("Get https://r.example/v2/: no basic auth credentials", NoVerdict, "docker login"),
        ("denied: requested access to the resource is denied", NoVerdict, "docker login"),
        ("dial tcp 10.0.0.1:443: connect: connection refused", NoVerdict, "cannot be asked"),
        ("dial tcp: lookup r.example: no such host", NoVerdict, "cannot be asked"),
        ("net/http: TLS handshake timeout", NoVerdict, "cannot be asked"),
        ("x509: certificate signed by unknown authority", NoVerdict, "certs.d/r.example/ca.crt"),
        ("context deadline exceeded", NoVerdict, "cannot be asked"),
        ("toomanyrequests: rate limit", NoVerdict, "cannot be asked"),
        ("manifest unknown: manifest unknown", DeploymentFailed, "does not know"),
        ("name unknown: repository name not known to registry", DeploymentFailed, "does not know"),
    ],
)
def test_a_registrys_words(text: str, kind: type[GateError], says: str) -> None:
    error = from_registry(text, IMAGE)
    assert type(error) is kind
    assert says in str(error)
    assert text in str(error)


def test_other_words_are_not_a_registrys() -> None:
    assert from_registry("no space left on device", IMAGE) is None
    original = APIError("x", explanation="no space left on device")
    with pytest.raises(APIError) as caught, registry_errors(IMAGE):
        raise original
    assert caught.value is original


@pytest.mark.parametrize(
    "error",
    [
        DockerException("Error while fetching server API version"),
        requests.ConnectionError("refused"),
        FileNotFoundError("no socket"),
    ],
)
def test_an_engine_out_of_reach_is_no_verdict(error: Exception) -> None:
    with (
        pytest.raises(NoVerdict, match=r"engine tcp://e:1 does not answer .*correct the env"),
        engine_errors("tcp://e:1", redact),
    ):
        raise error


def read_from(text: str) -> DockerException:
    """As the SDK tells what it could not read."""
    error = DockerException("Error while fetching server API version")
    try:
        json.loads(text)
    except ValueError as cause:
        error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (requests.ReadTimeout("late"), r"did not answer in time \(late\), and may have done"),
        (read_from("<html>"), r"gave an answer that is no engine's \(Expecting value.*correct its"),
    ],
)
def test_what_is_no_silence_is_not_called_so(error: Exception, says: str) -> None:
    with pytest.raises(NoVerdict, match=says), engine_errors("tcp://e:1", redact):
        raise error


def test_an_engine_that_refuses_keeps_secrets() -> None:
    refusal = APIError("x", explanation="bad value\nhunter2-secret in env")
    with (
        pytest.raises(DeploymentFailed, match=r"refused: bad value \*{8} in env$"),
        engine_errors("tcp://e:1", redact),
    ):
        raise refusal


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), engine_errors("tcp://e:1", redact):
        raise ZeroDivisionError


def of_openssl(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (of_openssl("TLSV13_ALERT_CERTIFICATE_REQUIRED"), "refused this side's certificate"),
        (of_openssl("SSLV3_ALERT_BAD_CERTIFICATE"), "refused this side's certificate"),
        (urllib3.exceptions.SSLError(ssl.SSLEOFError(8, "EOF occurred")), "broke TLS off"),
        (of_openssl("WRONG_VERSION_NUMBER"), "speaks no TLS"),
        (requests.HTTPError("400: HTTP request to an HTTPS server."), "wants TLS"),
    ],
)
def test_which_side_of_tls_refuses(error: Exception, says: str) -> None:
    with pytest.raises(NoVerdict, match=says), engine_errors("tcp://e:1", redact):
        raise error
