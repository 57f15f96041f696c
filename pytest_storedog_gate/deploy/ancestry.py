"""Whether a commit is older than what is live: the working folder's git tells, if it can."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_COMMIT = re.compile("[0-9a-f]{7,64}")
_PATIENCE = 10  # s
# What git needs, and no secret of the run's.
_HANDED_ON = ("PATH", "HOME", "LANG", "SYSTEMROOT")


def goes_back(commit: str | None, live: str | None, before: Collection[str]) -> bool:
    """Whether a build is older than what is live: by git, else by the commits `before` that."""
    older = is_older(commit, live)
    return commit != live and commit in before if older is None else older


def is_older(commit: str | None, live: str | None) -> bool | None:
    """Whether `live` has grown from this commit; None where nobody can say.

    There may be no git, no repository, or one that does not know both.
    """
    if not (commit and live and _COMMIT.fullmatch(commit) and _COMMIT.fullmatch(live)):
        return None
    if commit == live:
        return False
    command = ["git", "merge-base", "--is-ancestor", commit, live]
    environment = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_PATIENCE, check=False, env=environment
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {0: True, 1: False}.get(done.returncode)
