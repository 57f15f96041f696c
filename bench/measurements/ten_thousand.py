"""10,000 checks: how what a run takes grows with them, and what their collection takes.

The stand-in's tests end at once, so that all of the time is the gate's own. The exponent is that of
the growth between two numbers of checks: 1 is as many times as much, 2 is the square of it. The
smaller run holds the start of Python as well, so the exponent of the larger numbers says more.
Collection is `pytest --collect-only`, beside that of a file with as many tests that do nothing.
"""

from __future__ import annotations

import math
import sys
import tempfile
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from bench.gates import GATE, Work, gate
from bench.process import measured, own_environment
from bench.rounds import Case, ratio, value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.rounds import Figures

_SIZES, _QUICK = (1000, 3000, 10000), (10, 30, 100)
_GROWING = ("wall, s", "CPU, s", "memory, MiB")
_TESTS = """\
import pytest


@pytest.mark.parametrize("number", range({tests}))
def test_nothing(number):
    pass
"""
_PEER = "plain pytest"


def cases(*, quick: bool) -> Iterator[Case]:
    """The growth, and the collection."""
    sizes = _QUICK if quick else _SIZES
    below, most = sizes[-2:]
    with tempfile.TemporaryDirectory() as made:
        works = [Work(Path(made) / str(tests), tests) for tests in sizes]
        for work in works:
            work.folder.mkdir()
            work.write()
        yield Case(
            f"runs of {', '.join(f'{tests:,}' for tests in sizes)} checks",
            {"gate": partial(_growth, works)},
            [value(_exponent(figure, below, most), 1.1) for figure in ("wall, s", "CPU, s")],
        )
        plain = Path(made) / "plain"
        plain.mkdir()
        (plain / "test_nothing.py").write_text(_TESTS.format(tests=most), encoding="ascii")
        yield Case(
            f"collection of {most:,}",
            {"gate": partial(_collect, works[-1]), _PEER: partial(_collect_plain, plain)},
            [ratio("wall, s", 1.3, _PEER)],
        )


def _growth(works: Sequence[Work]) -> Figures:
    runs = {}
    for work in works:
        run = gate(work)
        runs[work.tests] = {"wall, s": run["wall above the slowest, s"], **run}
    sizes = list(runs)
    figures = {
        _exponent(figure, fewer, more): math.log(runs[more][figure] / runs[fewer][figure])
        / math.log(more / fewer)
        for figure in _GROWING
        for fewer, more in pairwise(sizes)
    }
    for figure in (*_GROWING, "calls", "until the trigger, s", "after that, s"):
        figures |= {f"{figure}, of {tests:,}": run[figure] for tests, run in runs.items()}
    return figures


def _exponent(figure: str, fewer: int, more: int) -> str:
    return f"exponent of {figure.partition(',')[0]}, {fewer:,} to {more:,}"


def _collect(work: Work) -> Figures:
    with work.standing_in() as url:
        return _collection(GATE, work.folder, work.environment(url))


def _collect_plain(folder: Path) -> Figures:
    command = (sys.executable, "-m", "pytest", "-p", "no:storedog_gate")
    return _collection(command, folder, own_environment(folder))


def _collection(command: Sequence[str], folder: Path, environment: dict[str, str]) -> Figures:
    usage = measured((*command, "--collect-only", "-q"), folder, environment)
    return {"wall, s": usage["wall"], "CPU, s": usage["CPU"], "memory, MiB": usage["memory"]}
