"""The Synthetics API over HTTP: the same calls for Datadog and for the local service."""

from __future__ import annotations

import json
import math
import platform
import re
import threading
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeVar

import requests

from pytest_storedog_gate.errors import ConfigurationError, NoVerdict

from . import retries
from .batch_state import BatchState
from .clock import Clock
from .details import Detail, details_from_json
from .models import Check, Found, Json, Suite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .endpoint import Endpoint

T = TypeVar("T")
# datadog-ci reads both names, the first one first.
KEY_VARIABLES = {
    "api": ("DD_API_KEY", "DATADOG_API_KEY"),
    "app": ("DD_APP_KEY", "DATADOG_APP_KEY"),
}
MAX_TESTS = 1000  # that one trigger takes
_CONNECT_TIMEOUT, _READ_TIMEOUT = 5.0, 30.0  # s
_TOO_LONG = (413, 414, 431)  # for the server, one of them with 1,000 IDs in a URL
_SHORTEST_SECRET = 4  # characters; a shorter one is a placeholder, and part of many words
_LONE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True)
class Keys:
    """The two keys of a Datadog organisation; never shown."""

    api: str = field(repr=False)
    app: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuses what no header can hold: the error of the HTTP library would show it."""
        for name, key in (("DD_API_KEY", self.api), ("DD_APP_KEY", self.app)):
            if not (key.isascii() and key.isprintable()) or key != key.strip():
                raise ConfigurationError(
                    f"{name} holds a line break, a space at its ends or another character that no "
                    "key has; was it read from a file?"
                )


@dataclass(frozen=True)
class Triggered:
    """What the service answered to a trigger: the batch, and its locations' display names."""

    batch_id: str
    locations: Mapping[str, str]

    @classmethod
    def from_json(cls, data: Json) -> Triggered:
        """Reads the answer; outside of CI it has no `batch_id`, which is a ValueError."""
        if not data["batch_id"]:
            raise ValueError("batch_id")
        places = data.get("locations") or []
        shown = {str(p["name"]): str(p.get("display_name") or p["name"]) for p in places}
        return cls(str(data["batch_id"]), shown)


