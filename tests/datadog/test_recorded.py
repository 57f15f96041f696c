"""Exchanges recorded from the real local service, replayed without network.

To record again: `python -m tests.datadog.recording`, which serves the checks and runs these tests
with VCR_RECORD_MODE=all.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import vcr

from pytest_storedog_gate.datadog.batch import Batch
from pytest_storedog_gate.datadog.client import Keys, SyntheticsClient
from pytest_storedog_gate.datadog.clock import Clock
from pytest_storedog_gate.datadog.endpoint import Endpoint
from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.errors import NoVerdict

from .recording import KEYS, URL

if TYPE_CHECKING:
    from collections.abc import Iterator

CASSETTES = Path(__file__).parents[2] / "cassettes"
RECORDING = os.environ.get("VCR_RECORD_MODE", "none")
KEY_SHAPED = re.compile(r"\b[0-9a-f]{32}\b|\b[0-9a-f]{40}\b")


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Iterator[SyntheticsClient]:
    recorder = vcr.VCR(
        cassette_library_dir=str(CASSETTES),
        record_mode=RECORDING,
        match_on=("method", "path", "query", "body"),
        filter_headers=[("DD-API-KEY", "REDACTED"), ("DD-APPLICATION-KEY", "REDACTED")],
    )
    client = SyntheticsClient(Endpoint.of_url(URL), Keys(*KEYS), Clock(wait))
    with recorder.use_cassette(f"{request.node.name}.yaml"):
        yield client
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
    batch = Batch(client, triggered, public_ids)
    outcomes = {outcome.public_id: outcome for outcome in batch.outcomes()}
    assert outcomes["pas-ses-abc"].status is Status.PASSED
    failed = outcomes["fai-lsa-bcd"]
    assert failed.status is Status.FAILED
    assert [a.status for a in failed.decisive.attempts] == [Status.FAILED, Status.FAILED]
    assert failed.decisive.reason == "statusCode: expected is 201, actual 200"


def test_cassettes_hold_no_key() -> None:
    files = list(CASSETTES.glob("*.yaml"))
    assert len(files) == 4
    for file in files:
        text = file.read_text("utf-8")
        assert not KEY_SHAPED.search(text), file.name
        assert not any(key in text for key in KEYS), file.name
