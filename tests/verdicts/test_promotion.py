"""Which records let an image through."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from pytest_storedog_gate.errors import DeploymentFailed
from pytest_storedog_gate.verdicts.folder import VerdictFolder
from tests.fuzzing.mutations import mutated
from tests.fuzzing.profile import examples
from tests.verdicts.records import (
    DIGEST,
    GOOD,
    A,
    B,
    faults,
    promoted,
    require_open,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Change = Callable[[dict[str, Any]], Any]


def changed(change: Change) -> dict[str, Any]:
    data = copy.deepcopy(GOOD)
    change(data)
    return data


def of_check(**facts: object) -> Change:
    return lambda data: data["checks"][0].update(facts)


def twice(data: dict[str, Any]) -> None:
    data["checks"].append(data["checks"][1])


def empty(data: dict[str, Any]) -> None:
    data["checks"].clear()


def result_failed(data: dict[str, Any]) -> None:
    data["checks"][0]["results"][0]["status"] = "failed"


def taken(key: str) -> Change:
    return lambda data: data.pop(key)


# What is changed in a good record, what is said of it, and whether the schema refuses it as well.
REFUSED: dict[str, tuple[Change, str, bool]] = {
    "exit status 1": (lambda d: d.update(exit_status=1), "an open gate has exit status 0", True),
    "exit status false": (lambda d: d.update(exit_status=False), "$.exit_status: ", True),
    "exit status of text": (lambda d: d.update(exit_status="0"), "$.exit_status: ", True),
    "checks only": (
        lambda d: d.update(mode="checks only"),
        "its run there decided nothing: checks only",
        False,
    ),
    "narrowed": (lambda d: d.update(mode="narrowed"), "decided nothing: narrowed", False),
    "mode unknown": (lambda d: d.update(mode="decided"), "$.mode: ", True),
    "mode absent": (taken("mode"), "'mode' is a required property", True),
    "no check": (empty, "an open gate required a check", True),
    "no required check": (of_check(required=False), "an open gate required a check", True),
    "required check closed": (of_check(state="closed"), "no required check that is not open", True),
    "check without results": (of_check(results=[]), "an open check has a result", True),
    "check with a failed result": (result_failed, "no result that did not pass", True),
    "check twice": (twice, f"it has {B} twice", False),
    "check required and not": (
        lambda d: d["requirements"].append(B),
        f"{B} was required, and was not",
        False,
    ),
    "checks of a wrong type": (lambda d: d.update(checks={A: "open"}), "$.checks: ", True),
    "required of a wrong type": (of_check(required=1), "an open gate required a check", True),
    "name of a wrong type": (of_check(name=None), "$.checks[0].name: ", True),
    "reasons": (lambda d: d.update(reasons=["x"]), "no reason to be closed", True),
    "rolled back": (lambda d: d.update(rolled_back="put 1 back"), "is not rolled back", True),
    "closed": (
        lambda d: d.update(state="closed", exit_status=1),
        "its verdict there is closed",
        False,
    ),
    "closed with 0": (
        lambda d: d.update(state="closed"),
        "only an open gate has exit status 0",
        True,
    ),
    "state unknown": (lambda d: d.update(state="opened", exit_status=1), "$.state: ", True),
    "version 2": (lambda d: d.update(version=2), "$.version: ", True),
    "version true": (lambda d: d.update(version=True), "$.version: ", True),
    "another environment": (lambda d: d.update(environment="x"), "record of something else", False),
    "another service": (lambda d: d.update(service="db"), "record of something else", False),
    "no digest": (lambda d: d.update(digest=None), "record of something else", False),
    "another digest": (
        lambda d: d.update(digest=DIGEST.replace("ab", "cd")),
        "record of something else",
        False,
    ),
    "digest of another kind": (lambda d: d.update(digest="latest"), "$.digest: ", True),
    "not covered": (
        lambda d: d.update(requirements=[B[:-1]]),
        f"does not cover {A}, search 'tag:shop', which the configuration requires today",
        False,
    ),
    "requirements of a wrong type": (lambda d: d.update(requirements=A), "$.requirements: ", True),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_record_that_is_not_an_open_verdict_lets_nothing_through(
    tmp_path: Path, kind: str
) -> None:
    change, sentence, by_schema = REFUSED[kind]
    data = changed(change)
    with pytest.raises(DeploymentFailed) as error:
        promoted(tmp_path, data)
    assert str(error.value).startswith(f"{DIGEST} has no open verdict of staging, so it cannot be ")
    assert sentence in str(error.value)
    assert str(error.value).endswith("; run pytest --storedog-env=staging with this image first")
    assert bool(faults(data)) is by_schema


TEXT = json.dumps(GOOD)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "cannot be read (Expecting value: line 1"),
        (TEXT[:-1], "cannot be read (Expecting"),
        (TEXT + "}", "cannot be read (Extra data"),
        ("null", "$: None is not of type 'object'"),
        (f"[{TEXT}]", "is not of type 'object'"),
        (
            TEXT.replace('"open"', '"closed", "state": "open"', 1),
            "an object has the key 'state' twice",
        ),
        (TEXT.replace("0.02", "NaN"), "NaN is not a JSON number"),
        (TEXT.replace("0.02", "-Infinity"), "-Infinity is not a JSON number"),
        (TEXT.replace("0.02", "1" * 5000), "... is not a JSON number that a double can hold"),
        (TEXT.replace("0.02", "[" * 100_000 + "]" * 100_000), "it is nested too deeply"),
        (TEXT.replace("0.02", '"' + "x" * 5000 + '"'), "is not of type 'number', 'null'"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_file_that_is_no_json_is_refused_with_a_short_sentence(
    tmp_path: Path, text: str, sentence: str
) -> None:
    with pytest.raises(DeploymentFailed) as error:
        promoted(tmp_path, None, text=text)
    assert sentence in str(error.value)
    assert len(str(error.value)) < 1000


def test_no_record_no_file_and_no_text(tmp_path: Path) -> None:
    with pytest.raises(DeploymentFailed, match="there is no record of it"):
        require_open(tmp_path)
    path = VerdictFolder(tmp_path).path("staging", DIGEST)
    path.mkdir(parents=True)
    with pytest.raises(DeploymentFailed, match="there is no record of it"):
        require_open(tmp_path)
    path.rmdir()
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DeploymentFailed, match="cannot be read"):
        require_open(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(build_link="http://ci/41", commit=None),
        lambda d: d.update(new_key={"of": "tomorrow"}),
        lambda d: d["checks"][0].update(new_key=1),
        lambda d: d["requirements"].append("more-than-asked"),
        lambda d: d["checks"].pop(1),
    ],
    ids=["other facts", "new key", "new key of a check", "more requirements", "no optional check"],
)
def test_an_open_verdict_lets_the_image_through(tmp_path: Path, change: Change) -> None:
    data = changed(change)
    assert faults(data) == []
    promoted(tmp_path, data)


@pytest.mark.parametrize(
    ("asked", "told"), [("shop", "shop"), ("shop", None), (None, "shop"), (None, None)]
)
def test_a_service_counts_where_both_sides_name_one(
    tmp_path: Path, asked: str | None, told: str | None
) -> None:
    promoted(tmp_path, changed(lambda d: d.update(service=told)), service=asked)


def is_open(data: Any) -> bool:
    """The rule in other words: whether the record says what the good one says."""
    required = [check for check in data["checks"] if check["required"] is True]
    public_ids = [check["public_id"] for check in data["checks"]]
    optional = {check["public_id"] for check in data["checks"]} - {c["public_id"] for c in required}
    return (
        data["version"] == 1
        and [data["state"], data["mode"], data["reasons"]] == ["open", "decides", []]
        and data["exit_status"] == 0
        and bool not in map(type, (data["version"], data["exit_status"]))
        and (data["environment"], data["digest"]) == ("staging", DIGEST)
        and data["service"] in ("shop", None)
        and data["rolled_back"] is None
        and {A, "search 'tag:shop'"} <= set(data["requirements"])
        and len(required) > 0
        and all(check["state"] == "open" for check in required)
        and all(
            check["results"] and all(result["status"] == "passed" for result in check["results"])
            for check in data["checks"]
            if check["state"] == "open"
        )
        and len(set(public_ids)) == len(public_ids)
        and not optional & set(data["requirements"])
    )


def test_the_good_record_is_open(tmp_path: Path) -> None:
    assert is_open(GOOD)
    assert faults(GOOD) == []
    promoted(tmp_path, GOOD)


@examples(500)
@given(data=mutated(GOOD))
def test_no_change_of_a_record_lets_through_what_is_not_open(
    tmp_path_factory: pytest.TempPathFactory, data: Any
) -> None:
    try:
        promoted(tmp_path_factory.mktemp("verdicts"), data)
    except DeploymentFailed:
        return
    assert is_open(data)
