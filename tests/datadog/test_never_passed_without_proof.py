"""Whatever the API says, a check has passed only if every place of it is proved to have passed."""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.errors import GateError
from tests.datadog.worlds import (
    BATCH,
    DEVICES,
    RUNNING,
    TRIGGERED,
    Wire,
    World,
    asked,
    run,
    worlds,
)
from tests.fuzzing.mutations import mutated, values
from tests.fuzzing.profile import examples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Json = dict[str, Any]


# -- what the documents prove, by themselves -------------------------------------------------------


def proved(wire: Wire, public_id: str) -> bool:
    """Whether what was sent proves that the check passed, and nothing in it speaks against it."""
    batches = [sent["data"] for sent in wire.sent["batch"] if _is_batch(sent)]
    if not batches:
        return False
    last = batches[-1]
    entries = [entry for entry in last["results"] if _names_a_test(entry)]
    mine = [entry for entry in entries if entry["test_public_id"] == public_id]
    words = [entry.get("status") for entry in entries]
    if last["status"] != "passed" and (last["status"] not in words or last["status"] in RUNNING):
        return False
    ids = [str(entry.get("result_id")) for entry in entries]
    details = {str(one["id"]): one for one in _details(wire)}
    for entry in mine:
        result_id, rerun = str(entry.get("result_id")), entry.get("selective_rerun")
        history = [
            earlier.get("status")
            for batch in batches
            for earlier in batch["results"]
            if _names_a_test(earlier) and str(earlier.get("result_id")) == result_id
        ]
        if (
            entry.get("status") != "passed"
            or entry.get("timed_out")
            or entry.get("failure")
            or not entry.get("result_id")
            or (rerun and not (isinstance(rerun, dict) and rerun.get("decision") == "run"))
            or ids.count(result_id) > 1
            or any(word in history for word in ("failed", "skipped", "cancelled", "canceled"))
            or (result_id in details and _contradicts(details[result_id], entry))
        ):
            return False
    wanted = asked(wire.world.definitions[public_id], wire.world.overrides[public_id])
    return bool(mine) and all(
        any(_is_at(entry, details, location, device) for entry in mine)
        for location, device in wanted
    )


def _is_batch(sent: Any) -> bool:
    data = sent.get("data") if isinstance(sent, dict) else None
    return isinstance(data, dict) and isinstance(data.get("results"), list) and "status" in data


def _names_a_test(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("test_public_id"), str)


def _details(wire: Wire) -> Iterator[Json]:
    for sent in wire.sent["details"]:
        yield from (one for one in sent["data"] if isinstance(one, dict) and "id" in one)


def _is_at(entry: Json, details: dict[str, Json], location: str, device: str) -> bool:
    told = {_device(entry)}
    datum = details.get(str(entry.get("result_id")), {})
    if isinstance(datum.get("attributes"), dict):
        told.add(_device(datum["attributes"]))
    same = {device, f"chrome.{device}", device.removeprefix("chrome.")}
    return location in ("", entry.get("location")) and (not device or bool(told & same))


def _device(data: Json) -> str:
    device = data.get("device")
    found = device.get("id") if isinstance(device, dict) else device
    return found if isinstance(found, str) else ""


def _contradicts(datum: Json, entry: Json) -> bool:
    attributes = datum.get("attributes")
    result = attributes.get("result") if isinstance(attributes, dict) else None
    if not isinstance(attributes, dict) or not isinstance(result, dict):
        return False  # it says nothing
    began: Any = result.get("started_at")
    ended: Any = result.get("finished_at")
    test: Any = datum.get("relationships")
    for key in ("test", "data", "id"):
        test = test.get(key) if isinstance(test, dict) else None
    return (
        any(said.get("status") not in (None, "passed") for said in (attributes, result))
        or any(result.get(name) for name in ("failure", "error"))
        or result.get("passed") not in (None, True)
        or result.get("run_type") == "scheduled"
        or bool(result.get("unhealthy"))
        or _unmet(result)
        or _failed(result.get("steps"))
        or (isinstance(result.get("id"), str) and result["id"] not in ("", datum["id"]))
        or (isinstance(test, str) and test not in ("", entry["test_public_id"]))
        or (_is_time(began) and _is_time(ended) and began > ended)
        or any(time is not None and not isinstance(time, int | float) for time in (began, ended))
        or (_is_time(began) and began / 1000 < TRIGGERED - 601)
        or (_is_time(ended) and not TRIGGERED - 601 < ended / 1000 < TRIGGERED + 721)
    )


