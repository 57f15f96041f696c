"""One scenario, run with datadog-ci and with the plugin: same files, variables and service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.conftest import MODES
from tests.npm.proxy import Call, Fault, FaultProxy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.prepared.runs import Prepared

Json = dict[str, Any]
Place = tuple[str, str, str]  # public ID, location, device
_TOML = """\
[synthetics]
backend = "datadog"
datadog_ci = "datadog-ci.json"

[environments.staging]
"""
# Whoever hangs that long has lost: the longest scenario takes a minute and a few seconds.
_PATIENCE = 240  # s


@dataclass(frozen=True)
class Tools:
    """Node, the script that is datadog-ci, and where Node keeps what it has compiled of it."""

    node: str
    script: Path
    compiled: Path

    def command(self, *arguments: str) -> list[str]:
        """A command line of datadog-ci."""
        quick = f"--require={Path(__file__).with_name('no_source_maps.cjs')}"
        return [self.node, quick, str(self.script), "synthetics", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        """Half of what a start costs is to read and to compile its 7 MB."""
        return {"NODE_COMPILE_CACHE": str(self.compiled)}


@dataclass(frozen=True)
class Scenario:
    """What both tools are asked for, and what is to become of it.

    `theirs` and `ours` are command lines, `files` what lies in the working directory. `in_turn`:
    the shop's answers depend on the order of calls.
    """

    theirs: Sequence[str] = ()
    ours: Sequence[str] = ()
    files: Mapping[str, Json] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    faults: Sequence[Fault] = ()
    in_turn: bool = False


@dataclass(frozen=True)
class Run:
    """What one tool did: exit status, outcome by public ID, results, calls, what it printed."""

    status: int
    outcomes: Mapping[str, str]
    places: Sequence[Place]
    calls: Sequence[Call]
    output: str

    def named(self, name: str) -> list[Call]:
        """The calls of one name."""
        return [call for call in self.calls if call.name == name]

    @property
    def triggers(self) -> list[Json]:
        """The bodies of the triggers."""
        return [call.body for call in self.named("trigger")]

    @property
    def tests(self) -> list[Json]:
        """What the last trigger asked for, by public ID."""
        found = self.triggers[-1]["tests"] if self.triggers else []
        return sorted(found, key=public_id_of)


def public_id_of(payload: Json) -> str:
    """The public ID in one entry of a trigger."""
    definition = payload.get("local_test_definition", {})
    return str(payload.get("public_id") or definition.get("public_id"))


def run(
    scenario: Scenario, tools: Tools, prepared: Prepared, service: str, folder: Path
) -> tuple[Run, Run]:
    """Runs datadog-ci and the plugin, side by side where that changes nothing."""
    for name, content in {"datadog-ci.json": {}, **scenario.files}.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    (folder / "storedog.toml").write_text(_TOML, encoding="utf-8")
    with ThreadPoolExecutor(1 if scenario.in_turn else 2) as pool:
        theirs = pool.submit(_theirs, scenario, tools, service, folder)
        ours = pool.submit(_ours, scenario, prepared, service, folder)
        return theirs.result(), ours.result()


def _theirs(scenario: Scenario, tools: Tools, service: str, folder: Path) -> Run:
    report = folder / "theirs.json"
    command = tools.command("run-tests", "--jsonReport", str(report), *scenario.theirs)
    with FaultProxy(service, scenario.faults) as proxy:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**_environment(scenario, proxy.url, folder), **tools.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    results = json.loads(report.read_text("utf-8"))["results"] if report.exists() else []
    final = [one for one in results if "passed" in one and not one.get("isNonFinal")]
    outcomes = _worst(
        (one["test"]["public_id"], "passed" if one["passed"] else "failed") for one in final
    )
    places = sorted(
        (one["test"]["public_id"], one.get("location", ""), (one.get("device") or {}).get("id", ""))
        for one in final
    )
    return Run(done.returncode, outcomes, places, proxy.calls, done.stdout)


def _ours(scenario: Scenario, prepared: Prepared, service: str, folder: Path) -> Run:
    report = folder / "ours.json"
    command = [
        *(sys.executable, "-m", "pytest", *MODES["no-xdist"], "-p", "no:cacheprovider"),
        *("--storedog-env=staging", "--storedog-deploy=never", f"--storedog-report={report}"),
    ]
    with FaultProxy(service, scenario.faults) as proxy:
        environment = _environment(scenario, proxy.url, folder)
        done = prepared.run([*command, *scenario.ours], folder, environment)
    checks = json.loads(report.read_text("utf-8"))["checks"] if report.exists() else []
    results = [result for check in checks for result in check["results"]]
    outcomes = _worst((one["public_id"], one["status"]) for one in results)
    places = sorted((one["public_id"], one["location"], one["device"]) for one in results)
    return Run(done.returncode, outcomes, places, proxy.calls, done.stdout)


def _worst(results: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Each check's outcome: it passed only if all its results did."""
    outcomes: dict[str, str] = {}
    for public_id, outcome in results:
        if outcomes.get(public_id, "passed") == "passed":
            outcomes[public_id] = outcome
    return outcomes


def environment_of(folder: Path, url: str) -> dict[str, str]:
    """The environment of a tool in its folder, without keys, for a service at that address."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "HOME": str(folder),
        "NO_COLOR": "1",
        "NO_PROXY": "127.0.0.1",
        "DISABLE_PLUGIN_AUTO_INSTALL": "1",
        "DD_API_HOST_OVERRIDE": url,
    }


def _environment(scenario: Scenario, url: str, folder: Path) -> dict[str, str]:
    keys = {
        "DD_API_KEY": "the-api-key-of-these-tests",
        "DD_APP_KEY": "the-app-key-of-these-tests",
    }
    environment = {**environment_of(folder, url), **keys, **scenario.environment}
    return {name: value for name, value in environment.items() if value}
