"""HTTP API tests against real targets."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_synthetics.support import Answer, Handler, Service, Target, http_test

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def test_a_passing_check_says_what_it_did(target: Target, service: Service) -> None:
    target.answer_json("/discount", [{"code": "BFRIDAY"}])
    definition = http_test(
        f"{target.url}/discount",
        {"type": "statusCode", "operator": "is", "target": 200},
        {"type": "header", "property": "content-type", "operator": "contains", "target": "json"},
        {"type": "responseTime", "operator": "lessThan", "target": 20_000},
    )
    result = service.run(definition)
    assert result["status"] == "passed"
    assert "failure" not in result
    assert [one["valid"] for one in result["assertions"]] == [True, True, True]
    assert result["resolved_ip"] == "127.0.0.1"
    assert result["response"]["status_code"] == 200
    assert json.loads(result["response"]["body"]) == [{"code": "BFRIDAY"}]
    assert result["response"]["is_body_truncated"] is False
    timings = result["timings"]
    assert timings.keys() == {"dns", "tcp", "firstByte", "download", "total"}
    parts = sum(value for stage, value in timings.items() if stage != "total")
    assert timings["total"] == pytest.approx(parts, abs=5)
    assert result["finished_at"] >= result["started_at"]
    assert (result["run_type"], result["unhealthy"]) == ("ci", False)


def test_a_failed_assertion_is_told_as_datadog_tells_it(target: Target, service: Service) -> None:
    target.answer("/", status=503)
    definition = http_test(
        target.url,
        {"type": "body", "operator": "is", "target": ""},
        {"type": "statusCode", "operator": "is", "target": 200},
    )
    result = service.run(definition)
    assert (result["status"], result["inconclusive"]) == ("failed", False)
    assert result["failure"]["code"] == "INCORRECT_ASSERTION"
    (unmet,) = json.loads(result["failure"]["message"])
    assert unmet.pop("error_message")
    assert unmet == {
        "index": 1,
        "type": "statusCode",
        "operator": "is",
        "target": 200,
        "actual": 503,
        "valid": False,
    }


def test_the_request_is_sent_as_defined(target: Target, service: Service) -> None:
    definition = http_test(
        f"{target.url}/?a=1",
        method="POST",
        query={"b": "x y"},
        headers={"X-Env": "staging", "user-agent": "mine"},
        body='{"a":1}',
        bodyType="application/json",
        basicAuth={"username": "dog", "password": "hunter22"},
    )
    assert service.run(definition)["status"] == "passed"
    (asked,) = target.requests
    assert (asked["method"], asked["body"]) == ("POST", '{"a":1}')
    assert asked["path"] in {"/?a=1&b=x+y", "/?a=1&b=x%20y"}
    assert asked["headers"]["x-env"] == "staging"
    assert asked["headers"]["user-agent"] == "mine"
    assert asked["headers"]["content-type"] == "application/json"
    token = base64.b64encode(b"dog:hunter22").decode()
    assert asked["headers"]["authorization"] == f"Basic {token}"


def test_a_form_is_encoded(target: Target, service: Service) -> None:
    definition = http_test(target.url, method="POST", form={"a": "1 2", "b": "&"})
    assert service.run(definition)["status"] == "passed"
    assert target.requests[0]["body"] == "a=1+2&b=%26"
    assert target.requests[0]["headers"]["content-type"] == "application/x-www-form-urlencoded"


def test_secrets_are_masked_everywhere(target: Target, service: Service) -> None:
    def echo(handler: Handler) -> Answer:
        headers = {"Set-Cookie": "session=s3cr3t-cookie", "X-Echo": handler.path}
        return 500, headers, json.dumps(handler.asked)

    target.routes["/echo"] = echo
    definition = http_test(
        "{{ BASE }}/echo?t={{ TOKEN }}&p={{ PIN }}",
        {"type": "statusCode", "operator": "is", "target": "200"},
        {"type": "body", "operator": "contains", "target": "never {{ TOKEN }}"},
        {"type": "header", "property": "set-cookie", "operator": "is", "target": "x"},
        headers={
            "Authorization": "Bearer abcdef123",
            "Cookie": "a=cookie-value",
            "X-T": "{{ TOKEN }}",
        },
        basicAuth={"type": "web", "username": "dog", "password": "hunter22"},
        config={
            "configVariables": [
                {"name": "TOKEN", "type": "text", "pattern": "t0p/secret +1", "secure": True},
                {"name": "PIN", "type": "text", "secure": True},
            ]
        },
    )
    result = service.run(definition, variables={"BASE": target.url, "PIN": "987654"})
    assert result["failure"]["code"] == "INCORRECT_ASSERTION"
    assert target.requests[0]["headers"]["x-t"] == "t0p/secret +1"
    text = json.dumps(result)
    for secret in (
        "t0p/secret",
        "t0p%2Fsecret",
        "987654",
        "hunter22",
        "s3cr3t-cookie",
        "abcdef123",
    ):
        assert secret not in text
    shown = result["request"]["headers"]
    assert (shown["Authorization"], shown["Cookie"], shown["X-T"]) == ("********",) * 3
    assert "********" in result["request"]["url"]


def test_a_secret_is_masked_before_the_body_is_cut(target: Target, service: Service) -> None:
    target.answer("/", body="x" * 49_996 + "topsecretvalue" + "y" * 100)
    variables = [{"name": "T", "type": "text", "pattern": "topsecretvalue", "secure": True}]
    result = service.run(http_test(target.url, config={"configVariables": variables}))
    assert result["response"]["is_body_truncated"] is True
    assert len(result["response"]["body"]) == 50_000
    assert "tops" not in result["response"]["body"]


def test_a_body_need_not_be_saved(target: Target, service: Service) -> None:
    target.answer("/", body="private words")
    definition = http_test(
        target.url,
        {"type": "body", "operator": "is", "target": "x"},
        noSavingResponseBody=True,
    )
    result = service.run(definition)
    assert result["failure"]["code"] == "INCORRECT_ASSERTION"
    assert "private" not in json.dumps(result)


def test_a_body_that_is_not_saved_is_in_no_assertion(target: Target, service: Service) -> None:
    target.answer("/", body='["private words"]')
    schema = {"jsonSchema": '{"items": {"type": "null"}}', "metaSchema": "draft-07"}
    path = {"jsonPath": "$[0]", "operator": "is", "targetValue": "x"}
    definition = http_test(
        target.url,
        {"type": "body", "operator": "validatesJSONSchema", "target": schema},
        {"type": "body", "operator": "validatesJSONPath", "target": path},
        noSavingResponseBody=True,
    )
    result = service.run(definition)
    assert [one["valid"] for one in result["assertions"]] == [False, False]
    assert "private" not in json.dumps(result)


def test_a_hash_is_of_the_body_as_it_was_sent(target: Target, service: Service) -> None:
    target.answer("/", body="déjà vu", headers={"Content-Type": "text/plain; charset=latin-1"})
    digest = hashlib.sha256("déjà vu".encode()).hexdigest()
    assertion = {"type": "bodyHash", "operator": "sha256", "target": digest}
    assert service.run(http_test(target.url, assertion))["status"] == "passed"


def redirect_chain(target: Target, length: int) -> None:
    for number in range(length):
        target.answer(f"/{number}", status=302, headers={"Location": f"/{number + 1}"})
    target.answer(f"/{length}", body="there")


@pytest.mark.parametrize(("length", "code"), [(10, None), (11, "TOO_MANY_REDIRECTS")])
def test_ten_redirects_are_followed(
    target: Target, service: Service, length: int, code: str | None
) -> None:
    redirect_chain(target, length)
    result = service.run(http_test(f"{target.url}/0", options={"follow_redirects": True}))
    assert result.get("failure", {}).get("code") == code
    assert len(result["response"]["redirects"]) == 10
    assert result["response"]["redirects"][0] == {"location": "/1", "status_code": 302}
    assert result["timings"]["redirect"] > 0


def test_redirects_are_not_followed_unless_asked(target: Target, service: Service) -> None:
    redirect_chain(target, 1)
    moved = {"type": "statusCode", "operator": "is", "target": 302}
    assert service.run(http_test(f"{target.url}/0", moved))["status"] == "passed"
    assert len(target.requests) == 1


@pytest.mark.parametrize("persists", [True, False])
def test_cookies_across_a_redirect(target: Target, service: Service, persists: bool) -> None:
    headers = {"Location": "/1", "Set-Cookie": "got=1"}
    target.answer("/0", status=302, headers=headers)
    target.answer("/1")
    definition = http_test(
        f"{target.url}/0",
        headers={"Cookie": "own=1"},
        persistCookies=persists,
        options={"follow_redirects": True},
    )
    assert service.run(definition)["status"] == "passed"
    expected = "own=1; got=1" if persists else "own=1"
    assert target.requests[1]["headers"]["cookie"] == expected


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_a_refused_connection(service: Service) -> None:
    result = service.run(http_test(f"http://127.0.0.1:{closed_port()}/"))
    assert result["failure"]["code"] == "CONNREFUSED"
    assert (result["status"], result["inconclusive"]) == ("failed", False)


def test_a_name_that_does_not_resolve(service: Service) -> None:
    result = service.run(http_test("http://no-such-host.invalid/"))
    assert result["failure"]["code"] == "DNS"
    assert "no-such-host.invalid" in result["failure"]["message"]


@contextmanager
def raw_server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that says what `talk` says to its one connection."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(65536)
            talk(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join()


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


@pytest.mark.parametrize(
    ("talk", "code"),
    [
        (reset, "CONNRESET"),
        (lambda _: None, "CONNRESET"),
        (lambda it: it.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"), "CONNRESET"),
        (lambda it: it.sendall(b"this is not HTTP\r\n\r\n"), "MALFORMED_RESPONSE"),
    ],
    ids=["reset", "closed", "cut", "not http"],
)
def test_a_broken_answer(
    service: Service, talk: Callable[[socket.socket], None], code: str
) -> None:
    with raw_server(talk) as url:
        assert service.run(http_test(url))["failure"]["code"] == code


def test_a_slow_answer_times_out(target: Target, service: Service) -> None:
    release = threading.Event()

    def wait(_: Handler) -> Answer:
        release.wait()
        return 0, {}, ""

    target.routes["/slow"] = wait
    result = service.run(http_test(f"{target.url}/slow", timeout=0.2))
    release.set()
    assert result["failure"]["code"] == "TIMEOUT"
    assert "0.2 s" in result["failure"]["message"]
    # Timers of the event loop count whole milliseconds: one may be up to 1 ms early.
    assert result["timings"]["total"] > 199


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key in the same file."""
    path = tmp_path_factory.mktemp("tls") / "self-signed.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [*command, "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True
    )
    with path.open("a") as file:
        file.write(path.with_name(f"{path.name}.crt").read_text())
    return path


