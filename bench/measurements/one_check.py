"""One check of the local service, from the command line to the exit status, all started cold.

The gate is `pytest --storedog-env=staging` with a configuration of one check, and starts and ends
the local service itself. Beside an HTTP check stand a pytest run of one test that does nothing, and
a script that makes the request with `requests`; beside a browser flow of ten steps stands the same
flow as a script with Playwright, in the same Chromium.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

from bench import scripts
from bench.gates import GATE
from bench.measurements.browser_flow import flow
from bench.measurements.http_checks import check
from bench.process import measured, own_environment
from bench.rounds import Case, difference, ratio
from bench.site import started
from lab.scripts.machine import chromium
from pytest_storedog_gate.local_synthetics.chromium.executable import VARIABLE, find_chromium

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.rounds import Figures

_TOML = """\
[synthetics]
backend = "local"
definitions = ["*.synthetics.json"]

[environments.staging]
checks = ["one-che-ckx"]
"""
_SCRIPTS = Path(scripts.__file__).parent
_EMPTY, _SCRIPT, _PLAYWRIGHT = "empty pytest", "requests script", "Playwright script"


def cases(*, quick: bool) -> Iterator[Case]:
    """An HTTP check, and a flow in a browser."""
    with tempfile.TemporaryDirectory() as made, started("bench.site") as site:
        url = f"{site.url}/discounts"
        gate = project(Path(made) / "http", check(url))
        empty = Path(made) / "empty"
        empty.mkdir()
        (empty / "test_nothing.py").write_text("def test_nothing(): pass\n", encoding="ascii")
        without = (sys.executable, "-m", "pytest", "-p", "no:storedog_gate")
        yield Case(
            "an HTTP check",
            {
                "gate": partial(_run, GATE, gate),
                _EMPTY: partial(_run, without, empty),
                _SCRIPT: partial(
                    _run, (sys.executable, str(_SCRIPTS / "http_check.py"), url), empty
                ),
            },
            [difference("wall, s", 0.5, _EMPTY)],
        )
        if quick:
            return
        executable = _chromium()
        gate = project(Path(made) / "browser", flow(site.url))
        script = (sys.executable, str(_SCRIPTS / "browser_flow.py"), executable, site.url)
        yield Case(
            "a browser flow of ten steps",
            {
                "gate": partial(_run, GATE, gate, **{VARIABLE: executable}),
                _PLAYWRIGHT: partial(_run, script, empty),
            },
            [ratio("wall, s", 1.25, _PLAYWRIGHT)],
        )


def project(folder: Path, definition: dict[str, Any], more: str = "") -> Path:
    """A folder with one check, and the gate's configuration, which begins with `more`."""
    folder.mkdir()
    named = {**definition, "public_id": "one-che-ckx", "locations": ["aws:eu-central-1"]}
    text = json.dumps({"tests": [{"localTestDefinition": named}]})
    (folder / "one.synthetics.json").write_text(text, encoding="utf-8")
    (folder / "storedog.toml").write_text(more + _TOML, encoding="ascii")
    return folder


def _chromium() -> str:
    """The Chromium that the gate would find, so that both run the same."""
    chromium.ensure()
    with sync_playwright() as playwright:
        return str(find_chromium(os.environ, Path(playwright.chromium.executable_path)))


def _run(command: Sequence[str], folder: Path, **more: str) -> Figures:
    usage = measured(command, folder, own_environment(folder, **more))
    return {"wall, s": usage["wall"], "CPU, s": usage["CPU"], "memory, MiB": usage["memory"]}
