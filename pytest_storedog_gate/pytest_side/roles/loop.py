"""The loop over the tests of one process, in the order in which the results of checks arrive."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pytest_storedog_gate.gate.outcomes import Outcomes


class Loop:
    """pytest's own, but for the order; one test ends before the next one begins."""

    def __init__(self, outcomes: Outcomes, node_ids: Mapping[str, str]) -> None:
        """`node_ids` maps node IDs to public IDs; it may grow until the loop begins."""
        self._outcomes, self._node_ids = outcomes, node_ids
        self._seen = 0  # arrivals

    @pytest.hookimpl
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if session.testsfailed and not session.config.option.continue_on_collection_errors:
            return None  # pytest's own says so
        for item, following in self._in_order(session.items):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)
        return True

    def _in_order(
        self, items: list[pytest.Item]
    ) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
        """Each test, with one whose collectors are set up for the next one as well."""
        tests = defaultdict(list)
        for item in items:
            tests[self._node_ids.get(item.nodeid)].append(item)
        left = dict.fromkeys(items)
        while left:
            first = next(iter(left))
            for item in chain(self._sooner(first, left, tests), [first]):
                del left[item]
                yield item, next(iter(left), None)

    def _sooner(
        self,
        first: pytest.Item,
        left: Collection[pytest.Item],
        tests: Mapping[str | None, list[pytest.Item]],
    ) -> Iterator[pytest.Item]:
        """The tests whose results are there before that of the first one; waits for that."""
        own = self._node_ids.get(first.nodeid)
        while own is not None and own not in self._outcomes.known:
            arrived = self._outcomes.arrival(self._seen)
            if arrived is None:
                break
            self._seen += 1
            for item in tests.get(arrived, ()):
                # Of the same collector: fixtures of another one may still be set up.
                if item in left and item.parent is first.parent and item is not first:
                    yield item