@pytest.fixture
def tls_target(target: Target, certificate: Path) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    # The handshake belongs to the connection's thread: a refused one must not end the server.
    target.server.socket = context.wrap_socket(
        target.server.socket, server_side=True, do_handshake_on_connect=False
    )
    return target.url.replace("http:", "https:")


def test_a_self_signed_certificate_is_refused(tls_target: str, service: Service) -> None:
    result = service.run(http_test(tls_target))
    assert result["failure"]["code"] == "SSL"
    assert "DEPTH_ZERO_SELF_SIGNED_CERT" in result["failure"]["message"]


def test_a_self_signed_certificate_may_be_allowed(tls_target: str, service: Service) -> None:
    result = service.run(http_test(tls_target, options={"allow_insecure": True}))
    assert result["status"] == "passed"
    assert result["timings"]["ssl"] > 0
    overridden = service.run(http_test(tls_target), allowInsecureCertificates=True)
    assert overridden["status"] == "passed"


@pytest.mark.parametrize(
    ("url", "code", "named"),
    [
        ("{{ NOWHERE }}/x", "INVALID_TEST", "NOWHERE"),
        ("discounts/list", "INVALID_REQUEST", "discounts/list"),
        ("ftp://127.0.0.1/", "INVALID_REQUEST", "ftp"),
        ("http://", "INVALID_REQUEST", "http://"),
        ("http://127.0.0.1:99999/", "INVALID_REQUEST", "99999"),
    ],
)
def test_a_url_that_cannot_be_asked(service: Service, url: str, code: str, named: str) -> None:
    result = service.run(http_test(url))
    assert (result["status"], result["inconclusive"]) == ("failed", True)
    assert result["failure"]["code"] == code
    assert named in result["failure"]["message"]


