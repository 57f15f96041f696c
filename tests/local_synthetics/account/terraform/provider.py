"""What Terraform's provider for Datadog does: the calls that it makes, and what it compares.

Written after the provider's source, version of 2026-08, and after what a built one was seen to
send: https://github.com/DataDog/terraform-provider-datadog
"""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Any

import requests

from tests.local_synthetics.support.service import DEADLINE, Json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_synthetics.support.service import Service

V1, V2 = "/api/v1/synthetics", "/api/v2/synthetics"
# Computed, or kept from the configuration where the API does not answer them.
_COMPUTED = {
    "public_id", "created_at", "modified_at", "createdAt", "modifiedAt", "stepCount", "id",
    "last_error", "bucketKey",
}  # fmt: skip
_KEPT_WHERE_SECURE = {"pattern", "example", "value"}
_KEPT = {"content", "encoding"}  # of certificates and files


class Provider:
    """The provider, with one test at a time."""

    def __init__(self, service: Service) -> None:
        self.service = service

    @property
    def url(self) -> str:
        return self.service.url

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        return requests.request(
            method, self.url + path, json=body, headers=self.service.headers,
            timeout=DEADLINE,
        )  # fmt: skip

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.call(method, path, body)
        assert answer.status_code == 200, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None

    def create(self, body: Json) -> Json:
        """Make a test, and look at it at once; the provider takes its state from the second."""
        made = self.ask("POST", f"{V1}/tests/{body['type']}", body)
        return dict(self.ask("GET", f"{V1}/tests/{body['type']}/{made['public_id']}"))

    def read(self, public_id: str) -> Json | None:
        """What a plan begins with: which type of test it is, and then the test."""
        answer = self.call("GET", f"{V1}/tests/{public_id}")
        if answer.status_code == 404:
            return None
        kind = answer.json()["type"]
        return dict(self.ask("GET", f"{V1}/tests/{kind}/{public_id}"))

    def update(self, public_id: str, body: Json) -> Json:
        return dict(self.ask("PUT", f"{V1}/tests/{body['type']}/{public_id}", body))

    def delete(self, public_id: str) -> None:
        self.ask("POST", f"{V1}/tests/delete", {"public_ids": [public_id]})


def changes(configured: Any, answered: Any, path: str = "") -> list[str]:
    """Where a plan shows a change: what is configured differs from what is answered."""
    return list(_changes(configured, answered, path))


def _changes(configured: Any, answered: Any, path: str) -> Iterator[str]:
    if isinstance(configured, dict) and isinstance(answered, dict):
        yield from _changes_of_an_object(configured, answered, f"{path}." if path else "")
    elif isinstance(configured, list) and isinstance(answered, list):
        if len(configured) != len(answered):
            yield path
        for index, pair in enumerate(zip(configured, answered, strict=False)):
            yield from _changes(*pair, f"{path}[{index}]")
    elif configured != answered or isinstance(configured, bool) != isinstance(answered, bool):
        yield path


def _changes_of_an_object(configured: Json, answered: Json, prefix: str) -> Iterator[str]:
    kept = _KEPT | (_KEPT_WHERE_SECURE if configured.get("secure") is True else set())
    for key in sorted(configured.keys() | answered.keys()):
        if key in configured and key in answered:
            yield from _changes(configured[key], answered[key], prefix + key)
        elif key not in (kept if key in configured else _COMPUTED):
            yield prefix + key


def api_test(subtype: str, *assertions: Json, **request: Any) -> Json:
    """The body for an API test; whole numbers of a port are strings, as in a configuration."""
    for key in request.keys() & {"port", "dnsServerPort"}:
        request[key] = str(request[key])
    return {
        "config": {"assertions": list(assertions), "configVariables": [], "request": request},
        "locations": ["aws:eu-central-1"],
        "message": "",
        "name": f"a test of {subtype}",
        "options": {"httpVersion": "any", "min_location_failed": 1, "tick_every": 60},
        "status": "live",
        "subtype": subtype,
        "tags": [],
        "type": "api",
    }


def api_step(subtype: str, *assertions: Json, **request: Any) -> Json:
    """One step of a multistep test: the provider writes out what is off."""
    for key in request.keys() & {"port", "dnsServerPort"}:
        request[key] = str(request[key])
    return {
        "allowFailure": False,
        "assertions": list(assertions),
        "exitIfSucceed": False,
        "extractedValues": [],
        "extractedValuesFromScript": "",
        "isCritical": False,
        "name": f"a step of {subtype}",
        "request": {"allow_insecure": False, "timeout": 0, **request},
        "subtype": subtype,
    }


def browser_step(kind: str, **params: Any) -> Json:
    """One step of a browser test: the provider writes out what is off."""
    return {
        "allowFailure": False,
        "alwaysExecute": False,
        "exitIfSucceed": False,
        "isCritical": False,
        "name": f"a step of {kind}",
        "noScreenshot": False,
        "params": params,
        "timeout": 0,
        "type": kind,
    }


def variable(name: str, pattern: str, *, secure: bool = False) -> Json:
    """A `config_variable` or a `browser_variable` of type text."""
    text: Json = {"name": name, "type": "text", "pattern": pattern, "example": ""}
    return {**text, "secure": secure}


def compressed(text: str) -> str:
    """The text of a .proto file, as the provider sends it."""
    return base64.b64encode(zlib.compress(text.encode())).decode()
