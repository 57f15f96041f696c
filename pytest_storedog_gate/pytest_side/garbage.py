"""Python's search for garbage, which a run of many checks must not pay for again and again."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def none_here() -> Iterator[None]:
    """For what makes much that stays: nothing is searched meanwhile, nor is it ever afterwards.

    Else Python goes through all of it again and again as it grows, and pytest ten times at its end.
    """
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if searching:
            gc.enable()
