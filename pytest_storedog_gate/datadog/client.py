"""The Synthetics API over HTTP: the same calls for Datadog and for the local service."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from pytest_storedog_gate.errors import NoVerdict

from .models import Check, Json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TIMEOUT = (5.0, 30.0)
# Only sites of the US1 kind have an intake host of their own; datadog-ci does the same.
_INTAKE_SITES = ("datadoghq.com", "datad0g.com")


@dataclass(frozen=True)
class Endpoint:
    """Where Synthetics answers: `api` for all calls but the trigger's, `app` for people."""

    api: str
    intake: str
    app: str
    name: str

    @classmethod
    def of_site(cls, site: str) -> Endpoint:
        """The hosts of one Datadog site (https://docs.datadoghq.com/getting_started/site/)."""
        api = f"https://api.{site}"
        intake = f"https://intake.synthetics.{site}" if site in _INTAKE_SITES else api
        app = f"https://app.{site}" if site.count(".") == 1 else f"https://{site}"
        return cls(api, intake, app, f"site {site}")

    @classmethod
    def of_url(cls, url: str) -> Endpoint:
        """One address for every call, as DD_API_HOST_OVERRIDE means it."""
        url = url.rstrip("/")
        return cls(url, url, url, url)


@dataclass(frozen=True)
class Keys:
    """The two keys of a Datadog organisation; never shown."""

    api: str = field(repr=False)
    app: str = field(repr=False)


@dataclass(frozen=True)
class Triggered:
    """What the service answered to a trigger: the batch, and its locations' display names."""

    batch_id: str
    locations: Mapping[str, str]


class SyntheticsClient:
    """The calls that a gate needs. Every failure of a call is a `NoVerdict` with one sentence."""

    def __init__(self, endpoint: Endpoint, keys: Keys | None) -> None:
        self.endpoint = endpoint
        self.calls = 0
        self._session = requests.Session()
        self._session.headers["User-Agent"] = (
            f"pytest-storedog-gate/{version('pytest-storedog-gate')}"
        )
        if keys is not None:
            self._session.headers["DD-API-KEY"] = keys.api
            self._session.headers["DD-APPLICATION-KEY"] = keys.app
        # A trigger that may have been accepted must not be sent twice: a second batch would be
        # paid for and would have a verdict of its own. Only a refused connection is retried.
        retry = Retry(
            total=None,
            connect=3,
            read=3,
            status=3,
            other=0,
            allowed_methods={"GET"},
            status_forcelist=(429, 500, 502, 503, 504),
            backoff_factor=0.5,
            backoff_jitter=0.5,
            backoff_max=30,
            raise_on_status=False,
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()

    def check(self, public_id: str) -> Check | None:
        """One check's definition, or None where the service does not know the ID."""
        answer = self._request("GET", f"{self._v1}/tests/{public_id}", missing=True)
        return None if answer is None else Check.from_json(answer)

    def trigger(
        self, tests: Sequence[Json], *, batch_timeout: float, metadata: Json | None = None
    ) -> Triggered:
        """Starts one batch with all `tests`; `batch_timeout` is in seconds."""
        body: dict[str, Any] = {
            "tests": list(tests),
            "options": {"batch_timeout": round(batch_timeout * 1000)},
        }
        if metadata:
            body["metadata"] = metadata
        url = f"{self.endpoint.intake}/api/v1/synthetics/tests/trigger/ci"
        answer = self._request("POST", url, body=body)
        batch_id = (answer or {}).get("batch_id")
        if not batch_id:
            raise NoVerdict(f"{self.endpoint.name} started no batch: its answer has no batch_id")
        locations = {
            str(place.get("name")): str(place.get("display_name") or place.get("name"))
            for place in (answer or {}).get("locations") or []
        }
        return Triggered(str(batch_id), locations)

    def batch(self, batch_id: str) -> Json:
        """The batch's state: `status`, and an entry for each result."""
        answer = self._request("GET", f"{self._v1}/ci/batch/{batch_id}")
        data = (answer or {}).get("data")
        if not isinstance(data, dict) or not isinstance(data.get("results"), list):
            raise NoVerdict(f"{self.endpoint.name} answered for batch {batch_id} without results")
        return data

    def results(self, result_ids: Sequence[str]) -> dict[str, Json]:
        """The details by result ID; one that is not there yet is left out."""
        answer = self._request(
            "GET",
            f"{self.endpoint.api}/api/v2/synthetics/tests/poll_results",
            params={"result_ids": json.dumps(list(result_ids))},
            missing=True,
        )
        found: dict[str, Json] = {}
        for datum in (answer or {}).get("data") or []:
            attributes = datum.get("attributes") or {}
            result = attributes.get("result") or {}
            if result.get("finished_at"):
                found[str(datum.get("id"))] = {**result, "device": attributes.get("device")}
        return found

    @property
    def _v1(self) -> str:
        return f"{self.endpoint.api}/api/v1/synthetics"

    def _request(
        self,
        method: str,
        url: str,
        *,
        body: Json | None = None,
        params: Mapping[str, str] | None = None,
        missing: bool = False,
    ) -> Json | None:
        call = f"{method} {url}"
        self.calls += 1
        try:
            answer = self._session.request(method, url, json=body, params=params, timeout=_TIMEOUT)
        except requests.RequestException as error:
            raise NoVerdict(
                f"Synthetics cannot be reached at {self.endpoint.name}: {call}: {_cause(error)}"
            ) from None
        if answer.status_code == 404 and missing:
            return None
        if answer.status_code in (401, 403):
            raise NoVerdict(
                f"{self.endpoint.name} refused {call} ({answer.status_code}: {_errors(answer)}); "
                "check that DD_API_KEY and DD_APP_KEY belong to this site and that the application "
                "key has the scopes synthetics_read and synthetics_write"
            )
        if not answer.ok:
            raise NoVerdict(
                f"{self.endpoint.name} answered {answer.status_code} to {call}: {_errors(answer)}"
            )
        try:
            data = answer.json()
        except ValueError:
            data = None
        if not isinstance(data, dict):
            raise NoVerdict(f"{self.endpoint.name} answered {call} with something that is not JSON")
        return data


def _cause(error: requests.RequestException) -> str:
    # The outermost text repeats the URL and the retries; the reason inside is what helps.
    inner = getattr(error.args[0], "reason", None) if error.args else None
    return str(inner or error).rpartition(": ")[2]


def _errors(answer: requests.Response) -> str:
    try:
        errors = answer.json()["errors"]
        return "; ".join(str(e) for e in errors)
    except (ValueError, KeyError, TypeError):
        return answer.reason or "no reason given"
