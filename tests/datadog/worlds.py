"""Documents of one run, as a service without faults would send them, and a way to send them.

`World` holds what Datadog says to one run; `Wire` stands for everything below our client: the
network, and the servers at its end. What a document proves is worked out here as well, from the
documents alone.
"""

from __future__ import annotations

import io
import itertools
import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import requests
from hypothesis import strategies as st
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from pytest_storedog_gate.datadog import client as client_module
from pytest_storedog_gate.datadog.batch import GRACE, Batch
from pytest_storedog_gate.datadog.calling.endpoint import Endpoint
from pytest_storedog_gate.datadog.client import SyntheticsClient
from pytest_storedog_gate.gate.selection import PlannedCheck
from tests.datadog.conftest import SimulatedTime

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.datadog.models import CheckOutcome

Json = dict[str, Any]
IDS = ("aaa-aaa-aaa", "bbb-bbb-bbb", "ccc-ccc-ccc")
LOCATIONS = ("aws:eu-central-1", "aws:us-east-2", "pl:office-abc")
DEVICES = ("chrome.laptop_large", "firefox.tablet", "mobile_small")
BATCH = "6f1cf8f4"
DATE = "Fri, 15 Jan 2027 08:00:00 GMT"
TRIGGERED = 1_800_000_000.0  # the same in s
LATE = 60.0  # s after the trigger: the service would have ended the batch
RUNNING = ("in_progress", "pending", "queued", None)


@dataclass
class World:
    """What is answered: definitions and overrides by public ID, batches in turn, details by ID.

    The last batch is answered for ever. `faults` are bad answers by route, which go by.
    """

    definitions: dict[str, Any] = field(default_factory=dict)
    overrides: dict[str, Json] = field(default_factory=dict)
    trigger: Any = None
    batches: list[Any] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)

    def entries(self, public_id: str) -> list[Json]:
        """The entries of a check in the last batch."""
        results = self.batches[-1]["data"]["results"]
        return [entry for entry in results if entry["test_public_id"] == public_id]


class Wire(BaseAdapter):
    """Answers every request from a world; `sent` is what it has answered with, by route."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.sent: dict[str, list[Any]] = {"batch": [], "details": []}
        self._faults = {route: list(faults) for route, faults in world.faults.items()}

    def send(self, request: requests.PreparedRequest, **_: object) -> requests.Response:  # type: ignore[override]
        """The answer to one request."""
        url = urlsplit(str(request.url))
        name = url.path.rpartition("/")[2]
        if "/ci/batch/" in url.path:
            number = min(len(self.sent["batch"]), len(self.world.batches) - 1)
            return self._answer("batch", self.world.batches[number])
        if name == "poll_results":
            wanted = json.loads(parse_qs(url.query)["result_ids"][0])
            there = [self.world.details[one] for one in wanted if one in self.world.details]
            return self._answer("details", {"data": there})
        if request.method == "POST":
            return self._answer("trigger", self.world.trigger)
        return self._answer("test", self.world.definitions[name])

    def close(self) -> None:
        """There is nothing to close."""

    def _answer(self, route: str, body: Any) -> requests.Response:
        if self._faults.get(route):
            status, content = self._faults[route].pop()
            if status == 0:
                raise requests.ConnectionError("lost")
        else:
            status, content = 200, json.dumps(body).encode()
            self.sent.get(route, []).append(body)
        answer = requests.Response()
        answer.status_code = status
        answer.headers.update({"Content-Type": "application/json", "Date": DATE})
        answer.raw = HTTPResponse(
            io.BytesIO(content), answer.headers, status, preload_content=False
        )
        return answer


class Client(SyntheticsClient):
    """Ours, with the wire in the place of the network."""

    def __init__(self, wire: Wire, time: SimulatedTime) -> None:
        self._wire = wire
        super().__init__(Endpoint.of_url("http://127.0.0.1:9"), None, time.clock)

    def new_session(self) -> requests.Session:
        session = super().new_session()
        session.mount("http://", self._wire)
        return session


def run(wire: Wire) -> dict[str, CheckOutcome]:
    """The gate's own way from definitions to outcomes; raises what it raises."""
    time = SimulatedTime()
    client = Client(wire, time)
    client.deadline = LATE + GRACE
    planned = []
    for public_id, overrides in wire.world.overrides.items():
        check = client.check(public_id)
        assert check is not None
        payload = {**overrides, "public_id": public_id}
        planned.append(PlannedCheck(check, "blocking", payload))
    # The world's time is told by its answers.
    with mock.patch.object(client_module, "_CLOCKS", math.inf):
        triggered = client.trigger([check.payload for check in planned], batch_timeout=LATE)
    batch = Batch(client, triggered, {check.public_id: check.places for check in planned})
    told = [outcome.public_id for outcome in batch.outcomes()]
    client.close()
    assert sorted(told) == sorted(wire.world.overrides), "each check is told once"
    assert time.now <= LATE + GRACE, "nobody waits longer"
    # As the verdict reads them, when all is over.
    return {public_id: batch.outcome(public_id) for public_id in told}


# -- what there is when nothing is wrong -----------------------------------------------------------


def _some(of: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(of), unique=True, max_size=2)


