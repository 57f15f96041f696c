"""Two ways to do the same, in turns, so that whatever else the machine does weighs on both."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 7

Way = tuple[str, "Callable[[], object]"]


def compare(what: str, ours: Way, other: Way) -> None:
    """Print the median seconds of each way, and the ratio of ours to the other.

    A first round of each is not counted.
    """
    taken: dict[str, list[float]] = {ours[0]: [], other[0]: []}
    for number in range(ROUNDS + 1):
        for name, run in (ours, other) if number % 2 else (other, ours):
            begun = time.perf_counter()
            run()
            if number:
                taken[name].append(time.perf_counter() - begun)
    medians = {name: statistics.median(values) for name, values in taken.items()}
    print(f"{what}, median of {ROUNDS} rounds")
    for name, values in taken.items():
        print(f"  {name:<12} {medians[name]:7.3f} s  ({min(values):.3f} to {max(values):.3f})")
    print(f"  ratio        {medians[ours[0]] / medians[other[0]]:7.2f}")
