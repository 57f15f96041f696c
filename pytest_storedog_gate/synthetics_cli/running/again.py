"""`run --watch`: what is run is run again whenever its files change."""

from __future__ import annotations

import glob
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from pytest_storedog_gate.errors import GateError
from pytest_storedog_gate.outlets.plain_text import long_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LOOK = 0.2  # s between two looks at a handful of files: no work that a machine would notice

Stamps = dict[str, tuple[int, int, int]]


def on_each_change(run: Callable[[], int], patterns: Iterable[str]) -> NoReturn:
    """Runs at once, and again after each change of a file that a pattern matches, until Ctrl-C.

    A file that cannot be read while somebody writes it is told, and is no end.
    """
    wanted = list(patterns)
    while True:
        before = _stamps(wanted)
        try:
            run()
        except GateError as error:
            sys.stdout.write(f"{long_line(str(error))}\n")
        sys.stdout.write("waiting for a change; Ctrl-C ends this\n")
        sys.stdout.flush()
        changed = before
        # Until something has changed, and then until nobody writes any more.
        while changed == before or changed != _stamps(wanted):
            changed = _stamps(wanted)
            time.sleep(_LOOK)


def _stamps(patterns: Iterable[str]) -> Stamps:
    """What tells one state of the files from another; editors replace a file or write into it."""
    found: Stamps = {}
    for pattern in patterns:
        for path in glob.glob(pattern, recursive=True):  # noqa: PTH207 absolute patterns
            try:
                stat = Path(path).stat()
            except OSError:
                continue  # it was there a moment ago
            found[path] = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
    return found
