"""Exchanges recorded from the real local service, replayed without network.

To record again: `python -m tests.datadog.recording`, which serves the checks and runs these tests
with VCR_RECORD_MODE=all.
"""

from __future__ import annotations

import math
import os
import re
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
import vcr

from pytest_storedog_gate.datadog import client as client_module
from pytest_storedog_gate.datadog.batch import Batch
from pytest_storedog_gate.datadog.calling.clock import Clock
from pytest_storedog_gate.datadog.calling.endpoint import Endpoint
from pytest_storedog_gate.datadog.calling.keys import Keys
from pytest_storedog_gate.datadog.client import SyntheticsClient
from pytest_storedog_gate.datadog.models import Place, Status
from pytest_storedog_gate.errors import NoVerdict
from tests.datadog.fake import Answer
from tests.datadog.recording import KEYS, URL
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.datadog.fake import FakeDatadog

CASSETTES = ROOT / "cassettes"
RECORDING = os.environ.get("VCR_RECORD_MODE", "none")
# Datadog's keys are 32 and 40 hexadecimal digits; an ID with hyphens is none.
KEY_SHAPED = re.compile(r"(?<![\w-])(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|ddapp_\w+)(?![\w-])")
CREDENTIAL = re.compile(r"(?im)^\s*(set-cookie|authorization|cookie|x-api-key)\b|://[^/\s]*@")
OF_A_MACHINE = re.compile(r"(?<![\w.])/(home|root|tmp|Users|var/folders)/|\b[A-Z]:\\")


def without_secrets(response: dict[str, Any]) -> dict[str, Any]:
    """What is written down of a response: no cookies, and no key that it repeats."""
    kept = {k: v for k, v in response["headers"].items() if k.lower() != "set-cookie"}
    body = response["body"]["string"]
    for key in KEYS:
        body = body.replace(key.encode(), b"REDACTED")
    return response | {"headers": kept, "body": {"string": body}}


def recorder(mode: str) -> vcr.VCR:
    return vcr.VCR(
        record_mode=mode,
        match_on=("method", "path", "query", "body"),
        filter_headers=[("DD-API-KEY", "REDACTED"), ("DD-APPLICATION-KEY", "REDACTED")],
        before_record_response=without_secrets,
    )


def refuse(*_: object) -> None:
    pytest.fail("a replayed exchange reached for the network")


@pytest.fixture
def keys() -> Keys:
    return Keys(*KEYS)


@pytest.fixture
def client(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, keys: Keys
) -> Iterator[SyntheticsClient]:
    cassette = CASSETTES / f"{request.function.__name__}.yaml"
    if RECORDING == "none":
        # What was recorded is of the time that it tells.
        monkeypatch.setattr(client_module, "_CLOCKS", math.inf)
        monkeypatch.setattr(socket.socket, "connect", refuse)
    else:
        # A recorder would write behind what an earlier one has recorded.
        cassette.unlink(missing_ok=True)
    client = SyntheticsClient(Endpoint.of_url(URL), keys, Clock(wait))
    with recorder(RECORDING).use_cassette(str(cassette)) as tape:
        yield client
        assert tape.play_count == client.calls or RECORDING != "none"
    client.close()


def wait(seconds: float) -> bool:
    """Waits only for a real service."""
    if RECORDING != "none":
        time.sleep(seconds)
    return False


def test_definition(client: SyntheticsClient) -> None:
    check = client.check("pas-ses-abc")
    assert check is not None
    assert (check.name, check.type, check.tags) == ("passes", "http", ("team:shop",))
    assert client.check("unk-now-nid") is None


def test_search(client: SyntheticsClient) -> None:
    assert [check.public_id for check in client.search('tag:"team:shop"')] == ["pas-ses-abc"]
    with pytest.raises(NoVerdict, match="finds nothing"):
        client.search('tag:"team:nobody"')


def test_suite(client: SyntheticsClient) -> None:
    suite = client.suite("sui-tea-bcd")
    assert suite is not None
    assert suite.tests == ("pas-ses-abc", "fai-lsa-bcd")
    assert client.suite("pas-ses-abc") is None


