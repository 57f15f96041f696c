"""Chromium has its own sandbox wherever it can, and it is said where it cannot."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import missing
from tests.local_synthetics.chromium import without_namespaces
from tests.local_synthetics.support.browser_tests import browser_test, says
from tests.local_synthetics.support.processes import COMMANDS, below
from tests.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_synthetics.support.service import Handler, Target

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("chromium")]
USERS = {
    "another user": (without_namespaces.AS_NOBODY, True, ""),
    "another user without namespaces": (
        [sys.executable, without_namespaces.__file__],
        False,
        "where the system allows no user namespaces",
    ),
    "root": ([], False, "as root"),
}


@pytest.mark.parametrize("user", USERS)
def test_the_sandbox_is_on_wherever_it_can_be(user: str, target: Target, tmp_path: Path) -> None:
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        missing("browser", "only root can be each of these users")
    prefix, sandboxed, told = USERS[user]
    for one in (tmp_path, *tmp_path.parents[:-2]):
        one.chmod(one.stat().st_mode | 0o011)
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o777)
    file = tmp_path / "tests.synthetics.json"
    file.write_text(json.dumps(browser_test(target.url, says("hello"))))
    importable = subprocess.run(
        [*prefix, *COMMANDS, "--help"], cwd=ROOT, capture_output=True, check=False
    )
    if importable.returncode:
        missing("browser", "another user cannot read the Python of these tests")
    commands: list[str] = []

    def look(handler: Handler) -> tuple[int, dict[str, str], str]:
        if handler.path == "/":
            commands.extend(command for command, _ in below(os.getpid()).values())
        return 200, {"Content-Type": "text/html"}, "<p id='said'>hello</p>"

    target.routes["/"] = target.routes["/favicon.ico"] = look
    done = subprocess.run(
        [*prefix, *COMMANDS, "run", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "HOME": str(home)},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    browsers = [
        one for one in commands if "--remote-debugging-pipe" in one and "--type=" not in one
    ]
    assert browsers
    assert all(("--no-sandbox" not in one) is sandboxed for one in browsers)
    sentence = f"Chromium runs without its sandbox, as it always does {told}: "
    assert (sentence in done.stderr) is not sandboxed
    assert done.stderr.count("sandbox") == (0 if sandboxed else 1)
