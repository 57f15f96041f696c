"""An event loop in a thread of its own, for servers that want one."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractAsyncContextManager

T = TypeVar("T")
_LIMIT = 20  # s


@contextmanager
def running(server: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """What the server's context gives, while it runs in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        entered = asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(_LIMIT)
        try:
            yield entered
        finally:
            left = server.__aexit__(None, None, None)
            asyncio.run_coroutine_threadsafe(left, loop).result(_LIMIT)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
