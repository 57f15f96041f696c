"""The gate and datadog-ci as commands, asked for the same tests of one stand-in of Datadog."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests

from bench import plain_install
from bench.process import FailedError, measured, own_environment
from bench.site import started
from bench.stand_in import public_id
from lab.scripts.machine import npm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bench.rounds import Figures

GATE = (sys.executable, "-m", "pytest", "--storedog-env=staging", "--storedog-deploy=never")
_TOML = """\
[synthetics]
backend = "datadog"

[environments.staging]
checks = {checks}
"""


@dataclass(frozen=True)
class Work:
    """So many tests that end evenly between two times, in s, asked for in a folder.

    `faults` are further options of the stand-in.
    """

    folder: Path
    tests: int
    shortest: float = 0.0
    longest: float = 0.0
    faults: Sequence[str] = ()

    def write(self) -> None:
        """What both tools read in the folder."""
        ids = [public_id(number) for number in range(self.tests)]
        toml = _TOML.format(checks=json.dumps(ids))
        (self.folder / "storedog.toml").write_text(toml, encoding="ascii")
        own = json.dumps({"publicIds": ids})
        (self.folder / "datadog-ci.json").write_text(own, encoding="ascii")

    @contextmanager
    def standing_in(self) -> Iterator[str]:
        """The address of a stand-in that has the tests."""
        options = [f"--{name}={getattr(self, name)}" for name in ("tests", "shortest", "longest")]
        with started("bench.stand_in", *options, *self.faults) as stand_in:
            yield stand_in.url

    def environment(self, url: str) -> dict[str, str]:
        """What both tools are given; without the last variable, datadog-ci would ask npm."""
        return own_environment(
            self.folder,
            DD_API_HOST_OVERRIDE=url,
            DD_API_KEY="the-api-key-of-a-bench",
            DD_APP_KEY="the-app-key-of-a-bench",
            DISABLE_PLUGIN_AUTO_INSTALL="1",
        )


def gate(work: Work) -> Figures:
    """What one run of the gate takes."""
    return _figures(work, (plain_install.python(), *GATE[1:]))


def datadog_ci(work: Work) -> Figures:
    """What one run of datadog-ci takes."""
    node = npm.node()
    if node is None:
        raise FailedError("datadog-ci needs a Node, and there is none")
    return _figures(work, (node, str(npm.datadog_ci()), "synthetics", "run-tests"))


def _figures(work: Work, command: Sequence[str]) -> Figures:
    with work.standing_in() as url:
        usage = measured(command, work.folder, work.environment(url))
        seen = requests.get(f"{url}/seen", timeout=60).json()
    return {
        "wall above the slowest, s": usage["wall"] - work.longest,
        "until the trigger, s": seen["triggered"] - usage["began"],
        "end told late, s": seen["told_end"] - seen["triggered"] - work.longest,
        "after that, s": usage["ended"] - seen["told_end"],
        "CPU, s": usage["CPU"],
        "memory, MiB": usage["memory"],
        "calls": seen["calls"],
        "sent and received, kB": seen["bytes"] / 1000,
    }
