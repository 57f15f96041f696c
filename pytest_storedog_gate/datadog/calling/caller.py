"""One call to the API: sent, sent again where that helps, and read; or why it has no answer."""

from __future__ import annotations

import math
import platform
import threading
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Generic, TypeVar

import requests

from pytest_storedog_gate.datadog.calling import retries
from pytest_storedog_gate.datadog.calling.bounded_exchange import (
    Answer,
    TooLarge,
    Unreadable,
    exchange,
)
from pytest_storedog_gate.datadog.calling.clock import Clock
from pytest_storedog_gate.datadog.calling.json_answer import ODD_SHAPE
from pytest_storedog_gate.datadog.calling.retries import RateLimit
from pytest_storedog_gate.errors import NoVerdict
from pytest_storedog_gate.secrets.masking import NO_SECRETS, Masker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_storedog_gate.datadog.calling.endpoint import Endpoint
    from pytest_storedog_gate.datadog.calling.keys import Keys
    from pytest_storedog_gate.datadog.models import Json

T = TypeVar("T")
_CONNECT_TIMEOUT, _READ_TIMEOUT = 5.0, 30.0  # s, of one operation of a socket
_WHOLE_TIMEOUT = 120.0  # s, of a whole answer
_LONG = 5.0  # s; a pause that is told, as nobody knows otherwise why nothing happens
_SHORTEST_KEY = 5  # characters; a shorter one is a placeholder, and part of many words
_USER_AGENT = (
    f"pytest-storedog-gate/{version('pytest-storedog-gate')} (python "
    f"{platform.python_version()}; os {platform.system().lower()}; arch {platform.machine()})"
)


@dataclass(frozen=True)
class Call(Generic[T]):
    """One call: what is sent, and how its answer is read. `what` is said of an answer that is none.

    `path` is below the API's, or below the host's where it begins with a slash.

    `read` raises where an answer is not `what` was asked for. `instead` takes its place for some
    statuses; those in `again` are asked again beside the transient ones. A `patient` call asks
    for what cannot be read until the deadline: what it asks about is running. Nobody waits for an
    answer longer than `until`, in the clock's time, either.
    """

    path: str
    what: str
    read: Callable[[Answer], T]
    method: str = "GET"
    params: Mapping[str, str] | None = None
    body: Json | None = None
    headers: Mapping[str, str] | None = None
    instead: Mapping[int, Callable[[], T]] = field(default_factory=dict)
    again: Sequence[int] = ()
    patient: bool = False
    scope: str = "synthetics_read"
    until: float = math.inf