def _is_time(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return value > (TRIGGERED - 450 * 86_400) * 1000


def _unmet(data: Json) -> bool:
    found = data.get("assertions")
    return not isinstance(found, list | NoneType) or any(
        isinstance(one, dict) and one.get("valid", True) is not True
        for one in (found if isinstance(found, list) else ())
    )


def _failed(steps: object) -> bool:
    return not isinstance(steps, list | NoneType) or any(
        isinstance(step, dict)
        and (step.get("allow_failure") is not True or bool(step.get("is_critical")))
        and (
            step.get("status") not in (None, "", "passed", "skipped")
            or bool(step.get("failure"))
            or _unmet(step)
            or _failed(step.get("sub_test_step_details"))
        )
        for step in (steps if isinstance(steps, list) else ())
    )


# -- what speaks against a pass, planted into documents that prove one -----------------------------


def _in_entry(**changes: Any) -> Callable[[World, Json], None]:
    return lambda _, entry: entry.update(changes)


def _in_result(**changes: Any) -> Callable[[World, Json], None]:
    def plant(world: World, entry: Json) -> None:
        world.details[entry["result_id"]]["attributes"]["result"].update(changes)

    return plant


def _in_attributes(**changes: Any) -> Callable[[World, Json], None]:
    def plant(world: World, entry: Json) -> None:
        world.details[entry["result_id"]]["attributes"].update(changes)

    return plant


def _lost(world: World, entry: Json) -> None:
    world.batches[-1]["data"]["results"].remove(entry)


def _elsewhere(_: World, entry: Json) -> None:
    entry["location"] = "gcp:elsewhere"


def _twice(world: World, entry: Json) -> None:
    world.batches[-1]["data"]["results"].append(entry | {"location": "gcp:elsewhere"})


def _without_status(_: World, entry: Json) -> None:
    del entry["status"]


def _had_failed(world: World, entry: Json) -> None:
    earlier = entry | {"status": "failed"}
    world.batches.insert(0, {"data": {"status": "in_progress", "results": [earlier]}})


def _had_another_result(world: World, entry: Json) -> None:
    earlier = entry | {"result_id": "17"}
    world.batches.insert(0, {"data": {"status": "in_progress", "results": [earlier]}})


def _of_another_test(world: World, entry: Json) -> None:
    test = {"data": {"id": "zzz-zzz-zzz"}}
    world.details[entry["result_id"]]["relationships"] = {"test": test}


def _on_another_device(world: World, entry: Json) -> None:
    entry["device"] = DEVICES[0]
    world.details[entry["result_id"]]["attributes"]["device"] = {"id": DEVICES[1]}


FAILED_STEP = {"name": "pay", "status": "failed"}
UNTRUE = {"type": "body", "valid": False}
PLANTED: dict[str, Callable[[World, Json], None]] = {
    **{
        f"entry {word}": _in_entry(status=word) for word in ("failed", "skipped", "canceled", "new")
    },
    "entry without a last word": _in_entry(status=None),
    "entry timed out": _in_entry(timed_out=True),
    "entry without a result": _in_entry(result_id=None),
    "entry of an earlier batch": _in_entry(selective_rerun={"decision": "skip"}),
    "entry of an odd type": _in_entry(retries="many"),
    "entry without a status": _without_status,
    "entry at another place": _elsewhere,
    "lost": _lost,
    "twice": _twice,
    "had failed": _had_failed,
    "had another result": _had_another_result,
    "result failed": _in_result(status="failed"),
    "result with a failure": _in_result(failure={"message": "none"}),
    "result with a failed step": _in_result(steps=[{}, FAILED_STEP]),
    "result with a failed step in a step": _in_result(
        steps=[{"status": "passed", "sub_test_step_details": [FAILED_STEP]}]
    ),
    "result with an untrue assertion": _in_result(assertions=[UNTRUE]),
    "result with a step with an untrue assertion": _in_result(steps=[{"assertions": [UNTRUE]}]),
    "result timed out": _in_result(timed_out=True),
    "result of a broken worker": _in_result(unhealthy=True),
    "result of another ID": _in_result(id="17"),
    "result before it began": _in_result(started_at=(TRIGGERED + 99) * 1000),
    "result before the batch": _in_result(started_at=None, finished_at=(TRIGGERED - 999) * 1000),
    "result to come": _in_result(finished_at=(TRIGGERED + 9999) * 1000),
    "result of another batch": _in_attributes(batch={"id": f"{BATCH}0"}),
    "result of another test": _of_another_test,
    "result on another device": _on_another_device,
    "result at another location": _in_attributes(location={"id": "gcp:elsewhere"}),
    "entry with a failure": _in_entry(failure={"message": "none"}),
    "entry not passed": _in_entry(passed=False),
    "entry with more retries than it may have": _in_entry(retries=3),
    "result not passed": _in_result(status=None, passed=False),
    "result with an error": _in_result(error="none"),
    "result failed outside": _in_attributes(status="failed"),
    "result with a step of another word": _in_result(steps=[{"status": "crashed"}]),
    "result with a critical step": _in_result(
        steps=[FAILED_STEP | {"allow_failure": True, "is_critical": True}]
    ),
    "result with untold steps": _in_result(steps="none"),
    "result with an untold time": _in_result(finished_at="yesterday"),
    "result that began before the batch": _in_result(started_at=(TRIGGERED - 999) * 1000),
    "result of a schedule": _in_result(run_type="scheduled"),
    "result at a location of another name": _in_attributes(location="elsewhere"),
    "result that cannot be read": _in_attributes(result="passed"),
}


WORLDS = worlds()
_NAMES = tuple(sorted(PLANTED))


def _entry_of(public_id: str, world: World, data: st.DataObject) -> Json:
    """One of the check's entries in the last batch."""
    entries = world.entries(public_id)
    return entries[data.draw(st.integers(0, len(entries) - 1))]


@given(world=WORLDS)
@examples(60)
def test_documents_that_prove_it_are_a_pass(world: World) -> None:
    wire = Wire(world)
    outcomes = run(wire)
    reasons = [result.reason for found in outcomes.values() for result in found.results]
    assert {found.status for found in outcomes.values()} == {Status.PASSED}, reasons
    assert all(proved(wire, public_id) for public_id in outcomes)


@pytest.mark.parametrize("name", PLANTED)
@given(data=st.data())
@examples(6)
def test_what_speaks_against_one_check_costs_that_check_alone(
    name: str, data: st.DataObject
) -> None:
    world = data.draw(WORLDS)
    victim = data.draw(st.sampled_from(tuple(sorted(world.overrides))))
    PLANTED[name](world, _entry_of(victim, world, data))
    outcomes = run(Wire(world))
    assert outcomes.pop(victim).status is not Status.PASSED
    assert {found.status for found in outcomes.values()} <= {Status.PASSED}


@given(world=WORLDS, word=st.sampled_from(["failed", "cancelled", "canceled", "skipped", *RUNNING]))
@examples(20)
def test_what_the_batch_says_and_none_of_its_results_costs_all(world: World, word: object) -> None:
    world.batches[-1]["data"]["status"] = word
    assert Status.PASSED not in {found.status for found in run(Wire(world)).values()}


@given(data=st.data())
@examples(250)
def test_arbitrary_documents_pass_only_what_they_prove(data: st.DataObject) -> None:
    world = data.draw(WORLDS)
    if data.draw(st.booleans()):
        victim = data.draw(st.sampled_from(tuple(sorted(world.overrides))))
        plant = PLANTED[data.draw(st.sampled_from(_NAMES))]
        plant(world, _entry_of(victim, world, data))
    for _ in range(data.draw(st.integers(1, 2))):
        _change(world, data)
    wire = Wire(world)
    try:
        outcomes = run(wire)
    except GateError:
        return
    for public_id, found in outcomes.items():
        if found.status is Status.PASSED:
            assert proved(wire, public_id)


def _change(world: World, data: st.DataObject) -> None:
    """Puts arbitrary JSON somewhere into one of the documents."""
    places: list[tuple[Any, Any]] = [
        *((world.definitions, public_id) for public_id in world.definitions),
        *((world.batches, number) for number in range(len(world.batches))),
        *((world.batches, number) for number in range(len(world.batches))),
        *((world.details, result_id) for result_id in world.details),
        (vars(world), "trigger"),
    ]
    holder, key = places[data.draw(st.integers(0, len(places) - 1))]
    document = holder[key]
    if isinstance(document, dict | list) and document:
        holder[key] = data.draw(st.one_of(mutated(document), mutated(document), values))
    else:
        holder[key] = data.draw(values)
