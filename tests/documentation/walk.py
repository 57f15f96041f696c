"""A reader who follows a page: writes its files, types its commands, and compares the output.

Each proof takes the walk and a fenced block, and raises AssertionError where the block is wrong.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import requests

from tests.conftest import WITHOUT_OTHERS
from tests.local_synthetics.servers.ports import refusing_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.documentation.pages import Block

    Proof = Callable[["Walk", Block], None]

_LONGEST = 240  # s, for one block
# The reader's commands, as an installation of this checkout would give them.
_COMMANDS = {
    "pytest": ["-m", "pytest", *WITHOUT_OTHERS, "-p", "no:rerunfailures"],
    "storedog-synthetics": ["-m", "pytest_storedog_gate.synthetics_cli"],
    "storedog-gate": ["-c", '"from pytest_storedog_gate.drone_lint.cli import main; exit(main())"'],
    "python3": [],
}


@dataclass
class Walk:
    """One reader's folder; ports of a page are replaced by free ones, and `images` by others."""

    folder: Path
    instead: dict[str, str] = field(default_factory=dict)
    printed: str = ""
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        commands = self.folder / ".commands"
        commands.mkdir()
        for name, arguments in _COMMANDS.items():
            command = " ".join((sys.executable, *arguments))
            (commands / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n', "utf-8")
            (commands / name).chmod(0o755)
        self.environment = os.environ | {"PATH": f"{commands}:{os.environ['PATH']}"}

    def text(self, block: Block) -> str:
        """The block, with what stands in for fixed ports and for images from elsewhere."""
        text = block.text
        for word, other in self.instead.items():
            text = re.sub(rf"(?<![\w.]){re.escape(word)}(?!\w)", other, text)
        return text

    def run(self, script: str) -> int:
        """The exit status of the last command, after which the reader stops if it is not 0."""
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
        self.printed = done.stdout
        return done.returncode


@contextmanager
def walking(folder: Path, **instead: str) -> Iterator[Walk]:
    """A walk in an empty folder; what the reader has started ends with it."""
    ports = {port: str(refusing_port()) for port in ("8000", "18000", "18001")}
    walk = Walk(folder, ports | instead)
    try:
        yield walk
    finally:
        for process in walk.started:
            process.kill()
            process.wait()


def writes(walk: Walk, block: Block) -> None:
    """The block is a file of the reader's, whose name is its title."""
    path = walk.folder / block.title
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(walk.text(block), "utf-8")


def runs(walk: Walk, block: Block) -> None:
    """Each command ends with 0."""
    assert walk.run(f"set -e\n{walk.text(block)}") == 0, walk.printed


def ends_with(status: int) -> Proof:
    """The last command ends with this status."""

    def proof(walk: Walk, block: Block) -> None:
        assert walk.run(walk.text(block)) == status, walk.printed

    return proof


def serves(walk: Walk, block: Block) -> None:
    """The command is a server, which answers at the first shop's port from then on."""
    _serve(walk, walk.text(block))


def passes(walk: Walk, block: Block) -> None:
    """The block is a file of checks, which pass at a server that has what they ask for."""
    writes(walk, block)
    (walk.folder / "discounts.json").write_text('[{"code": "BFRIDAY"}]', "utf-8")
    if not walk.started:
        _serve(walk, f"python3 -m http.server {walk.instead['8000']} --bind 127.0.0.1")
    secret = "STOREDOG_GLOBAL_API_TOKEN=token-of-nobody"
    assert walk.run(f"{secret} storedog-synthetics run {block.title}") == 0, walk.printed


def _serve(walk: Walk, command: str) -> None:
    server = subprocess.Popen(
        ["bash", "-c", f"exec {command}"],
        cwd=walk.folder,
        env=walk.environment,
        stderr=subprocess.DEVNULL,
    )
    walk.started.append(server)
    until = time.monotonic() + 30
    while time.monotonic() < until and server.poll() is None:
        try:
            assert requests.get(f"http://127.0.0.1:{walk.instead['8000']}/", timeout=5).ok
        except requests.ConnectionError:
            time.sleep(0.05)  # until it listens
        else:
            return
    raise AssertionError(f"nothing answers after {command}")


def prints(walk: Walk, block: Block) -> None:
    """What ran last has printed these lines in this order; `…` stands for anything."""
    printed = iter(walk.printed.splitlines())
    for line in walk.text(block).splitlines():
        pattern = ".*".join(map(re.escape, line.rstrip().split("…")))
        assert any(re.fullmatch(pattern, one.rstrip()) for one in printed), (
            f"nobody printed {line!r} there:\n{walk.printed}"
        )
