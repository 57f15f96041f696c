"""The Synthetics API over HTTP: the same calls for Datadog and for the local service."""

from __future__ import annotations

import json
import math
import platform
import threading
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote

import requests

from pytest_storedog_gate.datadog import retries
from pytest_storedog_gate.datadog.batch_state import BatchState
from pytest_storedog_gate.datadog.clock import Clock
from pytest_storedog_gate.datadog.details import Detail, details_from_json
from pytest_storedog_gate.datadog.exchange import Answer, TooLarge, Unreadable, exchange
from pytest_storedog_gate.datadog.json_answer import ODD_SHAPE, identifier, mapping, plain
from pytest_storedog_gate.datadog.models import Check, Found, Json, Suite
from pytest_storedog_gate.errors import ConfigurationError, NoVerdict
from pytest_storedog_gate.secrets.masking import NO_SECRETS, Masker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_storedog_gate.datadog.endpoint import Endpoint

T = TypeVar("T")
# datadog-ci reads both names, the first one first.
KEY_VARIABLES = {
    "api": ("DD_API_KEY", "DATADOG_API_KEY"),
    "app": ("DD_APP_KEY", "DATADOG_APP_KEY"),
}
MAX_TESTS = 1000  # that one trigger takes
_CONNECT_TIMEOUT, _READ_TIMEOUT = 5.0, 30.0  # s, of one operation of a socket
_WHOLE_TIMEOUT = 120.0  # s, of a whole answer
_TOO_LONG = (413, 414, 431)  # for the server, one of them with 1,000 IDs in a URL
_CLOCKS = 3600.0  # s; the service's clock and ours differ by less
_SHORTEST_KEY = 5  # characters; a shorter one is a placeholder, and part of many words


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
    """What the service answered to a trigger: the batch, and its locations' display names.

    `at` is when, as a Unix time.
    """

    batch_id: str
    locations: Mapping[str, str]
    at: float = field(default_factory=time.time)

    @classmethod
    def from_json(cls, data: Json, at: float) -> Triggered:
        """Reads the answer; outside of CI it has no `batch_id`, which is a ValueError."""
        batch_id = identifier(data["batch_id"])
        # Names for people: the batch has begun, however odd they are.
        found = data.get("locations")
        places = [mapping(place) for place in found] if isinstance(found, list) else []
        names = {plain(p.get("name")): plain(p.get("display_name")) for p in places}
        return cls(batch_id, {name: shown or name for name, shown in names.items() if name}, at)


@dataclass(frozen=True)
class Call(Generic[T]):
    """One call: what is sent, and how its answer is read. `what` is said of an answer that is none.

    `read` raises where an answer is not `what` was asked for. `instead` takes its place for some
    statuses; those in `again` are asked again beside the transient ones. A `patient` call asks
    for what cannot be read until the deadline: what it asks about is running.
    """

    path: str
    what: str
    read: Callable[[Answer], T]
    method: str = "GET"
    params: Mapping[str, str] | None = None
    body: Json | None = None
    instead: Mapping[int, Callable[[], T]] = field(default_factory=dict)
    again: Sequence[int] = ()
    patient: bool = False
    scope: str = "synthetics_read"


