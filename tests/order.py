"""In which order the tests run, and what a worker takes at a time."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tests.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# Each of their tests starts processes of its own, and shares nothing with its neighbours.
APART = ("tests/pytest_side/",)
# By the seconds that they take, from four minutes to some ten seconds.
LONGEST = (
    # It has the cluster to itself: other tests of that would wait for it, and it for them.
    "tests/kubernetes/test_parts_that_fail.py",
    "tests/live/test_deploy_crash.py",
    "tests/live/test_gate.py",
    "tests/live/test_deploy_compose.py",
    "tests/npm/test_side_by_side.py",
    "tests/kubernetes/",
    "tests/live/test_deploy.py",
    "tests/pipeline/test_pipeline.py",
    "tests/live/test_storedog.py",
    "tests/drone_lint/test_teeth.py",
    "tests/drone_lint/test_pytest_files.py",
    "tests/drone_lint/test_scripts.py",
    "tests/live/test_deploy_conformance.py",
    "tests/swarm/test_conformance.py",
    "tests/swarm/test_update.py",
    "tests/live/test_edge.py",
    "tests/live/test_ways_out.py",
    "tests/npm/test_import_and_deploy.py",
    "tests/npm/test_chai.py",
    "tests/local_synthetics/api/test_packed_answers.py",
    "tests/local_synthetics/kinds/browser/",
    "tests/published/test_coverage.py",
    "tests/fuzzing/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first: a worker that came to one late would end long after the others.

    What is taken test by test comes last, as it fills what is left on each worker.
    """
    items.sort(key=lambda item: _place(item.path))


@cache
def _place(file: Path) -> int:
    path = file.relative_to(ROOT).as_posix()
    if path.startswith(APART):
        return len(LONGEST) + 1
    return next((n for n, begin in enumerate(LONGEST) if path.startswith(begin)), len(LONGEST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With --dist=loadfile: whole files, as their tests share what is costly, or tests apart."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]  # noqa: PLC0415

    # Groups by a marker (--dist=loadgroup) would be part of each node ID that is printed.
    class Scheduler(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return nodeid if nodeid.startswith(APART) else str(super()._split_scope(nodeid))

    return Scheduler(config, log)
