"""A pause that Enter ends, on the terminal of a person who watches."""

from __future__ import annotations

import asyncio
import os
import sys
import termios
from typing import TYPE_CHECKING

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.outlets.plain_text import block

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def terminal_pause() -> Callable[[str], Awaitable[None]]:
    """What says its argument and waits for Enter. Raises ConfigurationError without a terminal."""
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "--pause-on-failure waits for Enter, and standard input is not a terminal: run this in"
            " a terminal, or leave the option out"
        )
    return _until_enter


async def _until_enter(text: str) -> None:
    terminal = sys.stdin.fileno()
    # An Enter of before was not meant.
    termios.tcflush(terminal, termios.TCIFLUSH)
    shown = block(text).replace("\n", "\n  ")
    sys.stderr.write(f"{shown}\nThe page stays open until you press Enter. ")
    sys.stderr.flush()
    entered, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(terminal, entered.set)
    try:
        await entered.wait()
    finally:
        loop.remove_reader(terminal)
    os.read(terminal, 4096)
