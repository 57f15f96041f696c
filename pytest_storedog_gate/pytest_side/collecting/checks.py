"""The plugin's own tests: one item for each check, and one for each thing that is watched.

The configuration file holds them like a test module. That makes node IDs short and stable
(`storedog.toml::test_check[staging-abc-def-ghi]`), so that `-k`, `--lf` and a copied node ID work.
They are no functions with fixtures: that takes pytest as long again, for each of 10,000.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.pytest_side.asking import outcome_of, watched_by
from pytest_storedog_gate.reports import failure_text
from pytest_storedog_gate.verdicts.rule import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pytest_storedog_gate.pytest_side.collecting.lines import Lines


class OwnItem(pytest.Item):
    """One test; `about` is what the configuration calls its subject, on that line (from 0).

    Plugins and conftest files take each item for a function: it has what they read of one.
    """

    TEST = ""
    """What its name begins with."""
    module, cls, instance = sys.modules[__name__], None, None

    def __init__(self, *, about: str, line: int | None, **more: Any) -> None:
        super().__init__(**more)
        self.about = about
        self.location = (self.nodeid.partition("::")[0], line, self.name)
        self.originalname = self.TEST
        self.function = self.obj = type(self).runtest
        self.fixturenames: list[str] = []
        self.funcargs: dict[str, object] = {}

    def _initrequest(self) -> None:
        """Forgets a function's fixtures, as pytest-retry asks before it runs a test again."""

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, self.location[1], self.name


class CheckItem(OwnItem):
    """One check, by public ID."""

    TEST = "test_check"

    def setup(self) -> None:
        self._outcome = outcome_of(self, self.about)

    def runtest(self) -> None:
        """Passes when every result of the check has passed."""
        if self._outcome.status is not Status.PASSED:
            pytest.fail(failure_text.of_check(self._outcome), pytrace=False)


class WatchItem(OwnItem):
    """One thing that is watched."""

    TEST = "test_watch"

    def setup(self) -> None:
        self._found = watched_by(self, self.about)

    def runtest(self) -> None:
        """Passes when nothing went wrong for as long as it was to be watched."""
        if self._found.state is not State.OPEN:
            pytest.fail(failure_text.of_watch(self._found), pytrace=False)


class ChecksFile(pytest.File):
    """The configuration file, and what is tested in one environment."""

    def __init__(
        self,
        *,
        environment: str,
        lines: Lines,
        checks: Iterable[str] = (),
        watches: Iterable[str] = (),
        **more: Any,
    ) -> None:
        """`checks` are public IDs, and `watches` the names of what is watched."""
        super().__init__(**more)
        self._environment, self._lines = environment, lines
        self._checks, self._watches = checks, watches

    def collect(self) -> Iterator[OwnItem]:
        for public_id in self._checks:
            yield self._item(CheckItem, public_id, public_id)
        for name in self._watches:
            yield self._item(WatchItem, name, "watch")

    def node_id(self, kind: type[OwnItem], about: str) -> str:
        """The node ID that the item of a check or watch has."""
        return f"{self.nodeid}::{self._name(kind, about)}"

    def _item(self, kind: type[OwnItem], about: str, named: str) -> OwnItem:
        item: OwnItem = kind.from_parent(
            self,
            name=self._name(kind, about),
            # Else pytest takes the brackets for a part of the name, and `--lf` finds no such test.
            nodeid=self.node_id(kind, about),
            about=about,
            line=self._lines.of(named),
        )
        return item

    def _name(self, kind: type[OwnItem], about: str) -> str:
        return f"{kind.TEST}[{self._environment}-{about}]"
