"""Where a digest can be deployed to: a file for each platform, which has the platform's name.

Its file says how an environment's section is read; what deploys there is the folder of `deploy`
that has the same name. A project's own deployer comes by the hook instead, see `hookspecs`.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pytest_storedog_gate.deploy import Build, Deployer, ImageReference, Timing
    from pytest_storedog_gate.deploy.environment import Environment
    from pytest_storedog_gate.reading.kinds import Kind
    from pytest_storedog_gate.reading.table import Table

NAMES = tuple(sorted(module.name for module in iter_modules(__path__)))
"""What the configuration can name; no platform is imported for it."""
DEFAULT = "docker"


class Platform(Protocol):
    """A module with these names. Reading a configuration imports it, and with it no client."""

    KEYS: Mapping[str, Kind]
    """The keys of an environment that are this platform's, or this one's and another's."""

    TABLES: Mapping[str, Mapping[str, Kind]]
    """What is known of those `KEYS` that are tables, for the schema and the reference."""

    def read(
        self, table: Table, said: Mapping[str, Any], project: str, folder: Path, /
    ) -> Mapping[str, Any]:
        """Fields of an `Environment` from what its `table` says of `KEYS`.

        Paths are relative to `folder`. ConfigurationError names file, line and key.
        """

    def check(self, table: Table, environment: Environment, /) -> None:
        """ConfigurationError where it cannot be deployed so; it names file, line and key."""

    def connected(
        self,
        environment: Environment,
        build: Build,
        progress: Callable[[str], None],
        redact: Callable[[str], str],
        timing: Timing,
        /,
    ) -> AbstractContextManager[Deployer]:
        """What deploys to the environment: see the hook `pytest_storedog_deployer`."""

    def resolved(
        self, environment: Environment, reference: ImageReference, redact: Callable[[str], str], /
    ) -> ImageReference:
        """The reference with its digest, for a run that deploys nothing; raises `NoVerdict`."""


def find(name: str) -> Platform:
    """The platform of one of `NAMES`."""
    return cast("Platform", import_module(f"{__name__}.{name}"))


def keys() -> dict[str, Kind]:
    """The keys of an environment that any platform knows."""
    return {key: kind for name in NAMES for key, kind in find(name).KEYS.items()}


def tables() -> dict[str, Mapping[str, Kind]]:
    """What is known of those `keys` that are tables."""
    return {key: kinds for name in NAMES for key, kinds in find(name).TABLES.items()}


def refused(name: str) -> dict[str, str]:
    """Why a key of other platforms cannot be used on this one, by the key."""
    theirs = {key: other for other in NAMES if other != name for key in find(other).KEYS}
    return {
        key: f"it is for platform {other}, and this environment's is {name}; take it out"
        for key, other in theirs.items()
        if key not in find(name).KEYS
    }
