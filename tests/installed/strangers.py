"""Somebody who has a wheel, a fresh environment and an empty folder, and types what a page says."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.installed.distributions import uv

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LONGEST = 240  # s, for what a page has in one section
# No Docker is there for a stranger, and nothing of this repository.
_WITHOUT = {"DOCKER_HOST": "unix:///dev/null"}
_OURS = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True)
class Stranger:
    """`installed`: the environment's programs; `folder`: where the commands are typed."""

    installed: Path
    folder: Path

    def types(self, script: str, *, status: int = 0, **environment: str) -> str:
        """What the lines print; the first that fails ends them, and only with this status."""
        done = subprocess.run(
            ["bash", "-euxc", script],
            cwd=self.folder,
            env=self._environment() | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
        assert done.returncode == status, done.stdout
        return done.stdout

    @contextmanager
    def begins(self, *command: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """A program of the environment that goes on while something else is done."""
        with subprocess.Popen(
            [self.installed / command[0], *command[1:]],
            cwd=self.folder,
            env=self._environment() | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in _OURS}
        return kept | _WITHOUT | {"PATH": f"{self.installed}:{kept['PATH']}"}


def install(environment: Path, python: str, *requirements: str) -> Path:
    """Makes a virtual environment with these requirements; returns the folder of its programs."""
    uv("venv", "--quiet", "--python", python, str(environment))
    programs = environment / "bin"
    uv("pip", "install", "--quiet", "--python", str(programs / "python"), *requirements)
    return programs
