"""Which commits were live before: each container's labels tell, and an older one is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pytest_storedog_gate.deploy import ancestry
from pytest_storedog_gate.deploy.docker import names as labels
from pytest_storedog_gate.errors import DeploymentFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.deploy import Build

_MOST = 50


class Labelled(Protocol):
    """What is live: a container, or what has its labels on another platform."""

    @property
    def name(self) -> str: ...
    @property
    def labels(self) -> Mapping[str, str]: ...


def goes_back(build: Build, live: Labelled) -> bool:
    """Whether a build is older than what is live: by git, else by the record."""
    before = live.labels.get(labels.COMMITS_BEFORE, "").split()
    return ancestry.goes_back(build.commit, live.labels.get(labels.COMMIT, ""), before)


def label_of(build: Build, live: Labelled | None) -> dict[str, str]:
    """What the next container's label says.

    Raises `DeploymentFailed` where a build that may not go back is older than what is live.
    """
    if live is None:
        return {}
    commit = live.labels.get(labels.COMMIT, "")
    before = live.labels.get(labels.COMMITS_BEFORE, "").split()
    if goes_back(build, live) and not build.may_go_back:
        raise DeploymentFailed(
            f"{live.name} runs commit {commit[:12]}, and {str(build.commit)[:12]} is older: a "
            "build that was started again would take it back; promote it in Drone, or say why with "
            "--storedog-override=REASON; nothing changed"
        )
    kept = [each for each in (commit, *before) if each and each != build.commit]
    return {labels.COMMITS_BEFORE: " ".join(dict.fromkeys(kept[:_MOST]))}


def taken_back(build: Build, before: Labelled | None) -> str | None:
    """That a newer commit was live before, in words; None where it was not."""
    if before is None or not goes_back(build, before):
        return None
    commit = before.labels.get(labels.COMMIT, "")
    return f"{before.name} ran commit {commit[:12]}, and {str(build.commit)[:12]} is older"
