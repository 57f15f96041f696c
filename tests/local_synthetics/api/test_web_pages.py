"""What a web page, or a name that leads to loopback, can make the service do: nothing."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests

from pytest_storedog_gate.local_synthetics.api import arrival
from pytest_storedog_gate.local_synthetics.api.admission import LARGEST_BODY, Keys
from tests.browsers import launched, opened
from tests.conftest import need_chromium
from tests.local_synthetics.support.processes import forget_peak_memory, peak_memory, running
from tests.local_synthetics.support.service import DEADLINE, Service, Target, http_test, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

ID = "abc-def-ghi"
V1 = "/api/v1/synthetics"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def shop() -> Iterator[Service]:
    """A service with one test, as a developer starts it: without a key."""
    with serving({**http_test("http://127.0.0.1:1"), "public_id": ID}) as service:
        yield service


def asked(service: Service, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """The answer, with these headers and no others of our own; `_` in their names is `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.request(
        method,
        service.url + path,
        data=None if body is None else json.dumps(body),
        headers=named,
        timeout=DEADLINE,
    )


def port_of(service: Service) -> int:
    return urlsplit(service.url).port or 0


# -- the Host -----------------------------------------------------------------------------------


FOREIGN = [
    "evil.example",
    "evil.example:{port}",
    "127.0.0.1.evil.example:{port}",
    "localhost.evil.example",
    "evil.example:80@localhost",
    "localhost@evil.example",
    "localhost:80:evil.example",
    "192.0.2.7:{port}",
    "[2001:db8::7]:{port}",
    "0.0.0.0:{port}",
    "2130706433:{port}",
    "notlocalhost",
    "localhost,evil.example",
    "[",
    "[::1",
    "",
]
OURS = [
    "localhost",
    "LOCALHOST:{port}",
    "127.0.0.1",
    "127.0.0.1:1",
    "127.1.2.3:{port}",
    "[::1]:{port}",
]


@pytest.mark.parametrize("host", FOREIGN)
def test_a_name_that_leads_here_is_no_way_to_ask(shop: Service, host: str) -> None:
    for method, path in (("GET", f"{V1}/tests"), ("GET", f"{V1}/tests/{ID}")):
        answer = asked(shop, method, path, Host=host.format(port=port_of(shop)))
        assert answer.status_code in (400, 403), host  # 400: it is no Host at all
        assert ID not in answer.text
        if answer.status_code == 403:
            assert "DD_API_KEY" in answer.json()["errors"][0]


@pytest.mark.parametrize("host", OURS)
def test_loopback_may_ask(shop: Service, host: str) -> None:
    answer = asked(shop, "GET", f"{V1}/tests/{ID}", Host=host.format(port=port_of(shop)))
    assert answer.status_code == 200


def test_where_it_was_told_to_listen_and_where_it_was_asked_may_ask() -> None:
    """All addresses of the machine here; of them the one that was really asked."""
    everywhere = "0.0.0.0"  # noqa: S104
    with running("--host", everywhere) as (_, service):
        port = port_of(service)
        for host, status in ((everywhere, 200), ("127.0.0.1", 200), ("192.0.2.7", 403)):
            answer = asked(service, "GET", f"{V1}/settings", Host=f"{host}:{port}")
            assert answer.status_code == status, host


def test_with_a_key_any_name_may_ask_and_no_page_knows_it() -> None:
    with serving(keys=Keys(api_key="k")) as service:
        for key, status in (("k", 200), ("x", 403), ("", 403)):
            answer = asked(service, "GET", f"{V1}/settings", Host="ci.example", DD_API_KEY=key)
            assert answer.status_code == status


# -- other sites --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "https://evil.example",
        "null",
        "http://[",
        "http://localhost:1",
        "http://127.0.0.1",
    ],
)
@pytest.mark.parametrize("key", ["", "k"])
def test_a_page_of_another_site_can_do_nothing(origin: str, key: str) -> None:
    with serving({**http_test("http://h"), "public_id": ID}, keys=Keys(api_key=key)) as service:
        page = {"Origin": origin, "DD_API_KEY": key, **JSON}
        gone = asked(service, "POST", f"{V1}/tests/delete", {"public_ids": [ID]}, **page)
        read = asked(service, "GET", f"{V1}/tests/{ID}", **page)
        assert (gone.status_code, read.status_code) == (403, 403)
        assert asked(service, "GET", f"{V1}/tests/{ID}", DD_API_KEY=key).status_code == 200


def test_its_own_origin_is_no_other_site(shop: Service) -> None:
    assert asked(shop, "GET", f"{V1}/settings", Origin=shop.url).status_code == 200


@pytest.mark.parametrize(
    ("site", "mode", "status"),
    [
        ("cross-site", "no-cors", 403),
        ("same-site", "no-cors", 403),
        ("cross-site", "cors", 403),
        ("cross-site", "navigate", 200),
        ("same-origin", "cors", 200),
        ("none", "navigate", 200),
    ],
)
def test_an_answer_is_no_script_of_another_site(
    shop: Service, site: str, mode: str, status: int
) -> None:
    fetched = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": mode}
    assert asked(shop, "GET", f"{V1}/tests", **fetched).status_code == status


SIMPLE = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
CHANGES = [
    ("POST", f"{V1}/tests/delete", {"public_ids": [ID]}),
    ("POST", f"{V1}/tests/trigger", {"tests": [{"public_id": ID}]}),
    ("POST", f"{V1}/tests/trigger/ci", {"tests": [{"public_id": ID}]}),
    ("PUT", f"{V1}/tests/{ID}/status", {"new_status": "paused"}),
    ("PATCH", f"{V1}/tests/{ID}", {"data": [{"op": "replace", "path": "/name", "value": "x"}]}),
]


@pytest.mark.parametrize("kind", [*SIMPLE, "text/plain; application/json", "application/jsonp"])
@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_what_needs_no_permission_of_ours_is_no_json(
    shop: Service, kind: str, method: str, path: str, body: Any
) -> None:
    before = asked(shop, "GET", f"{V1}/tests/{ID}").json()
    headers = {"Content_Type": kind} if kind else {}
    answer = asked(shop, method, path, body, **headers)
    assert answer.status_code == 415
    assert "application/json" in answer.json()["errors"][0]
    assert asked(shop, "GET", f"{V1}/tests/{ID}").json() == before


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8"])
def test_json_is_json(shop: Service, kind: str) -> None:
    answer = asked(
        shop, "PUT", f"{V1}/tests/{ID}/status", {"new_status": "live"}, Content_Type=kind
    )
    assert answer.status_code == 200


# -- a real page --------------------------------------------------------------------------------


PAGE = """
<body><script>
const tries = {tries};
Promise.all(tries.map(([path, options]) =>
  fetch("{service}" + path, options).then(r => r.text()).catch(String)
)).then(said => {{ document.title = JSON.stringify(said); }});
</script></body>
"""


@contextmanager
def page_of(service: Service, *tries: Any) -> Iterator[str]:
    """The address of a page that makes these requests."""
    text = PAGE.format(tries=json.dumps(tries), service=service.url).encode()

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.browser
def test_a_real_page_deletes_and_starts_nothing_and_reads_nothing(target: Target) -> None:
    need_chromium()
    told = {"tests": [{"public_id": ID}], "options": {"batch_timeout": 5}}
    with serving({**http_test(target.url), "public_id": ID}) as service:
        delete = {"method": "POST", "body": json.dumps({"public_ids": [ID]})}
        start = {"method": "POST", "body": json.dumps(told)}
        tries = [
            [f"{V1}/tests/delete", {**delete, "mode": "no-cors"}],
            [f"{V1}/tests/delete", {**delete, "mode": "no-cors", "headers": JSON}],
            [f"{V1}/tests/delete", {**delete, "headers": JSON}],
            [f"{V1}/tests/trigger/ci", {**start, "mode": "no-cors"}],
            [f"{V1}/tests", {}],
        ]
        with page_of(service, *tries) as address:
            said = visited(address, tries=len(tries))
        assert not any(ID in one for one in said)
        assert asked(service, "GET", f"{V1}/tests/{ID}").status_code == 200
        assert target.requests == []


def visited(address: str, *, tries: int) -> list[str]:
    """What a browser that opens the address was answered."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as driver, launched(driver) as browser:
        page = browser.new_page()
        opened(page, address)
        page.wait_for_function("document.title !== ''")
        said: list[str] = json.loads(page.title())
    assert len(said) == tries
    return said


# -- the size -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def process() -> Iterator[tuple[int, Service]]:
    with running() as (process, service):
        yield process.pid, service


@pytest.mark.parametrize("told", [True, False], ids=["with its length", "in chunks"])
def test_a_body_over_the_limit_is_a_413(process: tuple[int, Service], *, told: bool) -> None:
    pid, service = process
    forget_peak_memory(pid)
    before = peak_memory(pid)
    piece, pieces = b" " * 2**20, 48

    def in_chunks() -> Iterator[bytes]:
        for _ in range(pieces):
            yield piece

    answer = requests.post(
        f"{service.url}{V1}/tests/trigger/ci",
        data=piece * pieces if told else in_chunks(),
        headers=JSON,
        timeout=DEADLINE,
    )
    assert answer.status_code == 413
    assert f"over {LARGEST_BODY} bytes" in answer.json()["errors"][0]
    assert peak_memory(pid) - before < 3 * LARGEST_BODY


def test_the_end_of_a_body_over_the_limit_is_not_waited_for(process: tuple[int, Service]) -> None:
    _, service = process
    with socket.create_connection(("127.0.0.1", port_of(service)), timeout=DEADLINE) as client:
        head = (
            f"POST {V1}/tests/delete HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
        )
        client.sendall(f"{head}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        piece = b"100000\r\n" + b" " * 2**20 + b"\r\n"
        for _ in range(LARGEST_BODY // 2**20 + 1):
            client.sendall(piece)
        assert client.recv(4096).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: localh",
        (
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b'Content-Length: 9\r\n\r\n{"a":'
        ),
        b"GET /none HTTP/1.1\r\nHost: localhost\r\n\r\nGET",
    ],
    ids=["nothing", "half a head", "half a body", "half of the second"],
)
def test_a_request_that_never_comes_keeps_no_connection(
    shop: Service, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(arrival, "PATIENCE", 0.3)
    with socket.create_connection(("127.0.0.1", port_of(shop)), timeout=DEADLINE) as client:
        client.sendall(sent)
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.count(b"The request did not arrive within 0.3 s.") == 1
    assert shop.get(f"{V1}/tests").status_code == 200


def test_a_body_up_to_the_limit_is_read(process: tuple[int, Service]) -> None:
    _, service = process
    text = json.dumps({"public_ids": ["zzz-zzz-zzz"]})
    answer = requests.post(
        f"{service.url}{V1}/tests/delete",
        data=text.ljust(LARGEST_BODY).encode(),
        headers=JSON,
        timeout=DEADLINE,
    )
    assert answer.status_code == 404
