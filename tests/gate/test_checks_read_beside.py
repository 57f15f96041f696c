"""Checks are read while the image is found and pulled; nothing changes before they are known."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, cast

import pytest

from pytest_storedog_gate.gate import checking
from pytest_storedog_gate.gate.outcomes import Outcomes
from tests.gate.test_plan import CONFTEST, TOML
from tests.repository import ROOT

if TYPE_CHECKING:
    from tests.conftest import GateProject

# Each of the two waits until the other one has begun, which only two at once can.
BESIDE = """
import threading
from pytest_storedog_gate.gate import run
from pytest_storedog_gate.errors import ConfigurationError, NoVerdict

pulling, reading = threading.Event(), threading.Event()
real_check, real_fetch = SyntheticsClient.check, deployer.HeldEnvironment.fetch
real_resolve, real_stage = deployer.DockerDeployer.resolve, deployment.FetchedImage.stage
made = []

class BeingRead(run.BeingRead):
    def __init__(self, read):
        made.append(self)
        super().__init__(read)

run.BeingRead = BeingRead

def check(self, public_id):
    reading.set()
    {reading}
    return real_check(self, public_id)

def resolve(self, image):
    {resolving}
    return real_resolve(self, image)

def fetch(self, image):
    open("fetched", "w").close()
    pulling.set()
    assert reading.wait(30)
    {pulling}
    return real_fetch(self, image)

def stage(self):
    open("staged", "w").close()
    return real_stage(self)

SyntheticsClient.check, deployer.HeldEnvironment.fetch = check, fetch
deployer.DockerDeployer.resolve, deployment.FetchedImage.stage = resolve, stage
"""
WAITS = "assert pulling.wait(30)"
UNTIL_READ = "made[0]._read.exception(30)"
REFUSES = 'raise ConfigurationError("this check cannot be read")'
HANGS = "threading.Event().wait(120)"
LOSES_ITS_IMAGE = 'raise NoVerdict("the registry lost it")'


@pytest.fixture
def deploying(project: GateProject, monkeypatch: pytest.MonkeyPatch) -> GateProject:
    """A project with a service under the gate."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    project.configuration(TOML.replace('requires = "staging"\n', "").format(shop=project.shop.url))
    return project


def run(
    project: GateProject, reading: str, pulling: str = "pass", resolving: str = "pass"
) -> tuple[int, str]:
    """Exit status and output of a run that does this within its steps."""
    beside = BESIDE.format(reading=reading, pulling=pulling, resolving=resolving)
    project.pytester.makeconftest(CONFTEST.format(standing="()") + beside)
    result = project.run("--storedog-image=new", "-v", env="production")
    return int(result.ret), result.stdout.str()


def test_checks_are_read_while_the_image_is_pulled(deploying: GateProject) -> None:
    status, output = run(deploying, WAITS, UNTIL_READ)
    assert status == 0, output
    # The time line tells of both, and counts each moment once.
    assert "beside these the checks were read for" in output
    seconds = deploying.report()["seconds"]
    assert isinstance(seconds, dict)
    assert seconds["checks"] < seconds["checks read beside"]


@pytest.mark.parametrize(
    ("reading", "pulling", "resolving", "pulled"),
    [
        (f"{WAITS}; {REFUSES}", "pass", "pass", True),
        # What is wrong with the checks comes first, as if they had been read first.
        (f"{WAITS}; {REFUSES}", LOSES_ITS_IMAGE, "pass", True),
        # Nobody waits for an image any more that nothing will check.
        (REFUSES, "pass", UNTIL_READ, False),
    ],
)
def test_checks_that_cannot_be_read_end_the_run_before_anything_changes(
    deploying: GateProject, reading: str, pulling: str, resolving: str, pulled: bool
) -> None:
    status, output = run(deploying, reading, pulling, resolving)
    assert status == 4, output
    assert "this check cannot be read" in output
    assert (deploying.path / "fetched").exists() is pulled
    assert not (deploying.path / "staged").exists()


def test_an_image_that_is_not_there_leaves_the_checks_known(deploying: GateProject) -> None:
    status, output = run(deploying, WAITS, LOSES_ITS_IMAGE)
    assert status == 8, output
    assert "the registry lost it" in output
    checks = deploying.report()["checks"]
    assert isinstance(checks, list)
    assert {check["public_id"] for check in checks} == {"dis-cou-nts", "hea-lth-chk"}
    assert not (deploying.path / "staged").exists()


@pytest.mark.usefixtures("started_as_usual")  # whose end takes its threads apart
def test_an_interrupt_waits_for_no_check_to_be_read(deploying: GateProject) -> None:
    begun = time.monotonic()
    status, output = run(deploying, HANGS, "raise KeyboardInterrupt")
    assert status == 2, output
    assert time.monotonic() - begun < 60
    assert not (deploying.path / "staged").exists()


def test_what_holds_the_reading_up_is_told_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the thread that waits: the lock is held, and a limit on calls may last half an hour."""
    monkeypatch.setattr(checking, "_GLANCE", 0.01)
    monkeypatch.setattr(checking, "_HEARTBEAT", 0.02)
    said: dict[str, threading.Thread] = {}
    enough = threading.Event()

    def say(line: str) -> None:
        said[line] = threading.current_thread()
        if any(one.startswith("the checks are still being read after") for one in said):
            enough.set()

    outcomes = Outcomes(say)

    def read(*, cancelled: threading.Event) -> checking.Checking:
        outcomes.note("refused")
        assert enough.wait(30)
        assert not cancelled.is_set()
        return cast("checking.Checking", None)

    checking.BeingRead(read).done(outcomes)
    assert "refused" in said
    assert set(said.values()) == {threading.current_thread()}
