"""The verdict as a card in Drone's user interface.

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
from typing import TYPE_CHECKING, Any, BinaryIO

from pytest_storedog_gate.outlets.plain_text import line
from pytest_storedog_gate.outlets.whole_file import refuse_links
from pytest_storedog_gate.reports import record_view
from pytest_storedog_gate.reports.record_view import address, no_markdown

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEMPLATE = Path(__file__).with_name("drone_card.json")
_COLOURS = {"open": "good", "closed": "attention", "inconclusive": "warning"}


def write(path: str, record: Mapping[str, Any]) -> None:
    """Writes the card of one verdict. Raises OSError."""
    text = json.dumps({"schema": _schema(), "data": _data(record)})
    card = base64.b64encode(text.encode())
    with _opened(path) as file:
        file.write(b"\x1b]1338;" + card + b"\x1b]0m\n")


def _schema() -> str:
    template = json.dumps(json.loads(_TEMPLATE.read_bytes()), separators=(",", ":"))
    return "data:application/json;base64," + base64.b64encode(template.encode()).decode()


def _opened(path: str) -> BinaryIO:
    if path == "/dev/stdout":
        # Opened anew, a log that is a file would be written over: an opening has its own offset.
        return open(1, "wb", closefd=False)
    refuse_links(Path(path))
    return Path(path).open("ab")


def _data(record: Mapping[str, Any]) -> dict[str, Any]:
    image, more = line(record["image"] or ""), record_view.left_out(record)
    return {
        "headline": record_view.headline(record),
        "colour": _COLOURS[record["state"]],
        "environment": record["environment"],
        "image": image.partition("@")[0],
        "digest": line(record["digest"] or ""),
        "commit": line(record["commit"] or ""),
        "rolled_back": no_markdown(line(record["rolled_back"] or "")),
        "reasons": [{"text": no_markdown(reason)} for reason in record_view.reasons(record)],
        "checks": [
            {
                "public_id": no_markdown(check.public_id),
                "name": no_markdown(check.name),
                "state": check.word,
                "colour": _COLOURS[check.state],
                "reason": no_markdown(check.reason),
                "url": address(check.url),
            }
            for check in record_view.checks(record)
        ],
        "more": f"and {more} more" if more else "",
        # Each batch has an address of its own.
        "batches": [{"url": address(url)} for url in record["batch_url"].split()],
    }
