"""The results of a bench as a JSON file, and what they say: medians, ratios, and their spread.

A file holds each measurement's last results, with when and on what they were made, so that one
measurement can be repeated alone.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from bench.rounds import Done

Json = dict[str, Any]


def read(path: Path) -> Json:
    """The measurements by name; none where there is no file yet."""
    found: Json = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def keep(path: Path, name: str, about: str, cases: Sequence[Done]) -> None:
    """Puts one measurement's results into the file, in the place of its former ones."""
    entry = {"about": about, **_circumstances(), "cases": [case.as_json() for case in cases]}
    unfinished = path.with_suffix(".unfinished")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished.write_text(json.dumps(read(path) | {name: entry}, indent=1), encoding="utf-8")
    unfinished.replace(path)


def _circumstances() -> Json:
    commit = subprocess.run(
        ("git", "describe", "--always", "--dirty"), capture_output=True, text=True, check=False
    )
    return {
        "at": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
        "commit": commit.stdout.strip(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
    }


@dataclass(frozen=True)
class Spread:
    """The median of several values, and the lowest and highest one."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of at least one value."""
        return cls(statistics.median(values), min(values), max(values))


def figures(case: Json) -> list[str]:
    """The names of the figures of a case."""
    found = [name for one in case["rounds"] for told in one.values() for name in told]
    return list(dict.fromkeys(found))


def own(case: Json, peer: str, figure: str) -> Spread | None:
    """A figure of one peer; None where it has none."""
    return _spread(one[peer][figure] for one in _with(case, figure, peer))


def ratio(case: Json, peer: str, figure: str) -> Spread | None:
    """Ours divided by the peer's, of the same round; None where there are no pairs."""
    return _paired(case, peer, figure, lambda ours, theirs: ours / theirs if theirs else None)


def difference(case: Json, peer: str, figure: str) -> Spread | None:
    """Ours less the peer's, of the same round; None where there are no pairs."""
    return _paired(case, peer, figure, lambda ours, theirs: ours - theirs)


def judged(case: Json) -> Iterator[tuple[Json, Spread | None, bool]]:
    """What was wanted of a case, what it is, and whether it is as wanted; None is not."""
    ours = case["peers"][0]
    for wanted in case["wanted"]:
        figure, peer = wanted["figure"], wanted["peer"]
        if wanted["kind"] == "value":
            found = own(case, ours, figure)
        else:
            found = (ratio if wanted["kind"] == "ratio" else difference)(case, peer, figure)
        yield wanted, found, found is not None and found.median <= wanted["at_most"]


def _paired(
    case: Json, peer: str, figure: str, put: Callable[[float, float], float | None]
) -> Spread | None:
    ours = case["peers"][0]
    return _spread(
        put(one[ours][figure], one[peer][figure]) for one in _with(case, figure, ours, peer)
    )


def _with(case: Json, figure: str, *names: str) -> Iterator[Json]:
    return (one for one in case["rounds"] if all(figure in one.get(name, {}) for name in names))


def _spread(values: Iterator[float | None]) -> Spread | None:
    there = [value for value in values if value is not None]
    return Spread.of(there) if there else None
