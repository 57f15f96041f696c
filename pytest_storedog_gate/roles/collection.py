"""Where items come from: the configuration file is collected like a test module.

That makes node IDs short and stable (`storedog.toml::test_check[staging-abc-def-ghi]`), so that
`-k`, `--lf` and a copied node ID work. Used by every process that collects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.errors import GateError

from . import checks, fixtures
from .source import SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from .source import Source, Tagged

_FIXTURE_PREFIX = "storedog_"
MARKER = "synthetics"


def register(config: pytest.Config, source: Source, path: Path, environment: str) -> None:
    """Makes this process collect the checks, which it learns from `source`."""
    config.stash[SOURCE] = source
    config.pluginmanager.register(fixtures, "storedog-gate-fixtures")
    plugin = Collection(source, path, environment)
    config.pluginmanager.register(plugin, "storedog-gate-collection")


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

    def __init__(self, source: Source, path: Path, environment: str) -> None:
        self._source = source
        self._path = path
        self._environment = environment
        self._checks: list[Tagged] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Learns the checks; their tags become markers, for `-m`."""
        try:
            self._checks = self._source.checks()
        except GateError as error:
            pytest.exit(str(error), returncode=int(error.exit_status))
        for tag in sorted({tag for _, tags in self._checks for tag in tags}):
            session.config.addinivalue_line("markers", f"{tag}: a tag of a check")

    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """Collects the configuration file where the command line names it."""
        if file_path == self._path and _names(parent.config, self._path):
            return checks_file(parent, file_path)
        return None

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One case for each check, in every test that asks for an outcome and names no check."""
        named = MARKER in {m.name for m in metafunc.definition.iter_markers() if m.args}
        if fixtures.PUBLIC_ID in metafunc.fixturenames and not named:
            cases = [
                pytest.param(
                    public_id,
                    id=f"{self._environment}-{public_id}",
                    marks=[getattr(pytest.mark, tag) for tag in tags if tag[0] != "_"],
                )
                for public_id, tags in self._checks
            ]
            metafunc.parametrize(fixtures.PUBLIC_ID, cases)

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

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Tells which of the tests that are left ask for a check by their marker."""
        marked = {}
        for item in session.items:
            for marker in item.iter_markers(MARKER):
                if marker.args:
                    marked[item.nodeid] = (str(marker.args[0]), dict(marker.kwargs))
        self._source.marked(marked)


def _paths_given(config: pytest.Config) -> bool:
    return config.args_source is pytest.Config.ArgsSource.ARGS


def _names(config: pytest.Config, path: Path) -> bool:
    return _paths_given(config) and path in _resolved(config, config.args)


def _resolved(config: pytest.Config, args: Iterable[str]) -> set[Path]:
    here = config.invocation_params.dir
    return {(here / arg.partition("::")[0]).resolve() for arg in args}


def _uses_gate(item: pytest.Item) -> bool:
    names = getattr(item, "fixturenames", ())
    marked = item.get_closest_marker(MARKER) is not None
    return marked or any(name.startswith(_FIXTURE_PREFIX) for name in names)
