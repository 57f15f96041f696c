"""SSL API tests against real TLS servers."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pytest_storedog_gate.local_synthetics.network.certificates import describe
from tests.local_synthetics.servers.certificates import DAYS_LEFT, Certificates
from tests.local_synthetics.servers.ports import closing_port, refusing_port, silent_port
from tests.local_synthetics.servers.tls import tls_server
from tests.local_synthetics.support.network_tests import failure, network_test, that, valid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_synthetics.support.service import Json, Service


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def good(certificates: Certificates) -> Iterator[int]:
    with tls_server(certificates.good) as port:
        yield port


@pytest.fixture(autouse=True)
def trusted(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))


OID = x509.ObjectIdentifier("1.2.3")
EXPIRES = that("certificate", "isInMoreThan", 10)


def ssl_test(port: int | str, *assertions: Json, host: Any = "localhost", **more: Any) -> Json:
    options, config = more.pop("options", None), more.pop("config", None)
    request = {"host": host, "port": port, **more}
    return network_test("ssl", request, *assertions, options=options, config=config)


def test_a_passing_check_says_what_the_server_showed(good: int, service: Service) -> None:
    result = service.run(ssl_test(str(good), EXPIRES))
    assert result["status"] == "passed"
    assert result["timings"].keys() == {"dns", "tcp", "ssl", "total"}
    assert result["resolved_ip"] in {"127.0.0.1", "::1"}
    assert result["request"]["host"] == "localhost"
    certificate = result["cert"]
    assert certificate["subject"]["CN"] == "localhost"
    assert certificate["subject"]["altName"] == "DNS:localhost, IP Address:127.0.0.1"
    assert certificate["issuer"]["O"] == "Storedog"
    assert (certificate["protocol"], certificate["tls_version"]) == ("TLSv1.3", 1.3)
    assert certificate["exponent"] == 65537
    assert certificate["valid"]["to"] > result["finished_at"]
    assert len(certificate["fingerprint256"]) == 95
    (expiry,) = result["assertions"]
    assert expiry["operator"] == "isInMoreThan"
    assert expiry["actual"] == pytest.approx(DAYS_LEFT, abs=0.1)


def test_an_old_version_is_found(certificates: Certificates, service: Service) -> None:
    with tls_server(certificates.good, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_2) as port:
        wanted = [that("minTlsVersion", "moreThan", 1.1), that("minTlsVersion", "is", 1.0)]
        wanted.append(that("tlsVersion", "is", 1.2))
        assert valid(service, ssl_test(port, *wanted)) == [False, True, True]


def test_a_part_that_the_certificate_lacks_never_holds(good: int, service: Service) -> None:
    wanted = that("property", "isNot", "x", property="subject.L")
    assert valid(service, ssl_test(good, EXPIRES, wanted)) == [True, False]


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("expired", "CERT_HAS_EXPIRED"),
        ("other_host", "ERR_TLS_CERT_ALTNAME_INVALID"),
        ("early", "CERT_NOT_YET_VALID"),
        ("self_signed", "DEPTH_ZERO_SELF_SIGNED_CERT"),
    ],
)
def test_a_certificate_that_is_not_accepted(
    certificates: Certificates, service: Service, name: str, named: str
) -> None:
    with tls_server(getattr(certificates, name)) as port:
        code, message = failure(service, ssl_test(port, EXPIRES))
        assert code == "SSL"
        assert named in message
        wanted = that("responseTime", "moreThan", 0)
        ignoring = {"ignore_certificate_validation": True}
        assert valid(service, ssl_test(port, wanted, options=ignoring)) == [True]
        assert valid(service, ssl_test(port, wanted, **ignoring)) == [True]


def test_the_dot_at_the_end_of_a_whole_name_is_in_no_certificate(
    good: int, service: Service
) -> None:
    assert valid(service, ssl_test(good, EXPIRES, servername="localhost.")) == [True]


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ([x509.DNSName("a.test"), x509.UniformResourceIdentifier("http://a")], "URI:http://a"),
        ([x509.RFC822Name("a@b.test"), x509.RegisteredID(OID)], "email:a@b.test"),
        (x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, b"\x30\x03\x87\x01\x7f"), ""),
        (x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, b"\xff\x00"), ""),
        (x509.UnrecognizedExtension(x509.ExtendedKeyUsage.oid, b"\xff\x00"), ""),
    ],
    ids=["URI", "mail", "half an address", "no names", "no purposes"],
)
def test_odd_parts_of_a_certificate(names: Any, shown: str) -> None:
    """An address of one octet was a fault of the service."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    odd = x509.SubjectAlternativeName(names) if isinstance(names, list) else names
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(1))
        .add_extension(odd, critical=False)
        .sign(key, hashes.SHA256())
    )
    facts = describe(made.public_bytes(serialization.Encoding.DER)).facts
    assert shown in facts["subject"].get("altName", "")
    assert facts["extKeyUsage"] == []


