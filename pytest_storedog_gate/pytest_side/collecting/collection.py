"""Where items come from: the configuration file is collected beside the project's own tests.

Used by every process that collects.
"""

from __future__ import annotations

import glob
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.errors import ConfigurationError, GateError
from pytest_storedog_gate.outlets.plain_text import long_line
from pytest_storedog_gate.pytest_side import fixtures, garbage
from pytest_storedog_gate.pytest_side.collecting import markers
from pytest_storedog_gate.pytest_side.collecting.checks import ChecksFile, WatchItem
from pytest_storedog_gate.pytest_side.collecting.left_out import LeftOut
from pytest_storedog_gate.pytest_side.collecting.lines import Lines
from pytest_storedog_gate.pytest_side.collecting.markers import PUBLIC_ID, uses_gate
from pytest_storedog_gate.pytest_side.source import SOURCE, Census

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
    from pathlib import Path

    from pytest_storedog_gate.pytest_side.source import Marked, Source, Tagged


def register(
    config: pytest.Config, source: Source, path: Path, environment: str, *, decides: bool
) -> None:
    """Makes this process collect the checks, which it learns from `source`.

    A run that `decides` collects all tests that ask for checks, whatever paths it is given.
    """
    config.stash[SOURCE] = source
    config.pluginmanager.register(fixtures, "storedog-gate-fixtures")
    plugin = Collection(config, source, path, environment, decides=decides)
    config.pluginmanager.register(plugin, "storedog-gate-collection")


class Collection:
    """Adds one item for each check, and leaves out what was not asked for."""

    def __init__(
        self, config: pytest.Config, source: Source, path: Path, environment: str, *, decides: bool
    ) -> None:
        self._source, self._path, self._environment = source, path, environment
        self._decides = decides
        self._lines = Lines(path, environment)
        self._named, self._left_out = _Named(config), LeftOut(config)
        self._checks: list[Tagged] = []
        self._watches: list[str] = []
        self._collected: list[pytest.Item] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        try:
            self._checks = self._source.checks()
            self._watches = self._source.watches()
        except GateError as error:
            pytest.exit(long_line(str(error)), returncode=int(error.exit_status))

    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """Collects the configuration file where the command line names it."""
        if file_path == self._path and self._named.file(self._path):
            return self._checks_file(parent)
        return None

    def _checks_file(self, parent: pytest.Collector) -> ChecksFile:
        file: ChecksFile = ChecksFile.from_parent(
            parent,
            path=self._path,
            environment=self._environment,
            lines=self._lines,
            checks=[public_id for public_id, _ in self._checks],
            watches=self._watches,
        )
        return file

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_ignore_collect(
        self, collection_path: Path
    ) -> Generator[None, bool | None, bool | None]:
        ignored = yield
        if ignored:
            self._left_out.ignored(collection_path)
        return ignored

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._left_out.skipped(report)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One case for each check, in every test that asks for an outcome and names no check."""
        if PUBLIC_ID in metafunc.fixturenames and not markers.names_a_check(metafunc.definition):
            cases = [
                pytest.param(public_id, id=f"{self._environment}-{public_id}")
                for public_id, _ in self._checks
            ]
            metafunc.parametrize(PUBLIC_ID, cases)

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Keeps every item, whoever leaves it out afterwards."""
        self._collected.append(item)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
    ) -> Generator[None]:
        """Puts our items first; keeps what uses the gate and what the command line names."""
        if self._decides:
            items += self._elsewhere(session, items)
        if not self._named.file(self._path):
            with garbage.none_here():
                items[:0] = session.genitems(self._checks_file(session))
        of_checks = dict(self._checks)
        named = ((item, markers.case_id(item) or markers.own_id(item) or "") for item in items)
        tagged = [(item, of_checks.get(public_id, ())) for item, public_id in named]
        with _tagged(tagged):
            yield
        # Now, as others may have marked an item only here.
        kept: list[pytest.Item] = []
        left_out: list[pytest.Item] = []
        for item in items:
            (kept if self._named.item(item) or uses_gate(item) else left_out).append(item)
        if left_out:
            config.hook.pytest_deselected(items=left_out)
        # Last what waits for long: all else goes on meanwhile, and may end that.
        items[:] = sorted(kept, key=lambda item: isinstance(item, WatchItem))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self) -> None:
        """Tells what the tests ask for by their markers, also those that were left out."""
        found: list[Marked] = []
        faults = []
        for item in self._collected:
            try:
                found += markers.read(item)
            except ConfigurationError as error:
                faults.append(f"{item.nodeid}: {error}")
        unread = self._left_out.asking() if self._decides else ()
        self._source.counted(Census(tuple(found), tuple(faults), unread))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Runs nothing where no check was triggered: the reason is said once, at the end."""
        return True if uses_gate(item) and self._stopped() else None

    def _stopped(self) -> bool:
        try:
            return self._source.stopped()
        except GateError:
            return False  # the tests' fixtures will say why

    def _elsewhere(
        self, session: pytest.Session, items: Sequence[pytest.Item]
    ) -> Iterator[pytest.Item]:
        """The project's tests that the paths given do not reach."""
        if not self._named.narrow:
            return
        there = {item.nodeid for item in items}
        for path in _homes(session.config):
            hooks = session.gethookproxy(path)
            if path.is_dir():
                collectors = [hooks.pytest_collect_directory(path=path, parent=session)]
            else:
                collectors = hooks.pytest_collect_file(file_path=path, parent=session)
            for item in (item for found in collectors if found for item in session.genitems(found)):
                if item.nodeid not in there and item.path != self._path:
                    there.add(item.nodeid)
                    yield item