def test_a_variable_undefined_in_an_assertion_sends_nothing_green(
    target: Target, service: Service
) -> None:
    assertion = {"type": "body", "operator": "doesNotContain", "target": "{{ WORD }}"}
    result = service.run(http_test(target.url, assertion))
    assert result["failure"] == {
        "code": "INVALID_TEST",
        "message": "variable WORD has no value: it is not defined",
    }


def test_url_credentials_are_masked(target: Target, service: Service) -> None:
    url = target.url.replace("http://", "http://dog:hunter22@")
    result = service.run(http_test(url))
    assert target.requests[0]["headers"]["authorization"].startswith("Basic ")
    assert "hunter22" not in json.dumps(result)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"certificate": {"cert": {"content": "x"}}}, "config.request.certificate"),
    ({"files": [{"name": "a"}]}, "config.request.files"),
    ({"bodyType": "multipart/form-data"}, "multipart/form-data"),
    ({"basicAuth": {"type": "novel", "username": "a", "password": "b"}}, "'novel'"),
    ({"timeout": "soon"}, "timeout must be seconds"),
    ({"timeout": -1}, "timeout must be seconds from 0"),
    ({"headers": {"A": 1}}, "config.request.headers"),
    ({"form": {"a": "b"}, "body": "c"}, "form and body"),
    ({"novelty": 1}, "config.request.novelty"),
    ({"url": ""}, "config.request.url"),
    ({"config": {"variablesFromScript": 1}}, "config.variablesFromScript: the code must be"),
    ({"config": {"variablesFromScript": "'{{ A }}'"}}, "dd.variable.get('A')"),
    ({"config": {"assertions": []}}, "config.assertions is empty"),
    ({"config": {"assertions": [{"type": "javascript", "code": "1"}]}}, "asserts nothing"),
    ({"config": {"assertions": [{"type": "javascript"}]}}, "the code must be a string"),
    (
        {"config": {"assertions": [{"type": "javascript", "code": "expect", "target": 1}]}},
        "javascript takes no target",
    ),
    ({"options": {"checkCertificateRevocation": True}}, "checkCertificateRevocation"),
    ({"options": {"follow_redirects": "no"}}, "follow_redirects"),
    (
        {"config": {"configVariables": [{"name": "A", "pattern": "{{ totp }}"}]}},
        "configVariables A: builtin {{ totp }}",
    ),
]


