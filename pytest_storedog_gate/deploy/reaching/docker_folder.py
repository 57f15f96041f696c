"""Where Docker's client keeps what it is told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def docker_folder(environ: Mapping[str, str]) -> Path:
    """The folder of config.json and of contexts."""
    named = environ.get("DOCKER_CONFIG")
    return Path(named) if named else Path.home() / ".docker"
