"""The service by its API: a batch is triggered, and looked at until it has ended."""

from __future__ import annotations

import time
from typing import Any

import requests

MODULE = "pytest_storedog_gate.local_synthetics"
_API = "/api/v1/synthetics"
_LIMIT = 60  # s for an answer
_PAUSE = 0.02  # s between two looks at a batch


def run(service: str, definitions: list[dict[str, Any]]) -> None:
    """Run them as one batch, which must pass."""
    body = {"tests": [{"local_test_definition": one} for one in definitions]}
    with requests.Session() as session:
        answer = session.post(f"{service}{_API}/tests/trigger/ci", json=body, timeout=_LIMIT)
        batch = f"{service}{_API}/ci/batch/{answer.json()['batch_id']}"
        while (found := _found(session, batch))["status"] == "in_progress":
            time.sleep(_PAUSE)
    if found["status"] != "passed":
        raise RuntimeError(f"the batch has {found['status']}: {found['results'][0]}")


def _found(session: requests.Session, batch: str) -> dict[str, Any]:
    found: dict[str, Any] = session.get(batch, timeout=_LIMIT).json()["data"]
    return found
