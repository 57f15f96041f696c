"""A build that was started again has a new number and an old commit: it takes nothing back."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy import Build
from pytest_storedog_gate.errors import DeploymentFailed
from tests.deploy.conftest import LIVE, reached, staging

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deploy.fake_machine import Machine

UNKNOWN = ("1" * 40, "2" * 40, "3" * 40)


def deploy(machine: Machine, release: str, commit: str, *, may_go_back: bool = False) -> None:
    """A run; its plan tells the same before."""
    image, build = machine.push(release), Build(commit, may_go_back=may_go_back)
    with reached(machine, staging(), build) as deployer, deployer.lock() as held:
        assert list(deployer.foresee(image).stage())
        held.fetch(image).stage().promote().conclude()


def refused(machine: Machine, release: str, commit: str) -> str:
    """What a run is told, and its plan too."""
    image, before = machine.push(release), machine.statuses()
    said = []
    with reached(machine, staging(), Build(commit, may_go_back=False)) as deployer:
        with pytest.raises(DeploymentFailed) as caught:
            list(deployer.foresee(image).stage())
        said.append(str(caught.value))
        with deployer.lock() as held, pytest.raises(DeploymentFailed) as caught:
            held.fetch(image).stage()
        said.append(str(caught.value))
    assert machine.statuses() == before
    assert said[0] == said[1]
    return said[0]


@pytest.fixture
def commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two of a repository, the older one first, and one of a branch from the older one."""
    monkeypatch.chdir(tmp_path)

    def git(*words: str) -> str:
        who = ("-c", "user.name=x", "-c", "user.email=x@y.example")
        done = subprocess.run(["git", *who, *words], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "-q")
    made: list[str] = []
    for name in ("one", "two", "other"):
        if name == "other":
            git("checkout", "-q", "-b", "other", made[0])
        git("commit", "-q", "--allow-empty", "-m", name)
        made.append(git("rev-parse", "HEAD"))
    return made


def test_git_tells_which_is_older(machine: Machine, commits: list[str]) -> None:
    older, newer, other = commits
    deploy(machine, "2", newer)
    with pytest.raises(
        DeploymentFailed, match=rf"{LIVE} runs commit {newer[:12]}, and {older[:12]}"
    ):
        deploy(machine, "1", older)
    assert machine.answer(LIVE) == "2"
    deploy(machine, "3", other)
    deploy(machine, "1", older, may_go_back=True)
    deploy(machine, "2", newer)
    assert machine.answer(LIVE) == "2"


def test_without_git_the_record_tells(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first, second, third = UNKNOWN
    for release, commit in zip("123", UNKNOWN, strict=True):
        deploy(machine, release, commit)
    for commit in (first, second):
        assert "a build that was started again would take it back" in refused(machine, "1", commit)
    deploy(machine, "3", third)  # once more
    deploy(machine, "1", first, may_go_back=True)
    deploy(machine, "2", second, may_go_back=True)
    assert "is older" in refused(machine, "1", first)
