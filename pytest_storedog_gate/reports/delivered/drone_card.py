"""The record as a card in Drone's user interface.

A step writes a card as base64 between two escape sequences to DRONE_CARD_PATH; Drone's runner
takes it out of the log: https://docs.drone.io/plugins/adaptive_cards/

A card names an address of its template, which Drone's page loads. Ours is in the address itself
(RFC 2397): a file of a repository would need a server that lets other sites read it. Drone keeps
2,000 characters of an address.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pytest_storedog_gate.outlets.plain_text import address, line
from pytest_storedog_gate.outlets.whole_file import refuse_links
from pytest_storedog_gate.reports import glance
from pytest_storedog_gate.reports.glance import no_markdown
from pytest_storedog_gate.verdicts.rule import State

if TYPE_CHECKING:
    from pytest_storedog_gate.verdicts.record import Record

# Of an Adaptive Card.
_COLOURS = {State.CLOSED: "attention", State.INCONCLUSIVE: "warning", State.OPEN: "good"}
_TEMPLATE = Path(__file__).with_name("drone_card.json")


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
    """Writes the card of one run, as one line. Raises OSError."""
    text = json.dumps({"schema": _schema(), "data": data(record)})
    with _opened(path) as file:
        file.write(b"\x1b]1338;" + base64.b64encode(text.encode()) + b"\x1b]0m\n")


def data(record: Record) -> dict[str, Any]:
    subject = record.subject
    return {
        "headline": glance.headline(record),
        "colour": _COLOURS[record.verdict.state],
        "environment": no_markdown(line(record.environment)),
        "image": no_markdown(line(subject.image or "").partition("@")[0]),
        "digest": no_markdown(line(subject.digest or "")),
        "commit": no_markdown(line(record.build.commit or "")),
        "rolled_back": no_markdown(line(record.rolled_back or "")),
        "reasons": [{"text": no_markdown(line(one))} for one in glance.other_reasons(record)],
        "checks": [
            {
                "public_id": no_markdown(line(check.public_id)),
                "name": no_markdown(line(check.name)),
                "state": glance.word(check),
                "colour": _COLOURS[check.state],
                "reason": no_markdown(line(check.reason)),
                "url": address(glance.url(check)),
            }
            for check in glance.checks(record)
        ],
        "more": glance.more(record),
        # Each batch has an address of its own.
        "batches": [{"url": address(url)} for url in glance.batches(record)],
    }


def _opened(path: str) -> BinaryIO:
    if path == "/dev/stdout":
        # Opened anew, a log that is a file would be written over: an opening has its own offset.
        return open(1, "wb", closefd=False)
    refuse_links(Path(path))
    return Path(path).open("ab")


def _schema() -> str:
    template = json.dumps(json.loads(_TEMPLATE.read_bytes()), separators=(",", ":"))
    return "data:application/json;base64," + base64.b64encode(template.encode()).decode()
