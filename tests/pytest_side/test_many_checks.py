"""A thousand checks: one trigger, and a cost that grows with their number, not with its square."""

from __future__ import annotations

import pstats
import sys
from typing import TYPE_CHECKING

from tests.conftest import MODES, http_check

if TYPE_CHECKING:
    from tests.conftest import GateProject

TOML = """\
[synthetics]
backend = "local"
definitions = ["*.synthetics.json"]

[environments.staging]
checks = {ids}
overrides = {{ variables = {{ SHOP = "{shop}" }} }}
"""


def select(project: GateProject, number: int) -> None:
    """Makes the project's gate one of that many checks."""
    ids = [f"a{n // 100:02}-aaa-{n % 100:03}" for n in range(number)]
    project.configuration(TOML.format(ids=ids, shop=project.shop.url))
    project.checks(*(http_check(public_id, "/health", f"check {public_id}") for public_id in ids))


def test_thousand_checks_are_one_batch(project: GateProject) -> None:
    """Over workers, each of which has its part; those of one process are counted below."""
    select(project, 1000)
    project.mode = MODES["n2"]
    result = project.run("-q")
    assert result.ret == 0
    assert project.shop.asked == {"/health": 1000}
    assert str(result.stdout).count("triggered 1000 checks") == 1
    result.stdout.fnmatch_lines(["calls to Synthetics: *", "*1000/1000 checks passed*"])


def test_cost_is_not_quadratic(project: GateProject) -> None:
    """Counts the calls of functions in the main thread: collection, waiting and reporting."""

    def calls(number: int) -> int:
        select(project, number)
        profile = project.path / "profile"
        done = project.pytester.run(
            sys.executable,
            *("-m", "cProfile", "-o", str(profile), "-m", "pytest", "-q", *MODES["no-xdist"]),
            "--storedog-env=staging",
        )
        assert done.ret == 0
        assert project.shop.asked == {"/health": number}
        project.shop.asked.clear()
        assert str(done.stdout).count("triggered ") == 1
        return int(pstats.Stats(str(profile)).total_calls)  # type: ignore[attr-defined]

    few, many, most = calls(1), calls(101), calls(401)
    # Four times as many checks beyond the first cost about four times as much.
    assert (most - few) / (many - few) < 5
