"""What the real Drone runner and the real pytest make of the linter's cases.

In the runner's steps the gate is a stand-in that ends as a closed gate does; its own verdicts are
tested elsewhere.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.conftest import WITHOUT_OTHERS
from tests.drone_lint.cases import Case, proved_by

if TYPE_CHECKING:
    from concurrent.futures import Future

    from tests.conftest import GateProject, Shop
    from tests.drone_lint.drone_runner import Build, Submit

_BUILT = proved_by("deployed", "green", "sound")
_OF_PYTEST = proved_by("pytest")


@pytest.fixture(scope="module")
def builds(submit: Submit, request: pytest.FixtureRequest) -> dict[str, Future[Build]]:
    """Those of all tests that were chosen, at once."""
    names = {item.name for item in request.session.items}
    chosen = [case for case in _BUILT if any(f"[{case.path.stem}]" in name for name in names)]
    return {case.path.stem: submit(case) for case in chosen}


@pytest.mark.drone
@pytest.mark.parametrize("case", _BUILT, ids=lambda case: case.path.stem)
def test_the_runner_lets_a_closed_gate_through_only_where_the_linter_says_so(
    builds: dict[str, Future[Build]], case: Case
) -> None:
    build = builds[case.path.stem].result()

    if case.proof == "deployed":
        assert build.deployed, build.log
    elif case.proof == "green":
        assert build.green, build.log
    else:
        assert (build.green, build.deployed) == (False, False), build.log


@pytest.mark.parametrize("case", _OF_PYTEST, ids=lambda case: case.path.stem)
def test_the_gates_command_ends_with_0_though_its_check_fails(
    project: GateProject, shop: Shop, programs: str, case: Case
) -> None:
    if case.settings.pop("shop", "") != "fine":
        shop.answers["/discount"] = (500, "[]")
    # By a file, as the gates' commands take PYTEST_ADDOPTS away.
    options = f"[pytest]\naddopts = {' '.join(WITHOUT_OTHERS)}\n"
    (project.path / "pytest.ini").write_text(options)
    (step,) = [s for s in yaml.safe_load(case.path.read_text())["steps"] if s["name"] == "gate"]

    done = subprocess.run(
        ["sh", "-ec", "\n".join(step["commands"])],
        cwd=project.path,
        env={**os.environ, "PATH": programs, **case.settings, **step.get("environment", {})},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "GATE OPEN" not in done.stdout


@pytest.mark.parametrize("case", proved_by("bash"), ids=lambda case: case.path.stem)
def test_in_bash_the_script_ends_with_0_before_its_gate(case: Case) -> None:
    (step,) = [s for s in yaml.safe_load(case.path.read_text())["steps"] if s["name"] == "gate"]

    script = "set -e\n" + "\n".join(step["commands"]) + "\n"
    done = subprocess.run(["bash"], input=script, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "--storedog-env=staging" in done.stdout, "what is shown was read, and not run"
