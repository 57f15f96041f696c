"""What is asked about the machine and the installed packages: once, not by each run anew."""

from __future__ import annotations

import platform
from importlib.metadata import Distribution, PathDistribution, distributions
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def remember() -> None:
    """Lets all that forks from here know it, as it is now.

    Which packages there are is still looked up; what was read of one is not read again.
    """
    for name in ("entry_points", "files", "metadata"):
        read = vars(Distribution)[name].fget
        setattr(PathDistribution, name, property(_remembering(read)))
    for one in distributions():
        # Of these pytest says the versions.
        if any(point.group == "pytest11" for point in one.entry_points):
            _ = one.metadata
    _ = platform.uname().processor  # Python asks a program for it, and xdist's workers ask Python


def _remembering(read: Callable[[PathDistribution], Any]) -> Callable[[PathDistribution], Any]:
    known: dict[str, Any] = {}

    def remembered(one: PathDistribution) -> Any:
        path = str(one._path)
        if path not in known:
            known[path] = read(one)
        return known[path]

    return remembered
