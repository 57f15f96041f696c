"""The gate and datadog-ci 5.25 ask one stand-in of Datadog for the same tests.

Each run is the real command, `pytest --storedog-env=staging` or `datadog-ci synthetics run-tests`,
installed by pip without extras and by npm, with a fresh stand-in of its own, whose tests take as
long as said. The wall time is counted above the slowest test, which nobody can be faster than; it
has three parts: until the trigger, how late the end of the batch was asked for, and what came
after. CPU is that of all processes of the command, memory its largest process's at its peak. With
429 each tenth call is refused; a slow API takes 500 ms for each call. datadog-ci looks each 5 s
from the trigger on: a test of exactly 30 s ends just when it looks.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.gates import Work, datadog_ci, gate
from bench.rounds import Case, ratio, value
from lab.scripts.machine import npm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.rounds import Wanted

_SIZES = (1, 10, 100, 1000)
_LENGTHS = {"1 s": (1, 1), "8 s": (8, 8), "30 s": (30, 30), "1 to 8 s": (1, 8)}
_FAULTS = {"429": "--refuse-every=10", "a slow API": "--delay=0.5"}
_WALL, _PEER = "wall above the slowest, s", "datadog-ci"
_CALLS = {1: 2.0, 10: 1.0, 100: 1.0, 1000: 0.05}  # of datadog-ci's


def cases(*, quick: bool) -> Iterator[Case]:
    """Each number and length of tests, and the faults."""
    npm.ensure()
    lengths = {"1 s": (1, 1)} if quick else _LENGTHS
    with tempfile.TemporaryDirectory() as folder:
        for tests in _SIZES[:2] if quick else _SIZES:
            Work(Path(folder), tests).write()
            for length, between in lengths.items():
                work = Work(Path(folder), tests, *between)
                yield _case(f"n = {tests:,}, {length}", work, _wanted(tests))
            for fault, option in {}.items() if quick else _FAULTS.items():
                work = Work(Path(folder), tests, 1, 8, faults=[option])
                yield _case(f"n = {tests:,}, 1 to 8 s, {fault}", work, [ratio(_WALL, 1.0, _PEER)])


def _case(name: str, work: Work, wanted: Sequence[Wanted]) -> Case:
    return Case(name, {"gate": partial(gate, work), _PEER: partial(datadog_ci, work)}, wanted)


def _wanted(tests: int) -> list[Wanted]:
    return [
        ratio(_WALL, 0.3, _PEER),
        *([value(_WALL, 1.0)] if tests <= 100 else []),
        ratio("CPU, s", 0.5, _PEER),
        ratio("memory, MiB", 0.25, _PEER),
        ratio("calls", _CALLS[tests], _PEER),
    ]
