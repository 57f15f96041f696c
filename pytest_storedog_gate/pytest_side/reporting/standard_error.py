"""Lines past pytest's own reporter; without imports that would have to come before the run's."""

from __future__ import annotations

import sys
from contextlib import suppress


def say(text: str) -> None:
    """One line. No run ends because it cannot be written."""
    # RuntimeError: a signal came within another line.
    with suppress(OSError, ValueError, RuntimeError):
        write(text)


def write(text: str) -> None:
    """The same. Raises OSError, ValueError and RuntimeError."""
    if sys.__stderr__ is None:
        raise OSError("there is no standard error to write to")
    sys.__stderr__.write(text + "\n")
    sys.__stderr__.flush()