@pytest.mark.parametrize(("part", "named"), REFUSED, ids=[named for _, named in REFUSED])
def test_what_is_not_supported_is_refused_by_name(
    target: Target, service: Service, part: dict[str, Any], named: str
) -> None:
    result = service.run(http_test(**{"url": target.url, **part}))
    assert (result["status"], result["inconclusive"]) == ("failed", True)
    assert result["failure"]["code"] == "INVALID_TEST"
    assert named in result["failure"]["message"]
    assert target.requests == []


@pytest.mark.parametrize("body", ['{"a": "\\ud800"}', '{"a": 1' + "0" * 400 + "}", '{"a": 1e999}'])
def test_odd_json_is_a_result_and_no_fault(target: Target, service: Service, body: str) -> None:
    target.answer("/", body=body)
    path = {"jsonPath": "$.a", "operator": "is", "targetValue": "7"}
    result = service.run(
        http_test(target.url, {"type": "body", "operator": "validatesJSONPath", "target": path})
    )
    assert result["failure"]["code"] == "INCORRECT_ASSERTION"


@pytest.mark.parametrize(
    "location",
    [
        *("file:///etc/passwd", "ftp://127.0.0.1/x", "javascript:alert(1)", "data:text/html,x"),
        *("http://", "http:///x", "http://127.0.0.1:99999/", "http://[::1/", "//[x]/"),
        *(f"http://{'x' * 64}.test/", "http://a..b/", "http://xn--a/", "gopher:x"),
    ],
)
def test_a_redirect_that_leads_nowhere_is_a_failure_of_the_target(
    target: Target, service: Service, location: str
) -> None:
    target.answer("/from", status=302, headers={"Location": location})
    result = service.run(http_test(f"{target.url}/from", options={"follow_redirects": True}))
    assert (result["status"], result["inconclusive"]) == ("failed", False), result["failure"]