def test_batch_with_a_retry(client: SyntheticsClient) -> None:
    public_ids = ["fai-lsa-bcd", "pas-ses-abc"]
    triggered = client.trigger([{"public_id": p} for p in public_ids], batch_timeout=30)
    places = dict.fromkeys(public_ids, (Place("aws:eu-central-1"),))
    batch = Batch(client, triggered, places)
    outcomes = {outcome.public_id: outcome for outcome in batch.outcomes()}
    assert outcomes["pas-ses-abc"].status is Status.PASSED
    failed = outcomes["fai-lsa-bcd"]
    assert failed.status is Status.FAILED
    assert [a.status for a in failed.decisive.attempts] == [Status.FAILED, Status.FAILED]
    assert failed.decisive.reason == "statusCode: expected is 201, actual 200"


@pytest.mark.parametrize("keys", [Keys("wrong", "wrong")], ids=["wrong"])
def test_wrong_keys(client: SyntheticsClient) -> None:
    with pytest.raises(NoVerdict, match=r"refused GET .* \(403: Forbidden\)"):
        client.check("pas-ses-abc")
    with pytest.raises(NoVerdict, match=r"refused POST .* scope synthetics_write"):
        client.trigger([{"public_id": "pas-ses-abc"}], batch_timeout=30)


@pytest.mark.skipif(RECORDING != "none", reason="what was not recorded is now being recorded")
def test_what_was_not_recorded_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", refuse)
    client = SyntheticsClient(Endpoint.of_url(URL), Keys(*KEYS), Clock(wait))
    with (
        recorder("none").use_cassette(str(CASSETTES / "test_definition.yaml")),
        pytest.raises(vcr.errors.CannotOverwriteExistingCassetteException),
    ):
        client.check("oth-erc-hec")
    client.close()


def test_recorder_writes_no_secret(datadog: FakeDatadog, tmp_path: Path) -> None:
    """A service that repeats what it was sent, and sets a cookie, leaves none of it behind."""
    said = {"public_id": "aaa-aaa-aaa", "name": f"{KEYS[0]} and {KEYS[1]}"}
    datadog.script["/tests/aaa-aaa-aaa"] = [Answer(said, headers={"Set-Cookie": "session=1"})]
    client = SyntheticsClient(Endpoint.of_url(datadog.url), Keys(*KEYS), Clock(wait))
    with recorder("all").use_cassette(str(tmp_path / "new.yaml")):
        assert client.check("aaa-aaa-aaa") is not None
    client.close()
    text = (tmp_path / "new.yaml").read_text("utf-8")
    assert "REDACTED and REDACTED" in text
    assert secrets_in(text) == []


def test_cassettes_are_those_of_the_tests_and_hold_no_secret() -> None:
    tests = ("definition", "search", "suite", "batch_with_a_retry", "wrong_keys")
    files = {file.name: file.read_text("utf-8") for file in CASSETTES.iterdir()}
    assert set(files) == {f"test_{name}.yaml" for name in tests}
    for name, text in files.items():
        assert "DD-API-KEY" in text, name
        assert secrets_in(text) == [], name
        assert not OF_A_MACHINE.search(text), name


@pytest.mark.parametrize(
    "text",
    [
        f"DD-API-KEY:\n - {KEYS[0]}",
        f'"{KEYS[1]}"',
        "?api_key=0123456789ABCDEF0123456789abcdef",
        "ddapp_Ab1",
        "  Set-Cookie:\n  - a=b",
        "http://user:pass@127.0.0.1/",
    ],
)
def test_secret_would_be_found(text: str) -> None:
    assert secrets_in(text) != []
    assert (
        secrets_in("batch 3241e734-9173-4a67-9be6-f9de0ffc713d, result 9016801763284196638") == []
    )


def secrets_in(text: str) -> list[str]:
    return [found[0] for shape in (KEY_SHAPED, CREDENTIAL) for found in shape.finditer(text)]
