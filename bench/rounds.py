"""Ways to do the same, in turns, so that whatever else the machine does weighs on all of them."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from bench.process import FailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Figures = dict[str, float]  # by name and unit, e.g. "CPU, s"


@dataclass(frozen=True)
class Wanted:
    """What a figure is to be: `at_most`, of our own figure or beside that of the `peer`."""

    figure: str
    at_most: float
    peer: str = ""
    kind: str = "value"  # or "ratio", "difference"


def value(figure: str, at_most: float) -> Wanted:
    """Our own figure itself."""
    return Wanted(figure, at_most)


def ratio(figure: str, at_most: float, peer: str) -> Wanted:
    """Our figure divided by the peer's."""
    return Wanted(figure, at_most, peer, "ratio")


def difference(figure: str, at_most: float, peer: str) -> Wanted:
    """Our figure less the peer's."""
    return Wanted(figure, at_most, peer, "difference")


def timed(work: Callable[[], object]) -> Callable[[], Figures]:
    """Work that is done in this process, as something that tells its time."""

    def run() -> Figures:
        begun = time.perf_counter()
        work()
        return {"wall, s": time.perf_counter() - begun}

    return run


@dataclass(frozen=True)
class Case:
    """The same work done by peers, ours first: each runs it once and tells its figures.

    `rounds` is how often in place of what was asked for, where noise needs more.
    """

    name: str
    peers: Mapping[str, Callable[[], Figures]]
    wanted: Sequence[Wanted] = ()
    rounds: int = 0


@dataclass
class Done:
    """What came of a case: for each round the figures of each peer, or why there are none."""

    name: str
    peers: list[str]
    wanted: list[Wanted]
    rounds: list[dict[str, Figures]] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """It as a JSON value."""
        return asdict(self)


def run(cases: Iterator[Case], repeat: int, told: Callable[[str], None]) -> Iterator[Done]:
    """What comes of each case, in `repeat` rounds; a peer that fails is asked no more.

    The peers begin in turn, and a first round of the first case does not count: it fills caches.
    """
    for index, case in enumerate(cases):
        done = Done(case.name, list(case.peers), list(case.wanted))
        for number in range(0 if index == 0 else 1, (case.rounds or repeat) + 1):
            told(f"{case.name}: round {number or 'that does not count'}")
            figures = _round(case, done.failed, backwards=number % 2 == 1)
            if number:
                done.rounds.append(figures)
        yield done


def _round(case: Case, failed: dict[str, str], *, backwards: bool) -> dict[str, Figures]:
    figures: dict[str, Figures] = {}
    for name in reversed([*case.peers]) if backwards else case.peers:
        if name not in failed:
            try:
                figures[name] = case.peers[name]()
            except FailedError as error:
                failed[name] = str(error)
    return figures
