"""Verdicts in a folder: a file a digest, in a folder an environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate.outlets import whole_file
from pytest_storedog_gate.verdicts.record_json import as_json, encoded

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_storedog_gate.outlets.whole_file import Prepared
    from pytest_storedog_gate.verdicts.record import Record


@dataclass(frozen=True)
class VerdictFolder:
    """See `VerdictStore`."""

    folder: Path

    def path(self, environment: str, digest: str) -> Path:
        return self.folder / environment / f"{digest.replace(':', '-')}.json"

    def place(self, environment: str, digest: str) -> str:
        return str(self.path(environment, digest))

    def holds(self, environment: str, digest: str) -> bool:
        return self.path(environment, digest).exists()

    def read(self, environment: str, digest: str) -> str | None:
        path = self.path(environment, digest)
        return path.read_text(encoding="utf-8") if path.is_file() else None

    def withdraw(self, environment: str, digest: str) -> None:
        whole_file.withdraw(self.path(environment, digest))

    def prepare(self, environment: str, digest: str, record: Record) -> Prepared:
        return whole_file.prepare(self.path(environment, digest), encoded(as_json(record)))
