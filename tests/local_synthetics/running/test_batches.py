"""The life of a batch: concurrency, retries, timeouts, execution rules, faults."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from pytest_storedog_gate.local_synthetics.definitions.definition import is_public_id, parse
from pytest_storedog_gate.local_synthetics.kinds import Outcome, Run
from pytest_storedog_gate.local_synthetics.running.results import Results
from tests.local_synthetics.support.service import (
    DEADLINE,
    Answer,
    Handler,
    Service,
    Target,
    http_test,
    serving,
)


def local(definition: dict[str, Any], **overrides: Any) -> dict[str, Any]:
    return {"local_test_definition": definition, **overrides}


class Gate:
    """A route that answers only when the test lets it."""

    def __init__(self, target: Target, path: str, status: int = 200) -> None:
        self.asked = threading.Semaphore(0)
        self.released = threading.Event()
        self.status = status
        target.routes[path] = self

    def __call__(self, _: Handler) -> Answer:
        self.asked.release()
        self.released.wait(DEADLINE)
        return self.status, {}, ""


def test_one_result_per_test_and_location(target: Target, service: Service) -> None:
    first = http_test(target.url)
    second = {**http_test(target.url), "locations": []}
    answer = service.post({
        "tests": [local(first, locations=["aws:eu-central-1", "pl:office"]), local(second)],
        "metadata": {"git": {"branch": "main"}},
    }).json()  # fmt: skip
    assert answer["selective_rerun_rate_limited"] is False
    assert [(one["name"], one["display_name"]) for one in answer["locations"]] == [
        ("aws:eu-central-1", "Local (aws:eu-central-1)"),
        ("pl:office", "Local (pl:office)"),
        ("local", "Local (local)"),
    ]
    batch = service.final(answer["batch_id"])
    assert batch["status"] == "passed"
    assert batch["metadata"] == {"git": {"branch": "main"}}
    ids = [entry.pop("result_id") for entry in batch["results"]]
    assert len(set(ids)) == 3
    assert all(len(one) == 19 and one.isdigit() for one in ids)
    assert batch["results"][1].pop("duration") >= 0
    assert batch["results"][1] == {
        "test_public_id": first["public_id"],
        "test_name": "discounts: list",
        "test_type": "api",
        "location": "pl:office",
        "status": "passed",
        "execution_rule": "blocking",
        "retries": 0,
        "max_retries": 0,
        "timed_out": False,
    }
    document = service.poll(*ids)
    assert [datum["id"] for datum in document["data"]] == ids
    datum = document["data"][1]
    assert datum["relationships"]["test"]["data"] == {"id": first["public_id"], "type": "test"}
    attributes = datum["attributes"]
    assert (attributes["test_type"], attributes["test_sub_type"]) == ("api", "http")
    assert attributes["location"] == {"id": "pl:office", "name": "Local (pl:office)"}
    assert attributes["batch"] == {"id": answer["batch_id"]}
    included = {one["id"]: one["attributes"] for one in document["included"]}
    assert included.keys() == {first["public_id"], second["public_id"]}
    assert included[first["public_id"]]["config"]["request"] == {"method": "GET", "url": target.url}


def test_checks_overlap_up_to_the_limit(target: Target) -> None:
    gate = Gate(target, "/held")
    definition = http_test(f"{target.url}/held")
    with serving(concurrency=2) as service:
        batch_id = service.trigger(local(definition, locations=list("abcdefgh")))
        assert gate.asked.acquire(timeout=DEADLINE)
        assert gate.asked.acquire(timeout=DEADLINE)
        # Both are held, so a third request could only come from a third check at once: none comes
        # in the time of many other answers.
        for _ in range(20):
            assert service.batch(batch_id)["status"] == "in_progress"
        assert len(target.requests) == 2
        gate.released.set()
        assert service.final(batch_id)["status"] == "passed"
    assert len(target.requests) == 8


def test_a_pending_result_is_not_there_yet(target: Target, service: Service) -> None:
    gate = Gate(target, "/held")
    batch_id = service.trigger(local(http_test(f"{target.url}/held")))
    assert gate.asked.acquire(timeout=DEADLINE)
    (entry,) = service.batch(batch_id)["results"]
    assert (entry["status"], entry["retries"]) == ("in_progress", None)
    pending = service.result(entry["result_id"])
    assert "finished_at" not in pending
    gate.released.set()
    service.final(batch_id)
    assert service.result(entry["result_id"])["status"] == "passed"


def test_a_retry_has_its_own_result(target: Target, service: Service) -> None:
    gate = Gate(target, "/flaky", status=200)
    held = target.routes["/flaky"]
    target.routes["/flaky"] = lambda handler: (
        held(handler) if len(target.requests) > 1 else (500, {}, "")
    )
    definition = http_test(f"{target.url}/flaky", options={"retry": {"count": 2, "interval": 1}})
    batch_id = service.trigger(local(definition))
    assert gate.asked.acquire(timeout=DEADLINE)  # the second attempt has begun
    (pending,) = service.batch(batch_id)["results"]
    assert (pending["status"], pending["retries"], pending["max_retries"]) == ("in_progress", 0, 2)
    first = service.result(pending["result_id"])
    assert first["failure"]["code"] == "INCORRECT_ASSERTION"
    gate.released.set()
    (final,) = service.final(batch_id)["results"]
    assert (final["status"], final["retries"], final["max_retries"]) == ("passed", 1, 2)
    assert final["initial_result_id"] == pending["result_id"] != final["result_id"]
    second = service.result(final["result_id"])
    assert (second["status"], second["initial_id"]) == ("passed", first["id"])
    assert (first["is_fast_retry"], second["is_fast_retry"]) == (False, True)
    assert service.result(first["id"])["status"] == "failed"


def test_every_attempt_may_fail(target: Target, service: Service) -> None:
    target.answer("/", status=500)
    definition = http_test(target.url, options={"retry": {"count": 5, "interval": 9_999_999}})
    batch_id = service.trigger(local(definition, retry={"count": 2, "interval": 1}))
    (entry,) = service.final(batch_id)["results"]
    assert (entry["status"], entry["retries"], entry["max_retries"]) == ("failed", 2, 2)
    assert len(target.requests) == 3
    assert service.result(entry["result_id"])["is_last_retry"] is True


def test_what_can_never_pass_is_not_retried(service: Service) -> None:
    definition = http_test("{{ NOWHERE }}", options={"retry": {"count": 3, "interval": 9_999_999}})
    (entry,) = service.final(service.trigger(local(definition)))["results"]
    assert (entry["status"], entry["retries"]) == ("failed", 0)


def test_a_batch_times_out(target: Target, service: Service) -> None:
    gate = Gate(target, "/held")
    tests = [local(http_test(f"{target.url}/held")), local(http_test(target.url))]
    batch_id = service.trigger(*tests, batch_timeout=1500)
    batch = service.final(batch_id)
    gate.released.set()
    assert batch["status"] == "failed"
    late, good = batch["results"]
    assert (late["status"], late["timed_out"]) == ("failed", True)
    assert (good["status"], good["timed_out"]) == ("passed", False)
    result = service.result(late["result_id"])
    assert result["failure"] == {
        "code": "TIMEOUT",
        "message": "The batch timed out before receiving the result.",
    }


def test_a_batch_times_out_before_a_retry(target: Target, service: Service) -> None:
    target.answer("/", status=500)
    definition = http_test(target.url, options={"retry": {"count": 1, "interval": 9_999_999}})
    (entry,) = service.final(service.trigger(local(definition), batch_timeout=1000))["results"]
    assert (entry["status"], entry["timed_out"]) == ("failed", True)
    assert (entry["retries"], entry["max_retries"]) == (0, 1)
    # The attempt that did end is what there is to look at.
    assert service.result(entry["result_id"])["failure"]["code"] == "INCORRECT_ASSERTION"


RULES = ["blocking", "non_blocking", "skipped"]


@pytest.mark.parametrize("override", RULES)
@pytest.mark.parametrize("own", RULES)
def test_the_more_lenient_rule_counts(
    target: Target, service: Service, own: str, override: str
) -> None:
    target.answer("/", status=500)
    definition = http_test(target.url, options={"ci": {"executionRule": own}})
    batch = service.final(service.trigger(local(definition, executionRule=override)))
    (entry,) = batch["results"]
    effective = max(own, override, key=RULES.index)
    assert entry["execution_rule"] == effective
    assert batch["status"] == ("failed" if effective == "blocking" else "passed")
    assert entry["status"] == ("skipped" if effective == "skipped" else "failed")
    if effective == "skipped":
        assert entry == {
            "test_public_id": definition["public_id"],
            "test_name": "discounts: list",
            "test_type": "api",
            "execution_rule": "skipped",
            "status": "skipped",
            "retries": None,
            "max_retries": None,
            "timed_out": None,
        }
        assert target.requests == []


class Recorder:
    """A kind that notes on which device it ran."""

    def __init__(self) -> None:
        self.devices: list[str] = []

    def unsupported(self, _definition: object) -> list[str]:
        return []

    async def run(self, run: Run, _variables: object) -> Outcome:
        self.devices.append(run.device)
        return Outcome(None)


DEVICES = ["chrome.laptop_large", "firefox.tablet"]


@pytest.mark.parametrize(
    ("own", "override", "expected"),
    [
        (DEVICES, {}, DEVICES),
        (DEVICES, {"deviceIds": ["edge.tablet"]}, ["edge.tablet"]),
        (["edge.tablet", "edge.tablet"], {}, ["edge.tablet"]),
        ([], {}, [""]),
    ],
)
def test_a_browser_test_runs_on_each_device_in_each_location(
    own: list[str], override: dict[str, Any], expected: list[str]
) -> None:
    kind = Recorder()
    locations = ["aws:eu-central-1", "pl:office"]
    definition = {
        **http_test("http://127.0.0.1", options={"device_ids": own}),
        "type": "browser",
        "locations": locations,
    }
    with serving(kinds={("browser", "http"): kind}) as service:
        results = service.final(service.trigger(local(definition, **override)))["results"]
        data = service.poll(*(entry["result_id"] for entry in results))["data"]
    places = [(location, device) for location in locations for device in expected]
    assert [(one["location"], one.get("device", "")) for one in results] == places
    shown = [datum["attributes"].get("device", {}).get("id", "") for datum in data]
    assert shown == [device for _, device in places]
    assert sorted(kind.devices) == sorted(shown)


def test_devices_are_nothing_to_an_api_test(target: Target, service: Service) -> None:
    batch_id = service.trigger(local(http_test(target.url), deviceIds=DEVICES))
    (entry,) = service.final(batch_id)["results"]
    assert entry["status"] == "passed"
    assert "device" not in entry


def test_local_definitions_without_an_id_are_given_one(target: Target, service: Service) -> None:
    definition = http_test(target.url)
    del definition["public_id"]
    batch = service.final(service.trigger(local(definition), local(definition)))
    ids = {entry["test_public_id"] for entry in batch["results"]}
    assert len(ids) == 2
    assert all(is_public_id(public_id) for public_id in ids)
    included = service.poll(*(entry["result_id"] for entry in batch["results"]))["included"]
    assert {one["id"] for one in included} == ids


class Broken:
    """A kind with a bug."""

    def unsupported(self, _definition: object) -> list[str]:
        return []

    async def run(self, _run: object, _variables: object) -> Any:
        raise KeyError("hunter22")


def test_a_bug_in_a_check_ends_only_its_result() -> None:
    with serving(kinds={("api", "http"): Broken()}) as service:
        batch_id = service.trigger(local(http_test("http://127.0.0.1")))
        (entry,) = service.final(batch_id)["results"]
        result = service.result(entry["result_id"])
    assert (result["status"], result["unhealthy"]) == ("failed", True)
    assert result["inconclusive"] is True
    assert result["failure"]["code"] == "INTERNAL_ERROR"
    assert "KeyError in test_batches.py" in result["failure"]["message"]
    assert "hunter22" not in json.dumps(result)


def test_another_kind_is_refused_by_name(service: Service) -> None:
    definition = {**http_test("http://127.0.0.1"), "subtype": "smtp"}
    result = service.run(definition)
    assert (result["status"], result["inconclusive"]) == ("failed", True)
    assert result["failure"] == {
        "code": "INVALID_TEST",
        "message": "Refused: tests of type api smtp are not supported",
    }


def test_the_service_ends_while_checks_run(target: Target) -> None:
    gate = Gate(target, "/held")
    with serving() as service:
        service.trigger(local(http_test(f"{target.url}/held")))
        assert gate.asked.acquire(timeout=DEADLINE)
        begun = time.monotonic()
    assert time.monotonic() - begun < DEADLINE / 2  # the check was abandoned, not waited for
    gate.released.set()


def test_old_results_are_forgotten() -> None:
    results = Results(kept=2)
    definition = parse(http_test("http://127.0.0.1"))
    for number in "123":
        results.put(definition, {"result": {"id": number, "finished_at": 1}})
    assert [datum["id"] for datum in results.poll(["1", "2", "3"])["data"]] == ["2", "3"]
