"""Which commits were live before: each container's labels tell, and an older one is noticed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.ancestry import is_older
from pytest_storedog_gate.deploy.docker import names as labels
from pytest_storedog_gate.errors import DeploymentFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.deploy import Build
    from pytest_storedog_gate.deploy.docker.container import Container

_MOST = 50


@dataclass(frozen=True)
class Succession:
    """What the next container's labels say, and which newer commit it takes back, if it does."""

    labels: Mapping[str, str] = field(default_factory=dict)
    took_back: str | None = None


def after(live: Container | None, build: Build) -> Succession:
    """How a build follows what is live.

    Raises `DeploymentFailed` where it is older and may not go back: by git, and where that cannot
    tell, by the record.
    """
    if live is None:
        return Succession()
    commit = live.labels.get(labels.COMMIT, "")
    before = live.labels.get(labels.COMMITS_BEFORE, "").split()
    older = is_older(build.commit, commit)
    if older is None:
        older = build.commit != commit and build.commit in before
    told = f"{live.name} runs commit {commit[:12]}, and {str(build.commit)[:12]} is older"
    if older and not build.may_go_back:
        raise DeploymentFailed(
            f"{told}: a build that was started again would take it back; promote it in Drone, or "
            "say why with --storedog-override=REASON; nothing changed"
        )
    kept = [each for each in (commit, *before) if each and each != build.commit]
    said = {labels.COMMITS_BEFORE: " ".join(dict.fromkeys(kept[:_MOST]))}
    return Succession(said, told if older else None)
