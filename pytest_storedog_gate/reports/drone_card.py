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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.outlets.plain_text import address, line
from pytest_storedog_gate.reports import glance
from pytest_storedog_gate.reports.glance import no_markdown
from pytest_storedog_gate.reports.states import SHOWN

if TYPE_CHECKING:
    from pytest_storedog_gate.verdicts.record import Record

_TEMPLATE = Path(__file__).with_name("drone_card.json")


def card(record: Record) -> bytes:
    """The card as a step writes it: one line."""
    text = json.dumps({"schema": _schema(), "data": data(record)})
    return b"\x1b]1338;" + base64.b64encode(text.encode()) + b"\x1b]0m\n"


def data(record: Record) -> dict[str, Any]:
    """What the template is filled with."""
    subject, more = record.subject, glance.left_out(record)
    return {
        "headline": glance.headline(record),
        "colour": SHOWN[record.verdict.state].colour,
        "environment": line(record.environment),
        "image": line(subject.image or "").partition("@")[0],
        "digest": line(subject.digest or ""),
        "commit": line(record.build.commit or ""),
        "rolled_back": no_markdown(line(record.rolled_back or "")),
        "reasons": [{"text": no_markdown(line(one))} for one in glance.other_reasons(record)],
        "checks": [
            {
                "public_id": no_markdown(check.public_id),
                "name": no_markdown(check.name),
                "state": check.word,
                "colour": SHOWN[check.state].colour,
                "reason": no_markdown(check.reason),
                "url": address(check.url),
            }
            for check in glance.checks(record)
        ],
        "more": f"and {more} more" if more else "",
        # Each batch has an address of its own.
        "batches": [{"url": address(url)} for url in glance.batches(record)],
    }


def _schema() -> str:
    template = json.dumps(json.loads(_TEMPLATE.read_bytes()), separators=(",", ":"))
    return "data:application/json;base64," + base64.b64encode(template.encode()).decode()
