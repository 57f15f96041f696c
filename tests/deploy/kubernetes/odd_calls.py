"""Runs in which one call, counted from the first, is answered in an odd way, or not at all."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.kubernetes.fake_cluster import Thing
    from tests.deploy.kubernetes.places import OnTheFake


class Calls:
    """Those of a run but for the renewals of its lock, which come when they come.

    The one of a number is `done` all the same, or is not. `says` is its answer; without one the
    cluster is silent from then on for `silent` seconds.
    """

    def __init__(
        self, place: OnTheFake, number: int, *, done: bool, says: str | None, silent: float
    ) -> None:
        self.made: list[str] = []
        self._number, self._done, self._says, self._silent = number, done, says, silent
        self._until = 0.0
        self._handle = place.cluster.handle

    def handle(self, method: str, path: str, body: Thing) -> tuple[int, Thing | str] | None:
        odd = False
        if method != "PUT" or "/leases/" not in path:
            self.made.append(f"{method} {path}")
            odd = len(self.made) == self._number
        if odd:
            self._until = time.monotonic() + self._silent
            if self._done:
                self._handle(method, path, body)
            if self._says is not None:
                return 200, self._says
        return None if time.monotonic() < self._until else self._handle(method, path, body)

    def each(self) -> list[int]:
        """The numbers of those that change something, and of the first look of each kind.

        The first of all shows that somebody answers there: a run ends where it is not answered.
        """
        return [
            number
            for number, call in enumerate(self.made[1:], 2)
            if not call.startswith("GET") or call not in self.made[: number - 1]
        ]


@contextmanager
def odd_at(
    place: OnTheFake,
    number: int,
    *,
    done: bool = False,
    says: str | None = None,
    silent: float = 0.0,
) -> Iterator[Calls]:
    """None is odd with number 0."""
    calls = Calls(place, number, done=done, says=says, silent=silent)
    handle = place.cluster.handle
    place.cluster.handle = calls.handle  # type: ignore[method-assign]
    try:
        yield calls
    finally:
        place.cluster.handle = handle  # type: ignore[method-assign]
