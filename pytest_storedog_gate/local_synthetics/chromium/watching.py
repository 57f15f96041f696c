"""How a person watches browser tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


@dataclass(frozen=True)
class Watching:
    """Without arguments nobody watches.

    `headed`: Chromium shows its windows. `slow_mo`: the seconds that a page stays after each step.
    `pause` is awaited with what failed, while the page of the failed step is open.
    """

    headed: bool = False
    slow_mo: float = 0.0
    pause: Callable[[str], Awaitable[None]] | None = None
