"""The verdict as a card in Drone's user interface.

A step writes a card as base64 between two escape sequences to DRONE_CARD_PATH; Drone's runner
takes it out of the log. The card names an address of its template, which the browser loads:
https://docs.drone.io/plugins/adaptive_cards/
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from . import record_view

if TYPE_CHECKING:
    from collections.abc import Mapping

TEMPLATE = Path(__file__).with_name("drone_card.json")
_COLOURS = {"open": "good", "closed": "attention", "inconclusive": "warning"}


def write(path: str, record: Mapping[str, Any], template: str) -> None:
    """Writes the card of one verdict, whose template is at that address. Raises OSError."""
    text = json.dumps({"schema": template, "data": _data(record)})
    card = base64.b64encode(text.encode())
    with _opened(path) as file:
        file.write(b"\x1b]1338;" + card + b"\x1b]0m\n")


def _opened(path: str) -> BinaryIO:
    if path == "/dev/stdout":
        # Opened anew, a log that is a file would be written over: an opening has its own offset.
        return open(1, "wb", closefd=False)
    return Path(path).open("ab")


def _data(record: Mapping[str, Any]) -> dict[str, Any]:
    image, more = record["image"] or "", record_view.left_out(record)
    return {
        "headline": record_view.headline(record),
        "colour": _COLOURS[record["state"]],
        "environment": record["environment"],
        "image": image.partition("@")[0],
        "digest": record["digest"] or "",
        "commit": record["commit"] or "",
        "rolled_back": record["rolled_back"] or "",
        "reasons": [{"text": reason} for reason in record_view.reasons(record)],
        "checks": [
            {
                "public_id": check.public_id,
                "name": check.name,
                "state": check.word,
                "colour": _COLOURS[check.state],
                "reason": check.reason,
                "url": check.url,
            }
            for check in record_view.checks(record)
        ],
        "more": f"and {more} more" if more else "",
        # Each batch has an address of its own.
        "batches": [{"url": url} for url in record["batch_url"].split()],
    }
