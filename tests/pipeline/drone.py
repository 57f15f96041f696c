"""Drone's API as a test sees it: builds, and what became of their steps.

https://docs.drone.io/api/overview
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import requests

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_UNDECIDED = {"waiting_on_dependencies", "pending", "running"}
_TIMEOUT = 600.0


@dataclass(frozen=True)
class Build:
    """A build as Drone tells of it."""

    facts: dict[str, Any]

    @property
    def number(self) -> int:
        return int(self.facts["number"])

    @property
    def status(self) -> str:
        return str(self.facts["status"])

    @property
    def commit(self) -> str:
        return str(self.facts["after"])

    @property
    def steps(self) -> dict[str, tuple[str, int]]:
        """Each step's status and exit code."""
        (stage,) = self.facts["stages"]
        return {step["name"]: (step["status"], step["exit_code"]) for step in stage["steps"]}

    @property
    def ran(self) -> tuple[int, int]:
        """When its steps began and ended, in Unix seconds."""
        (stage,) = self.facts["stages"]
        return stage["started"], stage["stopped"]


class Drone:
    """One repository of a Drone server."""

    def __init__(self, origin: str, token: str, repository: str) -> None:
        self.origin = origin
        self.link = f"{origin}/{repository}"
        self._builds = f"{origin}/api/repos/{repository}/builds"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"

    def of_commit(self, commit: str) -> Build:
        """The build that the push of a commit called for, once there is one."""

        def find() -> Build | None:
            builds = [Build(facts) for facts in self._call("GET", "")]
            pushed = [b for b in builds if b.commit == commit and b.facts["event"] == "push"]
            return pushed[0] if pushed else None

        return until(find, f"Drone has a build of {commit}", 60)

    def finished(self, build: Build) -> Build:
        """The build once it has ended, however it did."""

        def find() -> Build | None:
            now = Build(self._call("GET", f"/{build.number}"))
            stages = now.facts["stages"]
            undecided = {now.status, *(stage["status"] for stage in stages)} & _UNDECIDED
            return None if undecided else now

        return until(find, f"build {build.number} has ended", _TIMEOUT)

    def cancel(self, build: Build) -> None:
        self._call("DELETE", f"/{build.number}")

    def promote(self, build: Build, target: str) -> Build:
        """What `drone build promote` does; Drone asks for no status."""
        return Build(self._call("POST", f"/{build.number}/promote", target=target))

    def log(self, build: Build, step: str) -> str:
        number = [*build.steps].index(step) + 1
        lines = self._call("GET", f"/{build.number}/logs/1/{number}")
        return "".join(line["out"] for line in lines)

    def _call(self, method: str, path: str, **parameters: str) -> Any:
        url = f"{self._builds}{path}"
        answer = self._session.request(method, url, params=parameters, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None


def until(find: Callable[[], T | None], what: str, timeout: float) -> T:
    """What `find` finds in the end."""
    deadline = time.monotonic() + timeout
    while (found := find()) is None:
        assert time.monotonic() < deadline, f"not within {timeout:.0f} s: {what}"
        time.sleep(0.5)
    return found
