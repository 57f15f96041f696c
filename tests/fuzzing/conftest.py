"""A service in a process of its own, whose standard error is held against it at the end."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.support.processes import SERVICE
from tests.local_synthetics.support.service import DEADLINE, Service
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """It must be alive after all tests of the module, and must have complained of nothing."""
    said = tmp_path_factory.mktemp("fuzzed") / "stderr"
    with (
        said.open("w") as stderr,
        subprocess.Popen(
            [*SERVICE, "serve"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=ROOT,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            with Service(process.stdout.readline().split()[-1]) as client:
                yield client
            assert process.poll() is None
            process.terminate()
            assert process.wait(DEADLINE) == 0
        finally:
            process.kill()
    assert said.read_text() == ""