class Caller:
    """Sends calls to one `service`. Every failure of a call is a `NoVerdict` with one sentence.

    `deadline`, in the clock's time, bounds all waiting; `calls` counts what was sent, and `limit`
    is what was told of how many may be. `say` hears of a long pause before a call is sent again, in
    the thread that makes the call, and not of others while that lasts. Proxies and their
    certificates come from the environment: HTTPS_PROXY, NO_PROXY, REQUESTS_CA_BUNDLE.
    The keys and whatever else `mask` masks are masked in all that a person may read.
    """

    service = "Synthetics"

    def __init__(
        self,
        endpoint: Endpoint,
        keys: Keys | None,
        clock: Clock | None = None,
        mask: Masker = NO_SECRETS,
    ) -> None:
        self.endpoint = endpoint
        own = Masker((keys.api, keys.app) if keys else (), shortest=_SHORTEST_KEY)
        self.mask = mask.and_also(own)
        self.clock = clock or Clock()
        self.deadline = math.inf
        self.calls = 0
        self.limit = RateLimit()
        self.say: Callable[[str], None] = lambda _line: None
        self._said_until = -math.inf
        self._counting = threading.Lock()
        self._keys = keys
        self._session = self.new_session()

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()

    def ask(self, call: Call[T], session: requests.Session | None = None) -> T:
        """What is read of the answer; the call is sent again where that helps."""
        begun = self.clock.now()
        # Nobody waits for ever, and so nobody who has no deadline is patient.
        patient = call.patient and math.isfinite(self.deadline)
        attempt = 0
        while True:
            answer, fault = self._send(session or self._session, call)
            if answer is not None and answer.status_code == 429:
                self.limit.refused()
            if answer is not None and answer.status_code in call.instead:
                return call.instead[answer.status_code]()
            if answer is not None and answer.good:
                try:
                    return call.read(answer)
                except ODD_SHAPE:
                    fault = Unreadable(answer.described(self.mask))
            spent = self.clock.now() - begun
            pause = retries.pause(
                attempt, call.method, answer, fault, call.again, spent=spent, patient=patient
            )
            if pause is None or self.clock.now() + pause > min(self.deadline, call.until):
                raise NoVerdict(self._why_not(call, answer, fault))
            if pause >= _LONG and self._says_until(self.clock.now() + pause):
                self.say(f"{self._why_not(call, answer, fault)}; asking again in {pause:.0f} s")
            if self.clock.wait(pause):
                raise NoVerdict(f"the run ended before {self._name(call)} was answered")
            attempt += 1

    def _send(
        self, session: requests.Session, call: Call[T]
    ) -> tuple[Answer | None, requests.RequestException | None]:
        left = min(self.deadline, call.until) - self.clock.now()
        if left <= 0:
            raise NoVerdict(
                "the time of this run is over (synthetics.batch_timeout), and its checks have not "
                "all ended"
            )
        with self._counting:
            self.calls += 1
        try:
            answer = exchange(
                session,
                call.method,
                self._url(call),
                within=min(_WHOLE_TIMEOUT, left),
                cancelled=lambda: self.clock.wait(0.0),
                json=call.body,
                params=call.params,
                headers=call.headers,
                timeout=(min(_CONNECT_TIMEOUT, left), min(_READ_TIMEOUT, left)),
            )
        except requests.RequestException as fault:
            return None, fault
        return answer, None

    def _says_until(self, then: float) -> bool:
        """Whether nobody has told yet why nothing happens at the moment."""
        with self._counting:
            silent = self.clock.now() >= self._said_until
            if silent:
                self._said_until = then
            return silent

    def _url(self, call: Call[T]) -> str:
        host = self.endpoint.intake if call.method == "POST" else self.endpoint.api
        return host + (call.path if call.path.startswith("/") else f"/api/{call.path}")

    def _name(self, call: Call[T]) -> str:
        url = self._url(call).replace(self.endpoint.api, self.endpoint.name, 1)
        return f"{call.method} {url}"

    def _why_not(
        self, call: Call[T], answer: Answer | None, fault: requests.RequestException | None
    ) -> str:
        where, name = self.endpoint.name, self._name(call)
        unsure = ""
        if call.method == "POST":
            unsure = "; it may have been accepted, so it was not sent again"
        if isinstance(fault, Unreadable):
            return (
                f"{where} answered with something else than {call.what} to {name}: {fault}; is it "
                f"{self.service}?"
            )
        if isinstance(fault, TooLarge):
            return f"{where} answered {name} with {fault}, which is too much to read{unsure}"
        if answer is None:
            if retries.was_not_sent(fault):
                unsure = ""
            return f"{self.service} cannot be reached at {where}: {name}: {_cause(fault)}{unsure}"
        # A server, or a proxy before it, may repeat what it was sent.
        status, said = answer.status_code, self.mask(_errors(answer))
        if status in (401, 403):
            return (
                f"{where} refused {name} ({status}: {said}); check that DD_API_KEY and DD_APP_KEY "
                f"belong to this site and that the application key has the scope {call.scope}"
            )
        if status < 500:
            unsure = ""
        return f"{where} answered {status} to {name}: {said}{unsure}"

    def new_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = not self.endpoint.is_here
        session.headers["User-Agent"] = _USER_AGENT
        if self._keys is not None:
            session.headers["DD-API-KEY"] = self._keys.api
            session.headers["DD-APPLICATION-KEY"] = self._keys.app
        return session


def _cause(fault: requests.RequestException | None) -> str:
    # The outermost text repeats the URL and the retries; the reason inside is what helps.
    inner = getattr(fault.args[0], "reason", None) if fault and fault.args else None
    is_tls = isinstance(fault, requests.exceptions.SSLError)
    more = "; for a CA of your own set REQUESTS_CA_BUNDLE to its file" if is_tls else ""
    return str(inner or fault).rpartition(": ")[2] + more


def _errors(answer: Answer) -> str:
    try:
        errors = answer.json().get("errors")
    except ODD_SHAPE:
        errors = None
    said = errors if isinstance(errors, list) else [errors] if errors else []
    return "; ".join(str(error) for error in said) or answer.reason or "no reason given"
