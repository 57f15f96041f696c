"""Time as a run sees it: it can be waited for, and the waiting can be cut short."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def _uninterrupted() -> Callable[[float], bool]:
    return threading.Event().wait


@dataclass(frozen=True)
class Clock:
    """`wait(seconds)` returns True when the run was cancelled; `now()` is in seconds, monotonic."""

    wait: Callable[[float], bool] = field(default_factory=_uninterrupted)
    now: Callable[[], float] = time.monotonic
