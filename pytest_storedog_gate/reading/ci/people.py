"""Whose run this is: the person or the system that a CI system names, else the process's user."""

from __future__ import annotations

import getpass
import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_storedog_gate.reading.ci.systems import Variables

# Who started the build, or promoted it: not who wrote the commit.
_STARTED_BY = (
    "DRONE_BUILD_TRIGGER",
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "BUILDKITE_BUILD_CREATOR",
    "BUILD_USER_ID",  # Jenkins, with its plugin of this name
    "BUILD_REQUESTEDFOR",  # Azure
    "CIRCLE_USERNAME",
)


def wanted_by_a_person(environ: Variables = os.environ) -> bool:
    """Whether a person has said that this very build is to be deployed: Drone's promotion."""
    return environ.get("DRONE_BUILD_EVENT") in ("promote", "rollback")


def started_by(environ: Variables = os.environ) -> str:
    """In a word, such as `ada` or `root@runner-1`."""
    if named := next((environ[name] for name in _STARTED_BY if environ.get(name)), None):
        return named
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
