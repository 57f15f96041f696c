"""What is signed of a run: an in-toto Statement with the test-result predicate.

https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md

The standard fields are for other tools: tests are named by their public IDs. What a promotion asks
for, which is more, is the extension: the whole record, and what puts it into its place.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator, ValidationError

from pytest_storedog_gate.outlets.strict_json import strict
from pytest_storedog_gate.reading import json_text
from pytest_storedog_gate.verdicts.attestation.bundle import Untrusted
from pytest_storedog_gate.verdicts.rule import State, of_watch

if TYPE_CHECKING:
    from collections.abc import Mapping

STATEMENT = "https://in-toto.io/Statement/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
EXTENSION = "storedogGate"

_SCHEMA = Path(__file__).with_name("statement.schema.json")


@dataclass(frozen=True)
class About:
    """What a verdict is about, beside the environment: an image of a project."""

    project: str | None
    repository: str
    digest: str


@dataclass(frozen=True)
class Attested:
    """What a statement says.

    `sequence` orders the verdicts of an environment on a digest, whatever clocks say. `record` is
    the record's JSON, None where a run has begun to put the digest to the test and said no more.
    """

    about: About
    environment: str
    sequence: int
    state: str
    at: datetime
    record: Mapping[str, Any] | None


def begun(about: About, environment: str, sequence: int, at: datetime) -> bytes:
    """A digest is put to the test: what was said of it before counts no more."""
    extension = _extension(about, environment, sequence, State.INCONCLUSIVE.value, at)
    return _encoded(about, {"result": "FAILED", "configuration": [], EXTENSION: extension})


def decided(
    about: About,
    sequence: int,
    record: Mapping[str, Any],
    facts: Mapping[str, Any],
    configuration: Mapping[str, str],
) -> bytes:
    """What a run has decided. `configuration` is name and SHA-256 (hex) of what it ran by.

    `facts` are what the record lacks: see `store`.
    """
    tests: dict[str, list[str]] = {"passed": [], "warned": [], "failed": []}
    for check in record["checks"]:
        bad = "failed" if check["required"] else "warned"
        passed = check["state"] == State.OPEN.value
        tests["passed" if passed else bad].append(check["public_id"])
    for watched in record["watched"]:
        passed = watched["state"] == State.OPEN.value
        tests["passed" if passed else "failed"].append(of_watch(watched["name"]))
    is_open = record["state"] == State.OPEN.value
    link = record["build_link"] or record["batch_url"].partition(" ")[0]
    at = datetime.fromisoformat(record["finished"])
    extension = _extension(about, record["environment"], sequence, record["state"], at)
    predicate = {
        "result": ("WARNED" if tests["warned"] else "PASSED") if is_open else "FAILED",
        "configuration": [
            {"name": name, "digest": {"sha256": digest}} for name, digest in configuration.items()
        ],
        **({"url": link} if link else {}),
        **{f"{word}Tests": ids for word, ids in tests.items()},
        EXTENSION: {**extension, **facts, "record": record},
    }
    return _encoded(about, predicate)


def read(statement: bytes) -> Attested:
    """What a statement says whose signature holds; raises `Untrusted` where it is none of ours."""
    try:
        said: Any = json_text.loads(statement.decode("utf-8"), strict=True)
        _shape().validate(said)
        ours = said["predicate"][EXTENSION]
        at = _moment(ours["at"])
    except (ValueError, OverflowError, RecursionError, ValidationError):
        raise Untrusted("is no verdict of this gate") from None
    (subject,) = said["subject"]
    digest, record = f"sha256:{subject['digest']['sha256']}", ours["record"]
    if record is not None:
        of = (record.get("environment"), record.get("digest"), record.get("state"))
        if of != (ours["environment"], digest, ours["state"]):
            raise Untrusted("contradicts its own record")
    if (said["predicate"]["result"] == "FAILED") is (ours["state"] == State.OPEN.value):
        raise Untrusted("contradicts its own result")
    about = About(ours["project"], subject["name"], digest)
    return Attested(about, ours["environment"], ours["sequence"], ours["state"], at, record)


def _moment(text: str) -> datetime:
    """ValueError without a time zone: each machine would read another time."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError
    return at.astimezone(UTC)


@cache
def _shape() -> Draft202012Validator:
    return Draft202012Validator(json.loads(_SCHEMA.read_bytes()))


def _extension(
    about: About, environment: str, sequence: int, state: str, at: datetime
) -> dict[str, Any]:
    return {
        "version": 1,
        "project": about.project,
        "environment": environment,
        "sequence": sequence,
        "state": state,
        "at": at.isoformat(),
        "record": None,
    }


def _encoded(about: About, predicate: Mapping[str, Any]) -> bytes:
    statement = {
        "_type": STATEMENT,
        "subject": [
            {"name": about.repository, "digest": {"sha256": about.digest.removeprefix("sha256:")}}
        ],
        "predicateType": TEST_RESULT,
        "predicate": predicate,
    }
    return json.dumps(strict(statement), allow_nan=False).encode("ascii")