@pytest.mark.parametrize("body", ["null", "true", "false", "0", "5", '""', '"a"', "[]", "{}"])
def test_a_path_in_what_holds_nothing_selects_nothing(
    target: Target, service: Service, body: str
) -> None:
    target.answer("/", body=body)
    wanted = {"jsonPath": "$.a", "operator": "is", "targetValue": "x"}
    asserted = {"type": "body", "operator": "validatesJSONPath", "target": wanted}
    result = service.run(http_test(target.url, asserted))
    assert result["failure"]["code"] == "INCORRECT_ASSERTION", result["failure"]
    assert "selects nothing" in result["failure"]["message"]


@pytest.mark.parametrize(
    "charset",
    [
        *("base64", "zlib_codec", "bz2", "rot13", "hex", "uu", "idna", "punycode", "undefined"),
        *(
            "unicode_escape",
            "raw-unicode-escape",
            "no-such-thing",
            "mbcs",
            "utf-8",
            "latin-1",
            '""',
        ),
    ],
)
def test_a_charset_that_is_none_of_texts_is_as_none(
    target: Target, service: Service, charset: str
) -> None:
    headers = {"Content-Type": f"text/html; charset={charset}"}
    target.answer("/", body="woof" + "x" * 200_000, headers=headers)
    result = service.run(
        http_test(target.url, {"type": "body", "operator": "contains", "target": "woof"})
    )
    assert result["status"] == "passed", result.get("failure")


@pytest.mark.parametrize("value", ["wóof", "\N{DOG}", "a\r\nX-Other: b", "a\nb", "a\0b"])
@pytest.mark.parametrize("kind", ["http", "mcp"])
def test_a_header_that_cannot_be_sent_is_named(
    target: Target, service: Service, kind: str, value: str
) -> None:
    wanted = http_test(target.url, headers={"X-Fine": "woof", "X-Dog": "{{ DOG }}"})
    if kind == "mcp":
        wanted["subtype"], wanted["config"]["request"]["callType"] = "mcp", "init"
        del wanted["config"]["request"]["method"]
    result = service.run(wanted, variables={"DOG": value})
    assert (result["failure"]["code"], result["inconclusive"]) == ("INVALID_REQUEST", True)
    assert "'X-Dog' holds characters that cannot be sent" in result["failure"]["message"]
    assert value not in result["failure"]["message"]


@pytest.mark.parametrize("length", ["3", "7"])
def test_a_length_that_the_body_does_not_have_is_the_tests_fault(
    service: Service, target: Target, length: str
) -> None:
    headers = {"Content-Length": length}
    result = service.run(http_test(target.url, method="POST", body="hello", headers=headers))
    assert result["failure"]["code"] == "INVALID_REQUEST"
    assert "Content-Length" in result["failure"]["message"]