def asked(definition: Any, overrides: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Location and device of each place that is asked for; an empty one is not told."""
    locations = overrides.get("locations") or definition.get("locations")
    devices: Any = []
    if definition.get("type") in ("browser", "mobile"):
        own = (definition.get("options") or {}).get("device_ids")
        devices = overrides.get("deviceIds") or own
    pairs = itertools.product(locations or [""], devices or [""])
    return {(location, device) for location, device in pairs if location or device}


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A run of one to three checks, all of which pass, seen once or several times."""
    world = World(
        trigger={"batch_id": BATCH, "locations": [{"name": LOCATIONS[0], "display_name": "X"}]}
    )
    entries: list[Json] = []
    for public_id in IDS[: draw(st.integers(1, len(IDS)))]:
        definition = _definition(draw, public_id)
        overrides = draw(_OVERRIDES)
        world.definitions[public_id], world.overrides[public_id] = definition, overrides
        for location, device in sorted(asked(definition, overrides)) or [(LOCATIONS[0], "")]:
            entry = _entry(draw, definition, location or LOCATIONS[1], device, len(entries))
            entries.append(entry)
            datum = _datum(draw, entry)
            world.details[entry["result_id"]] = datum
            if device and draw(st.booleans()):
                # Only the details tell the device.
                del entry["device"]
    last = {"data": {"status": "passed", "results": entries, "metadata": {}}}
    for _ in range(draw(st.integers(0, 2))):
        world.batches.append(_running(draw, entries))
    world.batches.append(last)
    world.faults = draw(_FAULTS)
    return world


# A strategy is costly to make, so that none is made while one draws: these are made once, and
# those of tuples are known to Hypothesis.
_SOME_LOCATIONS = _some(LOCATIONS)
_SOME_DEVICES = _some(DEVICES)
_OVERRIDES = st.fixed_dictionaries(
    {}, optional={"locations": _SOME_LOCATIONS, "deviceIds": _SOME_DEVICES}
)
_FAULTS = st.dictionaries(
    st.sampled_from(("test", "batch", "details")),
    st.lists(
        st.sampled_from(
            ((0, b""), (503, b"{}"), (200, b"<html>"), (200, b'{"data": null}'), (200, b"[]"))
        ),
        min_size=1,
        max_size=3,
    ),
    max_size=2,
)


def _definition(draw: st.DrawFn, public_id: str) -> Json:
    return {
        "public_id": public_id,
        "name": draw(st.sampled_from(("Shop", "Ämter\nGATE OPEN", ""))),
        "type": draw(st.sampled_from(("api", "browser", "mobile", "network"))),
        "subtype": draw(st.sampled_from(("http", None))),
        "tags": ["env:staging"],
        "locations": draw(_SOME_LOCATIONS),
        "options": {"ci": {"executionRule": "blocking"}, "device_ids": draw(_SOME_DEVICES)},
    }


def _entry(draw: st.DrawFn, definition: Json, location: str, device: str, number: int) -> Json:
    result_id, retries = str(9_007_199_254_740_993 + number), draw(st.integers(0, 2))
    return {
        "test_public_id": definition["public_id"],
        "test_name": definition["name"],
        "test_type": definition["type"],
        "result_id": result_id,
        "initial_result_id": f"{result_id}0" if retries else None,
        "location": location,
        "device": ({"id": device} if draw(st.booleans()) else device) if device else None,
        "status": "passed",
        "execution_rule": "blocking",
        "duration": 1234,
        "retries": retries,
        "max_retries": 2,
        "timed_out": False,
        "selective_rerun": {"decision": "run", "reason": "new"} if draw(st.booleans()) else None,
    }


def _datum(draw: st.DrawFn, entry: Json) -> Json:
    device = entry["device"]
    began = TRIGGERED + draw(st.floats(-5, 30))
    held = {"type": "statusCode", "operator": "is", "target": 200, "actual": 200, "valid": True}
    failed = {"name": "an advertisement", "status": "failed", "failure": {"message": "none"}}
    step = {"name": "buy", "status": "passed", "assertions": [held], "timings": {"total": 3}}
    steps = [step, failed | {"allow_failure": True, "sub_test_step_details": [failed]}]
    return {
        "type": "result",
        "id": entry["result_id"],
        "attributes": {
            "test_type": entry["test_type"],
            "batch": {"id": BATCH},
            "location": {"id": entry["location"], "name": "somewhere"},
            "device": device if isinstance(device, dict) else {"id": device},
            "result": {
                "id": entry["result_id"],
                "status": "passed",
                "started_at": round(began * 1000),
                "finished_at": round(began * 1000) + draw(st.integers(0, 9000)),
                "unhealthy": False,
                "failure": {} if draw(st.booleans()) else None,
                "assertions": [held] if draw(st.booleans()) else [],
                "steps": steps if draw(st.booleans()) else [],
                "timings": {"total": 1.5},
                "request": {"method": "GET", "url": "http://127.0.0.1:1/"},
            },
        },
        "relationships": {"test": {"data": {"id": entry["test_public_id"], "type": "test"}}},
    }


def _running(draw: st.DrawFn, entries: list[Json]) -> Json:
    """An earlier look at the batch: some results have ended, some run, some have not joined."""
    seen = []
    for entry in entries:
        match draw(st.sampled_from(("ended", "runs", "is missing"))):
            case "ended":
                seen.append(dict(entry))
            case "runs":
                seen.append(entry | {"status": draw(st.sampled_from(RUNNING)), "retries": None})
    return {"data": {"status": draw(st.sampled_from(RUNNING)), "results": seen}}
