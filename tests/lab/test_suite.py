"""lab/test, interrupted: pytest says what has failed so far, and its tests take all down."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from lab.scripts.suite import AT_ONCE
from tests.conftest import WITHOUT_OTHERS
from tests.local_synthetics.support.service import until
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Its fixture stands for one that has made a container, which takes a while to remove.
_TESTS = """
import time
from pathlib import Path

import pytest

def test_fails():
    assert "what has failed" == "before the end"

@pytest.fixture
def container():
    Path("made").touch()
    yield
    Path("removing").touch()
    wait_for("may be removed")
    Path("made").unlink()

def test_goes_on(container):
    wait_for("passes")

def wait_for(file):
    until = time.monotonic() + 60
    while not Path(file).exists():
        assert time.monotonic() < until
        time.sleep(0.01)
"""
_CONFTEST = """
import os
from pathlib import Path

def pytest_runtest_logreport(report):
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        Path("reported").touch()
"""
_SUITE = (
    "import sys; from lab.scripts.suite import run_to_its_end as run; sys.exit(run(sys.argv[1:]))"
)
# xdist ends a worker that takes longer.
_WORKERS_END = 5.0  # s


@contextmanager
def _running(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The tests above in two workers; one has failed, the other one is running."""
    (folder / "test_it.py").write_text(_TESTS)
    (folder / "conftest.py").write_text(_CONFTEST)
    pytest_ = ("-m", "pytest", "-n2", *WITHOUT_OTHERS, "-p", "tests.interruption")
    with subprocess.Popen(
        [sys.executable, "-c", _SUITE, sys.executable, *pytest_],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        until((folder / "reported").exists, "the failure")
        until((folder / "made").exists, "the fixture")
        yield process


def _ended(process: subprocess.Popen[str], folder: Path) -> bool:
    """Whether it has ended as an interrupted run does, and what its tests made is gone."""
    assert process.stdout is not None
    said = process.stdout.read()
    assert process.wait() == pytest.ExitCode.INTERRUPTED, said
    assert "assert 'what has failed' == 'before the end'" in said
    assert said.splitlines()[-1].startswith("=")
    return not (folder / "made").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_says_what_has_failed_and_takes_all_down(
    tmp_path: Path, number: int
) -> None:
    with _running(tmp_path) as process:
        for _ in range(2):  # as timeout(1) does
            os.killpg(process.pid, number)
        until((tmp_path / "removing").exists, "the teardown")
        if number == signal.SIGTERM:
            time.sleep(_WORKERS_END + 1)
        (tmp_path / "may be removed").touch()
        assert _ended(process, tmp_path)


def test_an_interrupted_teardown_goes_on(tmp_path: Path) -> None:
    with _running(tmp_path) as process:
        (tmp_path / "passes").touch()
        until((tmp_path / "removing").exists, "the teardown")
        os.killpg(process.pid, signal.SIGINT)
        (tmp_path / "may be removed").touch()
        assert _ended(process, tmp_path)


def test_who_asks_twice_does_not_wait(tmp_path: Path) -> None:
    with _running(tmp_path) as process:
        os.killpg(process.pid, signal.SIGINT)
        until((tmp_path / "removing").exists, "the teardown")
        time.sleep(AT_ONCE + 0.1)
        os.killpg(process.pid, signal.SIGINT)
        assert not _ended(process, tmp_path)
