"""Leaves the verdict's card in a Drone build."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pytest_storedog_gate.outlets.whole_file import refuse_links
from pytest_storedog_gate.reports.drone_card import card

if TYPE_CHECKING:
    from pytest_storedog_gate.verdicts.record import Record


class DroneCard:
    """A report of the gate's own."""

    def pytest_storedog_report(self, record: Record) -> str | None:
        """Writes the card, where the runner says where to."""
        path = os.environ.get("DRONE_CARD_PATH")
        if os.environ.get("DRONE") != "true" or not path:
            return None
        try:
            write(path, record)
        except OSError as error:
            return f"no Drone card: {path}: {error.strerror}"
        return None


def write(path: str, record: Record) -> None:
    """Writes the card of one run. Raises OSError."""
    with _opened(path) as file:
        file.write(card(record))


def _opened(path: str) -> BinaryIO:
    if path == "/dev/stdout":
        # Opened anew, a log that is a file would be written over: an opening has its own offset.
        return open(1, "wb", closefd=False)
    refuse_links(Path(path))
    return Path(path).open("ab")
