"""The Synthetics API over HTTP: the same calls for Datadog and for the local service."""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_storedog_gate.datadog.batch_state import BatchState
from pytest_storedog_gate.datadog.calling.caller import Call, Caller
from pytest_storedog_gate.datadog.calling.json_answer import (
    ODD_SHAPE,
    identifier,
    listed,
    mapping,
    plain,
)
from pytest_storedog_gate.datadog.details import Detail, details_from_json
from pytest_storedog_gate.datadog.models import Check, Json, Suite
from pytest_storedog_gate.datadog.pace import NEWS
from pytest_storedog_gate.errors import NoVerdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_storedog_gate.datadog.calling.bounded_exchange import Answer

MAX_TESTS = 1000  # that one trigger takes
PAGE = 100  # tests; Datadog's own size, which no limit cuts
_NO_LIST = (400, 401, 403, 404, 405, 501)
_TOO_LONG = (413, 414, 431)  # for the server, one of them with 1,000 IDs in a URL
# Nothing else of a foreign text may become an address.
_OWN_PICTURE = re.compile(r"/local/screenshots/[0-9a-f]{32}")
_CLOCKS = 3600.0  # s; the service's clock and ours differ by less


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


class SyntheticsClient(Caller):
    """The calls that a gate needs; see `Caller` for how each is made."""

    def check(self, public_id: str) -> Check | None:
        """One check's definition, or None where the service does not know the ID."""

        def read(answer: Answer) -> Check | None:
            check = Check.from_json(answer.json())
            _same(public_id, check.public_id)
            return check

        path = f"v1/synthetics/tests/{quote(public_id, safe='')}"
        return self.ask(Call(path, f"the test {public_id}", read, instead={404: lambda: None}))

    def page(self, number: int) -> tuple[Check, ...]:
        """The checks of one page of all that the service has, from 0; those that it tells whole.

        Empty after the last one, and where the service has no such list.
        """
        return self.ask(
            Call(
                "v1/synthetics/tests",
                "a page of tests",
                lambda answer: tuple(_whole(listed(answer.json()["tests"]))),
                params={"page_size": str(PAGE), "page_number": str(number)},
                # Each test will be asked for by itself, which tells what is wrong.
                instead=dict.fromkeys(_NO_LIST, tuple),
            )
        )

    def screenshot(self, key: str, until: float) -> bytes:
        """A picture of the local service (JPEG); empty where it has none, and for another's key.

        Datadog's API has no way to ask for its own. `until`: see `Call`.
        """
        if self.endpoint.is_datadog or not _OWN_PICTURE.fullmatch(key):
            return b""
        call = Call(
            key, "a screenshot", lambda answer: answer.body, instead={404: bytes}, until=until
        )
        return self.ask(call)

    def search(self, query: str) -> tuple[Check, ...]:
        """All checks that Datadog's search finds; an empty or cut-off answer is no selection."""

        def read(answer: Answer) -> tuple[tuple[Check, ...], int]:
            data = answer.json()
            return tuple(map(Check.from_json, listed(data["tests"]))), int(data.get("total") or 0)

        params = {"text": query, "count": str(MAX_TESTS + 1), "include_full_config": "true"}
        call = Call("v1/synthetics/tests/search", "a search", read, params=params)
        found, total = self.ask(call)
        if not found:
            raise NoVerdict(
                f"the search {query!r} finds nothing on {self.endpoint.name}, so it proves nothing;"
                ' tags are searched as tag:"key:value"'
            )
        total = max(total, len(found))
        if total > min(MAX_TESTS, len(found)):
            raise NoVerdict(
                f"the search {query!r} finds {total} checks on {self.endpoint.name}, more than the "
                f"{MAX_TESTS} that can be run; narrow it"
            )
        return found

    def suite(self, public_id: str) -> Suite | None:
        """One suite, or None where the service does not know the ID."""

        def read(answer: Answer) -> Suite | None:
            data = _without_errors(answer)
            _same(public_id, data["data"].get("id"), data["data"]["attributes"].get("public_id"))
            return Suite.from_json(public_id, data)

        path = f"v2/synthetics/suites/{quote(public_id, safe='')}"
        return self.ask(Call(path, f"the suite {public_id}", read, instead={404: lambda: None}))

    def suites(self) -> frozenset[str] | None:
        """The public IDs of all suites; None where the service does not list all of them."""

        def read(answer: Answer) -> frozenset[str] | None:
            found = _without_errors(answer)["data"]["attributes"]
            suites = frozenset(identifier(suite["public_id"]) for suite in listed(found["suites"]))
            return suites if len(suites) == found["total"] else None

        return self.ask(
            Call(
                "v2/synthetics/suites/search",
                "a list of suites",
                read,
                params={"count": str(MAX_TESTS)},
                instead=dict.fromkeys(_NO_LIST, lambda: None),
            )
        )

    def has_version(self, public_id: str, number: int) -> bool:
        """Whether the check has had this version."""
        path = f"v2/synthetics/tests/{quote(public_id, safe='')}/version_history/{number}"
        call = Call(
            path,
            f"version {number} of {public_id}",
            # What it holds is not described anywhere.
            lambda answer: answer.json() is not None,
            params={"only_check_existence": "true"},
            instead={404: lambda: False},
        )
        return self.ask(call)

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
        with self.new_session() as session:
            session.headers["X-Trigger-App"] = "pytest_storedog_gate"
            return self.ask(call, session)

    def batch(self, batch_id: str, since: BatchState | None = None) -> BatchState:
        """The state of a batch, with an entry for each result.

        A service that kept the look of the state `since` answers once there is another one, or
        after `NEWS` seconds.
        """

        def read(answer: Answer) -> BatchState:
            data = _without_errors(answer)
            said = (data["data"].get(name) for name in ("batch_id", "id", "public_id"))
            _same(batch_id, *said)
            self.limit.told(answer.headers)
            kept = "wait" in answer.headers.get("Preference-Applied", "")
            tag = answer.headers.get("ETag", "") if kept else ""
            return replace(BatchState.from_json(data, self.mask, since), tag=tag)

        path = f"v1/synthetics/ci/batch/{quote(batch_id, safe='')}"
        headers = {}
        # RFC 7240; whoever cannot wait answers at once. None is to wait beyond our own time.
        if self.clock.now() + NEWS < self.deadline:
            headers["Prefer"] = f"wait={NEWS:.0f}"
        unchanged: dict[int, Callable[[], BatchState]] = {}
        if since is not None and since.tag:
            headers["If-None-Match"] = since.tag
            unchanged[304] = lambda: since
        return self.ask(
            Call(
                path,
                f"batch {batch_id}",
                read,
                headers=headers,
                instead=unchanged,
                # As in datadog-ci: one that has just been started may not be known everywhere yet.
                again=(404,),
                patient=True,
            )
        )

    def details(self, result_ids: Sequence[str]) -> dict[str, Detail]:
        """The details of these results by ID; one that the service does not know is left out."""

        def read(answer: Answer) -> dict[str, Detail]:
            found = details_from_json(_without_errors(answer), self.mask)
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


def _whole(tests: Iterable[Any]) -> Iterator[Check]:
    """Those that can be read, and tell what they are and where they run.

    A place that gets lost must be missed, and what an override is for depends on the type.
    """
    for test in tests:
        with suppress(*ODD_SHAPE):
            check = Check.from_json(test)
            if check.whole:
                yield check


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
