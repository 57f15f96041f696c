"""The memory of a local service that runs 2,000 HTTP checks, one batch of 50 after the other.

The last 10,000 results are kept, so that it grows a little.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measurements.http_checks import check
from bench.rounds import Case, value
from bench.service import MODULE, run
from bench.site import started

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.rounds import Figures

_RUNS, _BATCH, _EARLY = 2000, 50, 250
_GROWTH = "growth, MiB"


def cases(*, quick: bool) -> Iterator[Case]:
    """One case, without a peer."""
    runs = _EARLY * 2 if quick else _RUNS
    name = f"{runs:,} HTTP checks"
    yield Case(name, {"service": partial(_memory, runs)}, [value(_GROWTH, 5)], rounds=1)


def _memory(runs: int) -> Figures:
    figures: Figures = {}
    with started("bench.site") as site, started(MODULE, "serve") as service:
        checks = [check(f"{site.url}/discounts")] * _BATCH
        for done in range(_BATCH, runs + 1, _BATCH):
            run(service.url, checks)
            if done in (_EARLY, runs):
                figures[f"memory after {done:,} checks, MiB"] = _resident(service.process_id)
    early, late = figures.values()
    return {**figures, _GROWTH: late - early}


def _resident(process_id: int) -> float:
    """The memory of a process that is in use, in MiB."""
    for line in Path(f"/proc/{process_id}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(process_id)