def test_an_authority_that_is_not_known(
    good: int, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    accepting = {"accept_self_signed": True}
    code, message = failure(service, ssl_test(good, EXPIRES, options=accepting))
    assert code == "SSL"
    assert "UNABLE_TO_GET_ISSUER_CERT_LOCALLY" in message or "UNABLE_TO_VERIFY_LEAF" in message


def test_a_self_signed_certificate_may_be_accepted(
    certificates: Certificates, service: Service
) -> None:
    accepting = {"accept_self_signed": True}
    with tls_server(certificates.self_signed) as port:
        assert valid(service, ssl_test(port, EXPIRES, options=accepting)) == [True]
        # The name that it has in a step of a multistep test.
        assert valid(service, ssl_test(port, EXPIRES, allow_insecure=True)) == [True]
    with tls_server(certificates.self_signed_elsewhere) as port:
        code, message = failure(service, ssl_test(port, EXPIRES, options=accepting))
        assert (code, "ALTNAME_INVALID" in message) == ("SSL", True)
        named = {"servername": "elsewhere.example"}
        assert valid(service, ssl_test(port, EXPIRES, options=accepting, **named)) == [True]
    with tls_server(certificates.expired) as port:
        code, message = failure(service, ssl_test(port, EXPIRES, options=accepting))
        assert (code, "CERT_HAS_EXPIRED" in message) == ("SSL", True)


def test_an_expired_certificate_expires_in_no_number_of_days(
    certificates: Certificates, service: Service
) -> None:
    ignoring = {"ignore_certificate_validation": True}
    wanted = [that("certificate", "isInLessThan", 30), that("certificate", "isInMoreThan", -30)]
    with tls_server(certificates.expired) as port:
        assert valid(service, ssl_test(port, *wanted, options=ignoring)) == [False, False]


def test_no_tls_at_all(service: Service) -> None:
    assert failure(service, ssl_test(refusing_port(), EXPIRES))[0] == "CONNREFUSED"
    with silent_port() as port:
        assert failure(service, ssl_test(port, EXPIRES, timeout=0.2))[0] == "TIMEOUT"
    code, message = failure(service, ssl_test(1, EXPIRES, host="nowhere.invalid"))
    assert (code, "nowhere.invalid" in message) == ("DNS", True)


@pytest.mark.parametrize("answer", [b"", b"\x16\x03\x03\x40\x00garbage"])
def test_a_server_that_closes_within_the_handshake(service: Service, answer: bytes) -> None:
    """It was an unknown failure."""
    with closing_port(answer) as port:
        assert failure(service, ssl_test(port, EXPIRES))[0] in ("CONNRESET", "SSL")


def test_secrets_are_masked(good: int, service: Service) -> None:
    variables = [{"name": "T", "type": "text", "pattern": "hushhush", "secure": True}]
    wanted = that("property", "is", "{{ T }}", property="subject.CN")
    result = service.run(ssl_test(good, wanted, config={"configVariables": variables}))
    assert result["failure"]["code"] == "INCORRECT_ASSERTION"
    assert "hushhush" not in json.dumps(result)


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ({"host": ""}, "config.request.host"),
        ({"port": "https"}, "config.request.port"),
        ({"timeout": -1}, "config.request.timeout"),
        ({"certificate": {"cert": {"content": "x"}}}, "config.request.certificate"),
        ({"servername": 5}, "config.request.servername"),
        ({"checkCertificateRevocation": True}, "config.request.checkCertificateRevocation"),
        ({"options": {"checkCertificateRevocation": True}}, "options.checkCertificateRevocation"),
        ({"options": {"accept_self_signed": "yes"}}, "options.accept_self_signed"),
        ({"config": {"assertions": []}}, "config.assertions is empty"),
        ({"config": {"assertions": [that("body", "is", "x")]}}, "'body'"),
        ({"config": {"assertions": [that("certificate", "is", 3)]}}, "'is'"),
        ({"config": {"assertions": [that("certificate", "isInMoreThan", "soon")]}}, "'soon'"),
        ({"config": {"assertions": [that("property", "is", "x")]}}, "property"),
        ({"config": {"assertions": [that("tlsVersion", "contains", "1")]}}, "'contains'"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(service: Service, part: Json, named: str) -> None:
    code, message = failure(
        service,
        ssl_test(part.get("port", 1), EXPIRES, **{k: v for k, v in part.items() if k != "port"}),
    )
    assert code == "INVALID_TEST"
    assert named in message


@pytest.mark.parametrize("host", ["https://user@localhost", "a b", "user@localhost"])
def test_a_host_that_is_none(service: Service, host: str) -> None:
    assert failure(service, ssl_test(1, EXPIRES, host=host))[0] == "INVALID_REQUEST"