class _Named:
    """What the command line names beside options."""

    def __init__(self, config: pytest.Config) -> None:
        here = config.invocation_params.dir
        given = config.args_source is pytest.Config.ArgsSource.ARGS
        # Of a package's name nobody but pytest knows the path.
        self._all = given and config.getoption("pyargs")
        self._paths = []
        for arg in config.args if given else ():
            path, _, part = arg.partition("::")
            self._paths.append(((here / path).resolve(), part))
        self.narrow = given or here.resolve() != config.rootpath.resolve()

    def file(self, path: Path) -> bool:
        """Whether it names this file, or a part of it."""
        return any(path == named for named, _ in self._paths)

    def item(self, item: pytest.Item) -> bool:
        """Whether it names this item, or something that holds it."""
        if not self._paths:
            return False
        own = item.path.resolve()
        _, _, part = item.nodeid.partition("::")
        return self._all or any(
            (own == path and (not wanted or _holds(wanted, part)))
            or (path in own.parents and not wanted)
            for path, wanted in self._paths
        )


def _holds(wanted: str, part: str) -> bool:
    return part == wanted or part.startswith((f"{wanted}::", f"{wanted}["))


def _homes(config: pytest.Config) -> list[Path]:
    """Where pytest looks for tests by itself when it is started in the rootdir."""
    root = config.rootpath
    found = [
        root / match
        for pattern in config.getini("testpaths")
        for match in sorted(glob.glob(pattern, root_dir=root, recursive=True))  # noqa: PTH207
    ]
    return found or [root]


@contextmanager
def _tagged(items: Iterable[tuple[pytest.Item, Sequence[str]]]) -> Iterator[None]:
    """While items are selected by `-m` and `-k`, lists the tags of each beside its markers.

    A tag is text from outside: as a real marker, `skip` or `xfail` would change the run. So only
    who asks for all markers at once sees them, as `-m` does, not who asks for one by name.
    """
    changed = []
    for item, tags in ((item, tags) for item, tags in items if tags):
        item.extra_keyword_matches.update(tags)
        item.iter_markers = _listing(tags, item)  # type: ignore[method-assign]
        changed.append(item)
    try:
        yield
    finally:
        for item in changed:
            del item.iter_markers


def _listing(tags: Sequence[str], item: pytest.Item) -> Any:
    own = item.iter_markers
    listed = [SimpleNamespace(name=tag, args=(), kwargs={}) for tag in tags]

    def iter_markers(name: str | None = None) -> Iterator[Any]:
        yield from own(name)
        if name is None:
            yield from listed

    return iter_markers
