"""The discounts repository in Gogs: the service, its checks, and the pipeline file."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from lab.scripts.machine import packages
from lab.scripts.pipeline import images
from lab.scripts.pipeline.gogs import ISSUE, REPOSITORY
from lab.scripts.pipeline.settings import FOLDER, Settings
from lab.scripts.state import KEYS, LAB, LabError

if TYPE_CHECKING:
    from pathlib import Path

CLONE = FOLDER / REPOSITORY
# What .drone.yml has on the runner's machine, a folder for each step, which outlives the builds.
KEPT = FOLDER / "gate"
PIPELINE_FILE = LAB.parent / ".drone.yml"
_KEPT_IN_PIPELINE_FILE = "/var/lib/storedog-gate"


def push(settings: Settings, release: str, pipeline: Path = PIPELINE_FILE) -> str:
    """Commits the lab's sources with this release and pushes; the commit's ID."""
    packages.need(git="git")
    _lay_out(settings, release, pipeline)
    if not (CLONE / ".git").exists():
        _git(settings, "init", "--quiet", "--initial-branch=main")
        _git(
            settings, "remote", "add", "origin", f"{settings.gogs}/{settings.user}/{REPOSITORY}.git"
        )
    _git(settings, "add", "--all")
    _git(settings, "commit", "--quiet", "--allow-empty", f"--message=Release {release}")
    _git(settings, "push", "--quiet", "origin", "main")
    return _git(settings, "rev-parse", "HEAD").strip()


def report(environment: str, build: int) -> Path:
    """Where the run of a build leaves its report, as .drone.yml says."""
    return KEPT / environment / "reports" / str(build) / f"{environment}.json"


def _lay_out(settings: Settings, release: str, pipeline: Path) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    CLONE.mkdir(exist_ok=True)
    for path in (LAB / "storedog" / "discounts").iterdir():
        if path.is_file():
            shutil.copy(path, CLONE)
    shutil.copytree(LAB / "checks", CLONE / "checks", dirs_exist_ok=True)
    shutil.copy(LAB / "pytest.toml", CLONE)
    (CLONE / KEYS.name).mkdir(exist_ok=True)
    shutil.copy(KEYS / "staging.pub", CLONE / KEYS.name)
    configuration = (LAB / "storedog.toml").read_text()
    # The lab's file cannot know this address before the pipeline runs.
    comment = f'\n[gogs]\nurl = "{settings.gogs}"\nissue = {ISSUE}\n'
    (CLONE / "storedog.toml").write_text(configuration + comment)
    (CLONE / "RELEASE").write_text(f"{release}\n")
    text = pipeline.read_text()
    for name, here in {**images.stand_ins(), _KEPT_IN_PIPELINE_FILE: str(KEPT)}.items():
        text = text.replace(name, here)
    (CLONE / ".drone.yml").write_text(text)


def _git(settings: Settings, *arguments: str) -> str:
    login = base64.b64encode(f"{settings.user}:{settings.password}".encode()).decode()
    # Through the environment: arguments and the clone's configuration can be read by others.
    environment = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{settings.gogs}/.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {login}",
        "GIT_TERMINAL_PROMPT": "0",
    }
    for role in ("AUTHOR", "COMMITTER"):
        environment[f"GIT_{role}_NAME"] = settings.user
        environment[f"GIT_{role}_EMAIL"] = settings.email
    done = subprocess.run(
        ["git", *arguments],
        cwd=CLONE,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise LabError(f"git {arguments[0]} in {CLONE} failed: {done.stderr.strip()}")
    return done.stdout