class SyntheticsClient:
    """The calls that a gate needs. Every failure of a call is a `NoVerdict` with one sentence.

    `deadline`, in the clock's time, bounds all waiting; `calls` counts what was sent. Proxies and
    their certificates come from the environment: HTTPS_PROXY, NO_PROXY, REQUESTS_CA_BUNDLE.
    """

    def __init__(self, endpoint: Endpoint, keys: Keys | None, clock: Clock | None = None) -> None:
        self.endpoint = endpoint
        self.clock = clock or Clock()
        self.deadline = math.inf
        self.calls = 0
        self._counting = threading.Lock()
        self._keys = keys
        self._session = self._new_session()

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()

    def check(self, public_id: str) -> Check | None:
        """One check's definition, or None where the service does not know the ID."""
        answer = self._get(f"v1/synthetics/tests/{public_id}", tolerated=(404,))
        return None if answer.status == 404 else self._read(answer, Check.from_json, "a test")

    def search(self, query: str) -> tuple[Check, ...]:
        """All checks that Datadog's search finds; an empty or cut-off answer is no selection."""
        params = {"text": query, "count": str(MAX_TESTS + 1), "include_full_config": "true"}
        answer = self._get("v1/synthetics/tests/search", params=params)
        found = self._read(answer, Found.from_json, "a search")
        if not found.checks:
            raise NoVerdict(
                f"the search {query!r} finds nothing on {self.endpoint.name}, so it proves nothing;"
                ' tags are searched as tag:"key:value"'
            )
        if found.total > min(MAX_TESTS, len(found.checks)):
            raise NoVerdict(
                f"the search {query!r} finds {found.total} checks on {self.endpoint.name}, more "
                f"than the {MAX_TESTS} that can be run; narrow it"
            )
        return found.checks

    def suite(self, public_id: str) -> Suite | None:
        """One suite, or None where the service does not know the ID."""
        answer = self._get(f"v2/synthetics/suites/{public_id}", tolerated=(404,))
        if answer.status == 404:
            return None
        return self._read(answer, lambda data: Suite.from_json(public_id, data), "a suite")

    def has_version(self, public_id: str, number: int) -> bool:
        """Whether the check has had this version."""
        path = f"v2/synthetics/tests/{public_id}/version_history/{number}"
        params = {"only_check_existence": "true"}
        return self._get(path, params=params, tolerated=(404,)).status != 404

    def trigger(
        self, tests: Sequence[Json], *, batch_timeout: float, metadata: Json | None = None
    ) -> Triggered:
        """Starts one batch with all `tests`; `batch_timeout` is in seconds."""
        body: dict[str, Any] = {
            "tests": list(tests),
            "options": {
                "batch_timeout": round(batch_timeout * 1000),
                # Else the organisation's setting holds: a pass for this commit, before this
                # deployment, could then count.
                "selective_rerun": False,
            },
        }
        if metadata:
            body["metadata"] = metadata
        url = f"{self.endpoint.intake}/api/v1/synthetics/tests/trigger/ci"
        # On a connection of its own: one that was kept may have been closed meanwhile, and then
        # nobody could say whether the trigger was accepted.
        with self._new_session() as session:
            session.headers["X-Trigger-App"] = "pytest_storedog_gate"
            answer = self._call(session, "POST", url, body=body, scope="synthetics_write")
        return self._read(answer, Triggered.from_json, "a started batch (a batch_id)")

    def batch(self, batch_id: str) -> BatchState:
        """The state of a batch, with an entry for each result."""
        # As in datadog-ci: a batch that has just been started may not be known everywhere yet.
        answer = self._get(f"v1/synthetics/ci/batch/{batch_id}", again=(404,))
        return self._read(answer, BatchState.from_json, f"batch {batch_id}")

    def details(self, result_ids: Sequence[str]) -> dict[str, Detail]:
        """The details by result ID; one that is not there yet is left out."""
        answer = self._get(
            "v2/synthetics/tests/poll_results",
            params={"result_ids": json.dumps(list(result_ids), separators=(",", ":"))},
            # While one result lags behind, Datadog may answer 404 for all of them.
            tolerated=(404, *(_TOO_LONG if len(result_ids) > 1 else ())),
        )
        if answer.status in _TOO_LONG:
            middle = len(result_ids) // 2
            return self.details(result_ids[:middle]) | self.details(result_ids[middle:])
        return {} if answer.status == 404 else self._read(answer, details_from_json, "results")

    # -- one call ------------------------------------------------------------------------------

    def _get(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        tolerated: Sequence[int] = (),
        again: Sequence[int] = (),
    ) -> _Answer:
        url = f"{self.endpoint.api}/api/{path}"
        return self._call(
            self._session, "GET", url, params=params, tolerated=tolerated, again=again
        )

    def _call(  # noqa: PLR0913  # a call has that many parts
        self,
        session: requests.Session,
        method: str,
        url: str,
        *,
        body: Json | None = None,
        params: Mapping[str, str] | None = None,
        tolerated: Sequence[int] = (),
        again: Sequence[int] = (),
        scope: str = "synthetics_read",
    ) -> _Answer:
        """Sends the call, again where that helps; an answer that is no success is an error.

        `tolerated` are statuses that the caller reads as an answer, `again` those that are asked
        for once more beside the transient ones.
        """
        name = f"{method} {url.replace(self.endpoint.api, self.endpoint.name, 1)}"
        for attempt in range(retries.LIMIT + 1):
            answer, fault = self._send(session, method, url, body=body, params=params)
            if answer is not None and (_good(answer) or answer.status_code in tolerated):
                return _Answer(answer.status_code, _json(answer) if _good(answer) else {})
            pause = retries.pause(attempt, method, answer, fault, again)
            if pause is None or self.clock.now() + pause > self.deadline:
                break
            if self.clock.wait(pause):
                raise NoVerdict(f"the run ended before {name} was answered")
        raise NoVerdict(self._why_not(name, method, answer, fault, scope))

    def _send(
        self,
        session: requests.Session,
        method: str,
        url: str,
        *,
        body: Json | None,
        params: Mapping[str, str] | None,
    ) -> tuple[requests.Response | None, requests.RequestException | None]:
        left = self.deadline - self.clock.now()
        if left <= 0:
            raise NoVerdict(
                "the time of this run is over (synthetics.batch_timeout), and its checks have not "
                "all ended"
            )
        with self._counting:
            self.calls += 1
        timeouts = (min(_CONNECT_TIMEOUT, left), min(_READ_TIMEOUT, left))
        try:
            answer = session.request(
                method, url, json=body, params=params, timeout=timeouts, allow_redirects=False
            )
        except requests.RequestException as fault:
            return None, fault
        return answer, None

    def _why_not(
        self,
        name: str,
        method: str,
        answer: requests.Response | None,
        fault: requests.RequestException | None,
        scope: str,
    ) -> str:
        where = self.endpoint.name
        unsure = "; it may have been accepted, so it was not sent again" if method == "POST" else ""
        if answer is None:
            cause = _cause(fault)
            if retries.was_not_sent(fault):
                unsure = ""
            return f"Synthetics cannot be reached at {where}: {name}: {cause}{unsure}"
        status, said = answer.status_code, self._without_keys(_errors(answer))
        if status in (401, 403):
            return (
                f"{where} refused {name} ({status}: {said}); check that DD_API_KEY and DD_APP_KEY "
                f"belong to this site and that the application key has the scope {scope}"
            )
        if status < 500:
            unsure = ""
        return f"{where} answered {status} to {name}: {said}{unsure}"

    def _without_keys(self, text: str) -> str:
        # A server, or a proxy before it, may repeat what it was sent.
        for key in (self._keys.api, self._keys.app) if self._keys else ():
            text = text.replace(key, "***") if len(key) > _SHORTEST_SECRET else text
        return text

    def _read(self, answer: _Answer, reader: Callable[[Json], T], what: str) -> T:
        try:
            return reader(answer.data)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise NoVerdict(
                f"{self.endpoint.name} answered with something else than {what}; is it Synthetics?"
            ) from None

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = not self.endpoint.is_here
        session.headers["User-Agent"] = _USER_AGENT
        if self._keys is not None:
            session.headers["DD-API-KEY"] = self._keys.api
            session.headers["DD-APPLICATION-KEY"] = self._keys.app
        return session