class SyntheticsClient:
    """The calls that a gate needs. Every failure of a call is a `NoVerdict` with one sentence.

    `deadline`, in the clock's time, bounds all waiting; `calls` counts what was sent. Proxies and
    their certificates come from the environment: HTTPS_PROXY, NO_PROXY, REQUESTS_CA_BUNDLE.
    The keys and whatever else `mask` masks are masked in all that a person may read.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        keys: Keys | None,
        clock: Clock | None = None,
        mask: Masker = NO_SECRETS,
    ) -> None:
        self.endpoint = endpoint
        own = Masker((keys.api, keys.app) if keys else (), shortest=_SHORTEST_KEY)
        self._mask = mask.and_also(own)
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

        def read(answer: Answer) -> Check | None:
            check = Check.from_json(answer.json())
            _same(public_id, check.public_id)
            return check

        path = f"v1/synthetics/tests/{quote(public_id, safe='')}"
        return self.ask(Call(path, f"the test {public_id}", read, instead={404: lambda: None}))

    def search(self, query: str) -> tuple[Check, ...]:
        """All checks that Datadog's search finds; an empty or cut-off answer is no selection."""
        found = self.ask(
            Call(
                "v1/synthetics/tests/search",
                "a search",
                lambda answer: Found.from_json(answer.json()),
                params={
                    "text": query,
                    "count": str(MAX_TESTS + 1),
                    "include_full_config": "true",
                },
            )
        )
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

        def read(answer: Answer) -> Suite | None:
            data = _without_errors(answer)
            _same(public_id, data["data"].get("id"), data["data"]["attributes"].get("public_id"))
            return Suite.from_json(public_id, data)

        path = f"v2/synthetics/suites/{quote(public_id, safe='')}"
        return self.ask(Call(path, f"the suite {public_id}", read, instead={404: lambda: None}))

    def has_version(self, public_id: str, number: int) -> bool:
        """Whether the check has had this version."""
        path = f"v2/synthetics/tests/{quote(public_id, safe='')}/version_history/{number}"
        return self.ask(
            Call(
                path,
                f"version {number} of {public_id}",
                # What it holds is not described anywhere.
                lambda answer: answer.json() is not None,
                params={"only_check_existence": "true"},
                instead={404: lambda: False},
            )
        )

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
        call = Call(
            "v1/synthetics/tests/trigger/ci",
            "a started batch (a batch_id)",
            lambda answer: Triggered.from_json(answer.json(), _time_of(answer)),
            method="POST",
            body=body,
            scope="synthetics_write",
        )
        # On a connection of its own: one that was kept may have been closed meanwhile, and then
        # nobody could say whether the trigger was accepted.
        with self._new_session() as session:
            session.headers["X-Trigger-App"] = "pytest_storedog_gate"
            return self.ask(call, session)

    def batch(self, batch_id: str) -> BatchState:
        """The state of a batch, with an entry for each result."""

        def read(answer: Answer) -> BatchState:
            data = _without_errors(answer)
            said = (data["data"].get(name) for name in ("batch_id", "id", "public_id"))
            _same(batch_id, *said)
            return BatchState.from_json(data, self._mask)

        path = f"v1/synthetics/ci/batch/{quote(batch_id, safe='')}"
        # As in datadog-ci: a batch that has just been started may not be known everywhere yet.
        return self.ask(Call(path, f"batch {batch_id}", read, again=(404,), patient=True))

    def details(self, result_ids: Sequence[str]) -> dict[str, Detail]:
        """The details of these results by ID; one that the service does not know is left out."""

        def read(answer: Answer) -> dict[str, Detail]:
            found = details_from_json(_without_errors(answer), self._mask)
            return {result_id: found[result_id] for result_id in result_ids if result_id in found}

        def halves() -> dict[str, Detail]:
            middle = len(result_ids) // 2
            return self.details(result_ids[:middle]) | self.details(result_ids[middle:])

        too_long = dict.fromkeys(_TOO_LONG if len(result_ids) > 1 else (), halves)
        return self.ask(
            Call(
                "v2/synthetics/tests/poll_results",
                "results",
                read,
                params={"result_ids": json.dumps(list(result_ids), separators=(",", ":"))},
                # While one result lags behind, Datadog may answer 404 for all of them.
                instead={404: dict, **too_long},
                patient=True,
            )
        )

    # -- one call ------------------------------------------------------------------------------

    def ask(self, call: Call[T], session: requests.Session | None = None) -> T:
        """What is read of the answer; the call is sent again where that helps."""
        begun = self.clock.now()
        # Nobody waits for ever, and so nobody who has no deadline is patient.
        patient = call.patient and math.isfinite(self.deadline)
        attempt = 0
        while True:
            answer, fault = self._send(session or self._session, call)
            if answer is not None and answer.status_code in call.instead:
                return call.instead[answer.status_code]()
            if answer is not None and answer.good:
                try:
                    return call.read(answer)
                except ODD_SHAPE:
                    fault = Unreadable(answer.described(self._mask))
            spent = self.clock.now() - begun
            pause = retries.pause(
                attempt, call.method, answer, fault, call.again, spent=spent, patient=patient
            )
            if pause is None or self.clock.now() + pause > self.deadline:
                raise NoVerdict(self._why_not(call, answer, fault))
            if self.clock.wait(pause):
                raise NoVerdict(f"the run ended before {self._name(call)} was answered")
            attempt += 1

    def _send(
        self, session: requests.Session, call: Call[T]
    ) -> tuple[Answer | None, requests.RequestException | None]:
        left = self.deadline - self.clock.now()
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
                json=call.body,
                params=call.params,
                timeout=(min(_CONNECT_TIMEOUT, left), min(_READ_TIMEOUT, left)),
            )
        except requests.RequestException as fault:
            return None, fault
        return answer, None

    def _url(self, call: Call[T]) -> str:
        host = self.endpoint.intake if call.method == "POST" else self.endpoint.api
        return f"{host}/api/{call.path}"

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
                "Synthetics?"
            )
        if isinstance(fault, TooLarge):
            return f"{where} answered {name} with {fault}, which is too much to read{unsure}"
        if answer is None:
            if retries.was_not_sent(fault):
                unsure = ""
            return f"Synthetics cannot be reached at {where}: {name}: {_cause(fault)}{unsure}"
        # A server, or a proxy before it, may repeat what it was sent.
        status, said = answer.status_code, self._mask(_errors(answer))
        if status in (401, 403):
            return (
                f"{where} refused {name} ({status}: {said}); check that DD_API_KEY and DD_APP_KEY "
                f"belong to this site and that the application key has the scope {call.scope}"
            )
        if status < 500:
            unsure = ""
        return f"{where} answered {status} to {name}: {said}{unsure}"

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = not self.endpoint.is_here
        session.headers["User-Agent"] = _USER_AGENT
        if self._keys is not None:
            session.headers["DD-API-KEY"] = self._keys.api
            session.headers["DD-APPLICATION-KEY"] = self._keys.app
        return session


