"""docs/tutorial/from-nothing.md: every command that stands there, run as it stands there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import WITHOUT_OTHERS
from tests.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_synthetics.support.service import Target

_PAGE = (ROOT / "docs" / "tutorial" / "from-nothing.md").read_text("utf-8")
_ADDRESS = "http://127.0.0.1:8080"
_PROGRAMS = {
    "storedog-synthetics": "-m pytest_storedog_gate.synthetics_cli",
    "storedog-gate": "-c 'import sys; from pytest_storedog_gate.drone_lint.cli import main; "
    "sys.exit(main())'",
    "pytest": f"-m pytest {shlex.join(WITHOUT_OTHERS)}",
}


def blocks(title: str) -> str:
    """The command lines of a section."""
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", _PAGE, re.DOTALL | re.MULTILINE)
    found = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    assert found
    return "\n".join(found)


@pytest.fixture
def bash(tmp_path: Path, target: Target) -> tuple[str, dict[str, str]]:
    """An empty folder, and variables with which its shell finds this code's programs."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, how in _PROGRAMS.items():
        script = programs / name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {how} "$@"\n')
        script.chmod(0o755)
    folder = tmp_path / "empty"
    folder.mkdir()
    path = f"{programs}:{os.environ['PATH']}"
    return str(folder), {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}


def run(script: str, where: tuple[str, dict[str, str]], target: Target) -> str:
    """What the lines print, each of which must end with 0."""
    folder, environ = where
    lines = script.replace(_ADDRESS, target.url)
    command = ["bash", "-euxc", lines]
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_first_check_what_follows_it_and_its_pipeline(
    bash: tuple[str, dict[str, str]], target: Target
) -> None:
    assert "GATE OPEN for staging" in run(blocks("A first check"), bash, target)
    said = run(blocks("While you write checks"), bash, target)
    assert "1 file, 1 definition: no faults\n" in said
    assert said.endswith("1 passed\n")
    first, _, deploying = blocks("A pipeline").partition("\n\n")
    assert "no step is known to be production" in run(first, bash, target)
    run("rm storedog.toml .drone.yml", bash, target)
    assert "production is step production" in run(deploying, bash, target)


@pytest.mark.browser
@pytest.mark.usefixtures("chromium")
def test_a_first_browser_check(bash: tuple[str, dict[str, str]], target: Target) -> None:
    target.answer("/", body="<h1>Treats</h1>", headers={"Content-Type": "text/html"})
    assert "GATE OPEN for staging" in run(blocks("A first browser check"), bash, target)


def test_completion(bash: tuple[str, dict[str, str]], target: Target) -> None:
    run(blocks("In an editor"), bash, target)