@dataclass(frozen=True)
class _Answer:
    status: int
    data: Json


_USER_AGENT = (
    f"pytest-storedog-gate/{version('pytest-storedog-gate')} (python "
    f"{platform.python_version()}; os {platform.system().lower()}; arch {platform.machine()})"
)


def _good(answer: requests.Response) -> bool:
    # A redirect is none: following it would take the keys to another host.
    return answer.status_code < 300


def _json(answer: requests.Response) -> Json:
    """The answer's body; an empty object where it is no JSON object, which no reader takes."""
    try:
        data = answer.json()
        if _LONE_SURROGATE.search(answer.text):
            data = _encodable(data)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _encodable(value: Any) -> Any:
    """The same without lone surrogates: a report that holds one would kill xdist's worker."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    return value


def _cause(fault: requests.RequestException | None) -> str:
    if isinstance(fault, requests.exceptions.SSLError):
        return f"{_inner(fault)}; for a CA of your own set REQUESTS_CA_BUNDLE to its file"
    return _inner(fault)


def _inner(fault: requests.RequestException | None) -> str:
    # The outermost text repeats the URL and the retries; the reason inside is what helps.
    inner = getattr(fault.args[0], "reason", None) if fault and fault.args else None
    return str(inner or fault).rpartition(": ")[2]


def _errors(answer: requests.Response) -> str:
    errors = _json(answer).get("errors")
    said = errors if isinstance(errors, list) else [errors] if errors else []
    return "; ".join(str(error) for error in said) or answer.reason or "no reason given"
