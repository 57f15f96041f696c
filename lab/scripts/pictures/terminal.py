"""A terminal of 80 columns, what a program shows on it, and its picture."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from html import escape
from typing import TYPE_CHECKING, Any

import pyte

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from playwright.sync_api import Browser

_COLUMNS, _LINES = 80, 70
_TABLE = "checks are done"  # how the live table begins
_BRIGHT = "ddd"
_COLOURS = {
    "black": "777",
    "red": "f55",
    "green": "5d5",
    "brown": "dd5",
    "blue": "79f",
    "magenta": "f7f",
    "cyan": "5dd",
    "white": "eee",
    "default": _BRIGHT,
}
_STYLE = f"""
body {{ margin: 0; padding: 1em; background: #111; color: #{_BRIGHT} }}
pre {{ margin: 0; font: 15px monospace; white-space: pre-wrap; overflow-wrap: anywhere }}
"""

# The lines, in HTML.
Screen = str


def on_terminal(arguments: Sequence[str], folder: Path) -> tuple[Screen, Screen]:
    """Python with these arguments: the fullest screen with the live table, and the last one."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _LINES, _COLUMNS, 0, 0))
    screen = pyte.Screen(_COLUMNS, _LINES)
    stream = pyte.ByteStream(screen)
    table = ""
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=_environment(TERM="xterm-256color"),
    ):
        os.close(theirs)
        while said := _read(ours):
            stream.feed(said)
            if any(_TABLE in line for line in screen.display):
                table = _html(screen)
    os.close(ours)
    return table, _html(screen)


def logged(arguments: Sequence[str], folder: Path) -> Screen:
    """The same where standard output is no terminal, as in a CI system."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=_environment(CI="true"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return escape(done.stdout)


def photograph(browser: Browser, screens: Mapping[str, Screen], folder: Path) -> None:
    """Writes a picture of each screen into the folder."""
    page = browser.new_page(viewport={"width": 800, "height": 100})
    for name, screen in screens.items():
        page.set_content(f"<style>{_STYLE}</style><pre>{screen}</pre>")
        page.screenshot(path=folder / f"{name}.png", full_page=True)
    page.close()


def _environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    # Other plugins of this environment would be in the picture.
    return kept | {"COLUMNS": str(_COLUMNS), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} | more


def _html(screen: pyte.Screen) -> Screen:
    rows = [
        "".join(_cell(screen.buffer[row][column]) for column in range(_COLUMNS))
        for row in range(_LINES)
    ]
    last = max((row for row in range(_LINES) if screen.display[row].strip()), default=0)
    return "\n".join(rows[: last + 1])


def _cell(cell: Any) -> str:
    colour = _COLOURS.get(cell.fg.removeprefix("bright"), cell.fg)
    weight = "bold" if cell.bold else "normal"
    return f'<span style="color: #{colour}; font-weight: {weight}">{escape(cell.data)}</span>'


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # nobody has the other end any more
        return b""
