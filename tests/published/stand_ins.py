"""The definitions of the real API, aimed at servers of our own: so they run, and ask nobody else.

What a definition says of its target's address is replaced; what it asks and what it asserts stays.
"""

from __future__ import annotations

import base64
import copy
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_synthetics.proving.stages import STAGES
from tests.local_synthetics.servers.certificates import Certificates
from tests.local_synthetics.servers.http2 import http2_server
from tests.local_synthetics.servers.proxy import proxy_server
from tests.local_synthetics.servers.site import serving_site
from tests.local_synthetics.servers.tls import tls_server
from tests.local_synthetics.support.secure import client_pair
from tests.local_synthetics.support.service import http_test, targeting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.local_synthetics.support.service import Json

_ADDRESS = ("host", "port", "url", "dnsServer", "dnsServerPort", "service", "method", "message")
_SECONDS = 1  # a step that finds nothing has a minute otherwise
_SUB_TEST = "sub-tst-own"


@dataclass(frozen=True)
class StandIns:
    """Where they are, and what only the owner of a definition can give."""

    requests: dict[str, Callable[..., Json]]
    http: str
    http2: str
    proxy: str
    site: str
    certificate: Json

    def aimed(self, test: Json) -> Json:
        """The definition with our addresses, and with no more patience than our servers need."""
        aimed: Json = copy.deepcopy(test)
        options = aimed["options"]
        for key in ("ci", "retry"):
            options.pop(key, None)
        if aimed["type"] == "browser":
            options["device_ids"] = options.get("device_ids", ["laptop_large"])[:1]
            aimed["config"]["request"]["url"] = self.site
            if "proxy" in aimed["config"]["request"]:
                aimed["config"]["request"]["proxy"]["url"] = self.proxy
            for step in aimed.setdefault("steps", []):
                self._aim_step(step)
        elif aimed["subtype"] == "multi":
            for step in aimed["config"]["steps"]:
                if step["subtype"] == "wait":
                    step["value"] = 0
                elif "request" in step:
                    # One that fails must not keep the others from being run.
                    step |= {"allowFailure": True, "isCritical": True}
                    self._aim(step["request"], step["subtype"], step["request"])
        else:
            self._aim(aimed["config"]["request"], aimed["subtype"], options)
        return aimed

    def completed(self, test: Json) -> Json:
        """The definition with what only its owner can give, but for the values of variables."""
        completed: Json = copy.deepcopy(test)
        for one in _objects(completed):
            if isinstance(one.get("certificate"), dict):
                for part, content in self.certificate.items():
                    one["certificate"][part]["content"] = content["content"]
            if one.get("bucketKey"):
                one |= {"content": base64.b64encode(b"dog").decode(), "encoding": "base64"}
            if "subtestPublicId" in one:
                one["subtest"] = self._sub_test(completed["type"])
            # What is recorded is no protobuf file; our server tells what it has.
            one.pop("compressedProtoFile", None)
            if one.get("type") == "javascript":
                one["code"] = "dd.expect(1).to.equal(1)"
            if one.get("type") == "bodyHash":
                one["target"] = "0" * 32
        if completed["type"] == "browser":
            completed["storedog"] = {"click_through": True}
        return completed

    def _sub_test(self, kind: str) -> Json:
        if kind == "api":
            return {**http_test(self.http), "public_id": _SUB_TEST}
        there = {"type": "assertPageContains", "params": {"value": "Good dogs"}}
        return {
            "type": "browser",
            "name": "sub-test",
            "config": {"request": {"url": self.site}},
            "steps": [there],
        }

    def _aim_step(self, step: Json) -> None:
        step["timeout"] = _SECONDS
        params = step["params"]
        if step["type"] == "wait":
            params["value"] = 0
        if step["type"] == "goToUrl":
            params["value"] = self.site
        if step["type"] == "runApiTest":
            self._aim(params["request"]["config"]["request"], "http", {})

    def _aim(self, request: Json, kind: str, settings: Json) -> None:
        if kind != "http":
            call = {"callType": request["callType"]} if kind == "grpc" else {}
            ours = self.requests[kind](**call)
            for key in _ADDRESS:
                if key in ours or kind == "grpc":
                    request[key] = ours.get(key, "")
            return
        of_http2 = settings.get("httpVersion") == "http2"
        request["url"] = self.http2 if of_http2 else self.http
        if "proxy" in request:
            request["proxy"]["url"] = self.proxy
        if "accessTokenUrl" in request.get("basicAuth", {}):
            request["basicAuth"]["accessTokenUrl"] = f"{self.http}token"


@contextmanager
def standing_in() -> Iterator[StandIns]:
    """Run the servers; what they show is trusted by this process meanwhile."""
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        environment = stack.enter_context(pytest.MonkeyPatch.context())
        certificates = Certificates(Path(folder))
        environment.setenv("SSL_CERT_FILE", str(certificates.authority))
        stages = {kind: stage for kind, stage in STAGES.items() if kind != "ssl"}
        requests = {kind: stack.enter_context(stage()) for kind, stage in stages.items()}
        tls = stack.enter_context(tls_server(certificates.good))
        requests["ssl"] = lambda: {"host": "localhost", "port": tls}
        target = stack.enter_context(targeting())
        target.answer_json("/token", {"access_token": "woof"})
        http2 = stack.enter_context(http2_server(certificates.good))
        proxy = stack.enter_context(proxy_server())
        site = stack.enter_context(serving_site())
        yield StandIns(
            requests,
            http=f"{target.url}/",
            http2=f"https://localhost:{http2}/",
            proxy=f"http://127.0.0.1:{proxy.port}",
            site=f"{site}/",
            certificate=client_pair(certificates),
        )


def _objects(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value:
        if isinstance(one, dict | list):
            yield from _objects(one)
