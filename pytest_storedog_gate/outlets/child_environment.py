"""What a process that we start inherits: what it needs to run, and nothing that is secret.

A list of what is needed, not of what is secret: the environment of a pipeline step holds tokens
under any name (`${NAME}` in storedog.toml, what the CI system adds), and Chromium, Node and a
compiler need none of them.
"""

from __future__ import annotations

import os
import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEEDED = re.compile(
    r"PATH|LD_LIBRARY_PATH|PYTHON[A-Z0-9]+|HOME|USER|LOGNAME|SHELL|TMPDIR"
    r"|TZ|LANG|LANGUAGE|LC_[A-Z]+"
    r"|SSL_CERT_(FILE|DIR)"
    r"|STOREDOG_CHROMIUM|PLAYWRIGHT_(BROWSERS|NODEJS)_PATH|FONTCONFIG_(FILE|PATH)"
    r"|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|DBUS_SESSION_BUS_ADDRESS|XDG_[A-Z]+_(DIRS?|HOME)"
)


def child_environment(*, prefix: str | None = None) -> dict[str, str]:
    """The variables of this process that a child needs, and those that begin with `prefix`."""
    return {
        name: value
        for name, value in os.environ.items()
        if _NEEDED.fullmatch(name) or (prefix and name.startswith(prefix))
    }


_lock = threading.Lock()
_blocks = 0
_put_aside: dict[str, str] = {}


@contextmanager
def only_for_children() -> Iterator[None]:
    """Meanwhile, the environment of the process itself is `child_environment`.

    For a library that starts a process and lets nobody say with which environment. Who else reads
    the environment meanwhile reads less, so that the block is to be short. Blocks may overlap.
    """
    global _blocks  # noqa: PLW0603 an environment is the whole process's
    with _lock:
        _blocks += 1
        for name in os.environ.keys() - child_environment().keys():
            _put_aside[name] = os.environ.pop(name)
    try:
        yield
    finally:
        with _lock:
            _blocks -= 1
            if not _blocks:
                os.environ.update(_put_aside)
                _put_aside.clear()