_USER_AGENT = (
    f"pytest-storedog-gate/{version('pytest-storedog-gate')} (python "
    f"{platform.python_version()}; os {platform.system().lower()}; arch {platform.machine()})"
)


def _time_of(answer: Answer) -> float:
    """The service's time, as a Unix time; ours where an answer of another time is repeated."""
    ours = time.time()
    return answer.date if abs(answer.date - ours) <= _CLOCKS else ours


def _without_errors(answer: Answer) -> Json:
    """What it holds. ValueError where it tells of errors as well: then it may not be all."""
    data = answer.json()
    if data.get("errors"):
        raise ValueError
    return data


def _same(wanted: str, *said: object) -> None:
    """ValueError where an answer says that it is about something else; None says nothing."""
    if any(one not in (None, wanted) for one in said):
        raise ValueError(wanted)


def _cause(fault: requests.RequestException | None) -> str:
    if isinstance(fault, requests.exceptions.SSLError):
        return f"{_inner(fault)}; for a CA of your own set REQUESTS_CA_BUNDLE to its file"
    return _inner(fault)


def _inner(fault: requests.RequestException | None) -> str:
    # The outermost text repeats the URL and the retries; the reason inside is what helps.
    inner = getattr(fault.args[0], "reason", None) if fault and fault.args else None
    return str(inner or fault).rpartition(": ")[2]


def _errors(answer: Answer) -> str:
    try:
        errors = answer.json().get("errors")
    except ODD_SHAPE:
        errors = None
    said = errors if isinstance(errors, list) else [errors] if errors else []
    return "; ".join(str(error) for error in said) or answer.reason or "no reason given"
