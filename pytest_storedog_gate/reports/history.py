"""An environment's history as a table for people, 80 columns wide, and as JSON for scripts."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.deploy.references import short
from pytest_storedog_gate.outlets.plain_text import document, line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.deploy import Entry, History

_DIGEST = re.compile("sha256:([0-9a-f]{12})[0-9a-f]{52}")
_WIDTH = 80  # columns
_WIDEST = {"when (UTC)": 16, "digest": 12, "tag": 13, "commit": 8, "build": 6, "verdict": 12}


def lines(history: History, mask: Callable[[str], str] = str) -> Iterator[str]:
    """A row for each deployment, newest first, and below it what else is known."""
    if not history.entries and history.live is None:
        yield "nothing was deployed here yet, and nothing is live"
        return
    yield _row(" ", *_WIDEST)
    for entry in _all(history):
        yield _row("*" if _is_live(entry, history) else " ", *map(mask, _cells(entry)))
        for note in map(mask, _notes(entry)):
            indent = " " * 6
            yield from textwrap.wrap(
                note, _WIDTH, initial_indent=indent[2:], subsequent_indent=indent
            )
    if len({_digest(each) for each in history.targets.values()}) > 1:
        yield "the targets do not run the same"
    elif history.live is None:
        yield "nothing is live"
    else:
        yield "* is live" if history.running else "* was live, and does not run"
    for target, own in history.targets.items():
        state = "is live" if own.running else "was live, and does not run"
        yield (
            f"{target}: {short(_digest(own))} {state}" if own.live else f"{target}: nothing is live"
        )
    if history.unfinished:
        yield "the last deployment is not concluded: a run is at work, or the next one mends that"


def as_json(history: History, environment: str, service: str | None) -> dict[str, Any]:
    """The same, newest first; each text is one line."""
    data = {
        "version": 1,
        "environment": environment,
        "service": service,
        "live": _digest(history),
        "running": history.running,
        "unfinished": history.unfinished,
        "targets": {
            target: {"live": _digest(own), "running": own.running, "unfinished": own.unfinished}
            for target, own in history.targets.items()
        },
        "history": [
            {
                **entry.as_json(),
                "tag": entry.image.tag,
                "digest": entry.image.digest,
                "live": _is_live(entry, history),
            }
            for entry in _all(history)
        ],
    }
    cleaned: dict[str, Any] = document(data)
    return cleaned


def _digest(history: History) -> str | None:
    return history.live.image.digest if history.live else None


def _all(history: History) -> tuple[Entry, ...]:
    """What is live is told also where no run has recorded it."""
    live = history.live
    if live is None or live in history.entries:
        return history.entries
    return (live, *history.entries)


def _is_live(entry: Entry, history: History) -> bool:
    live = history.live
    return live is not None and (entry == live or entry.deploy_id == live.deploy_id is not None)


def _cells(entry: Entry) -> Iterator[str]:
    yield f"{entry.when:%F %H:%M}"
    yield short(entry.image.digest)
    yield entry.image.tag or "-"
    yield (entry.commit or "-")[:8]
    yield entry.build or "-"
    yield entry.state


def _row(mark: str, *cells: str) -> str:
    columns = zip(cells, _WIDEST.values(), strict=True)
    return " ".join((mark, *(f"{_cell(text, width):<{width}}" for text, width in columns))).rstrip()


def _cell(text: str, width: int) -> str:
    whole = line(text)
    return whole if len(whole) <= width else f"{whole[: width - 1]}~"


def _notes(entry: Entry) -> Iterator[str]:
    by = f"by {entry.by}" if entry.by else ""
    outage = f"nobody answered for {entry.downtime:.2f} s" if entry.downtime is not None else ""
    if facts := ", ".join(filter(None, (by, outage))):
        yield line(facts)
    for what in ("rollback", "override", "rolled_back"):
        if text := getattr(entry, what):
            short_of = _DIGEST.sub(r"\1", text)
            yield line(f"{what.replace('_', ' ')}: {short_of}")
