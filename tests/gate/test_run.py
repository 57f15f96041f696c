"""What the end of a run does to the calls that it cuts short."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import MODES
from tests.datadog.fake import Answer, FakeDatadog

if TYPE_CHECKING:
    from tests.conftest import GateProject


@pytest.mark.parametrize("mode", ["no-xdist", "n2"])
def test_interrupted_while_a_call_waits_to_be_repeated(project: GateProject, mode: str) -> None:
    """The batch is not known yet, so the client waits: exit status 2 all the same."""
    datadog = FakeDatadog()
    test = {"public_id": "dis-cou-nts", "name": "the list", "type": "api", "subtype": "http"}
    datadog.script = {
        "/tests/dis-cou-nts": [Answer(test)],
        "/trigger/ci": [Answer({"batch_id": "b-1"})],
        "/ci/batch/b-1": [Answer(status=429, headers={"Retry-After": "60"})],
    }
    project.configuration(
        '[synthetics]\nbackend = "datadog"\n[environments.staging]\nchecks = ["dis-cou-nts"]\n'
    )
    command = [sys.executable, "-m", "pytest", *MODES[mode], "--storedog-env=staging"]
    with subprocess.Popen(
        [*command, f"--synthetics-url={datadog.url}"],
        cwd=project.path,
        env={"PATH": "/usr/bin:/bin", "DD_API_KEY": "a" * 32, "DD_APP_KEY": "b" * 40},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "triggered" in line:
                datadog.wait_for("/ci/batch/b-1")
                process.send_signal(signal.SIGINT)
    datadog.close()
    assert process.returncode == 2, "".join(said)
