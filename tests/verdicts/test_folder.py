"""Verdicts in a folder: there when they are committed, and gone when they are withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.verdicts.folder import VerdictFolder
from pytest_storedog_gate.verdicts.record_json import as_json, encoded
from tests.verdicts.records import DIGEST, OPEN, record_on, require_open

if TYPE_CHECKING:
    from pathlib import Path


def test_a_record_is_kept_when_it_is_committed(tmp_path: Path) -> None:
    store, record = VerdictFolder(tmp_path), record_on(OPEN)
    with store.prepare("staging", DIGEST, record):
        assert not store.holds("staging", DIGEST)
    assert store.read("staging", DIGEST) is None
    with store.prepare("staging", DIGEST, record) as kept:
        kept.commit()
    assert store.read("staging", DIGEST) == encoded(as_json(record)).decode()
    assert store.read("production", DIGEST) is None
    require_open(tmp_path, service="shop")
    store.withdraw("staging", DIGEST)
    store.withdraw("staging", DIGEST)
    assert not store.holds("staging", DIGEST)
    assert [path.name for path in tmp_path.rglob("*")] == ["staging"]
