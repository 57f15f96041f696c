"""Where items come from: the configuration file is collected like a test module.

That makes node IDs short and stable (`storedog.toml::test_check[staging-abc-def-ghi]`), so that
`-k`, `--lf` and a copied node ID work. Used by every process that collects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from . import checks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_FIXTURE_PREFIX = "storedog_"
MARKER = "synthetics"


class ChecksFile(pytest.Module):
    """The configuration file as a module that holds the plugin's own test."""

    def funcnamefilter(self, name: str) -> bool:
        """Takes our test whatever the project's `python_functions` says."""
        return name == checks.test_check.__name__


def checks_file(parent: pytest.Collector, path: Path) -> ChecksFile:
    """The collector for the configuration file at `path`."""
    module: ChecksFile = ChecksFile.from_parent(parent, path=path)
    module.obj = checks
    return module


def node_id(module: ChecksFile, environment: str, public_id: str) -> str:
    """The node ID that a check's item has."""
    return f"{module.nodeid}::{checks.test_check.__name__}[{environment}-{public_id}]"


class Collection:
    """Adds one item for each check, and leaves out what was not asked for."""

    def __init__(self, path: Path, environment: str, public_ids: Sequence[str]) -> None:
        self._path = path
        self._environment = environment
        self._public_ids = list(public_ids)

    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """Collects the configuration file where the command line names it."""
        if file_path == self._path and _names(parent.config, self._path):
            return checks_file(parent, file_path)
        return None

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One case for each check."""
        if "storedog_public_id" in metafunc.fixturenames:
            ids = [f"{self._environment}-{public_id}" for public_id in self._public_ids]
            metafunc.parametrize("storedog_public_id", self._public_ids, ids=ids)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Puts our items first; without paths, deselects tests that do not use the gate."""
        if not _paths_given(config):
            kept = [item for item in items if _uses_gate(item)]
            left_out = [item for item in items if item not in set(kept)]
            if left_out:
                config.hook.pytest_deselected(items=left_out)
            items[:] = kept
        if not _names(config, self._path):
            items[:0] = session.genitems(checks_file(session, self._path))


def _paths_given(config: pytest.Config) -> bool:
    return config.args_source is pytest.Config.ArgsSource.ARGS


def _names(config: pytest.Config, path: Path) -> bool:
    return _paths_given(config) and path in _resolved(config, config.args)


def _resolved(config: pytest.Config, args: Iterable[str]) -> set[Path]:
    here = config.invocation_params.dir
    return {(here / arg.partition("::")[0]).resolve() for arg in args}


def _uses_gate(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    marked = item.get_closest_marker(MARKER) is not None
    return marked or any(name.startswith(_FIXTURE_PREFIX) for name in fixtures)
