"""Drone: the login through Gogs, and the repository with its secrets.

The API is https://docs.drone.io/api/overview.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import requests

from lab.scripts.pipeline.gogs import REPOSITORY
from lab.scripts.pipeline.waiting import wait_for
from lab.scripts.state import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lab.scripts.pipeline.settings import Settings

_ENDED = {"success", "failure", "killed", "error"}
_LONGEST_BUILD = 600.0  # s


class Drone:
    """Drone's API as its administrator."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {settings.token}"
        self._repository = f"/repos/{settings.user}/{REPOSITORY}"

    def ensure(self, secrets: Mapping[str, str]) -> None:
        """Logs in, and activates the repository with these secrets. Drone makes the webhook."""
        wait_for(f"{self._settings.drone}/healthz", "Drone")
        # Gogs shows a token once, so Drone, which makes itself one, can log in only once.
        if not self._call("GET", "/user")["synced"]:
            self._log_in()
        self._call("POST", "/user/repos")
        self._call("POST", self._repository)
        # Only a trusted repository may use the engine's socket and the host's network.
        options = {"trusted": True, "timeout": 30, "visibility": "public"}
        self._call("PATCH", self._repository, options)
        held = {secret["name"] for secret in self._call("GET", f"{self._repository}/secrets")}
        for name, data in secrets.items():
            if name in held:
                self._call("PATCH", f"{self._repository}/secrets/{name}", {"data": data})
            else:
                self._call("POST", f"{self._repository}/secrets", {"name": name, "data": data})

    def finished(self, commit: str) -> int:
        """The number of the build of a commit, once it has ended, however it did."""
        deadline = time.monotonic() + _LONGEST_BUILD
        while time.monotonic() < deadline:
            for build in self._call("GET", f"{self._repository}/builds"):
                if build["after"] == commit and build["status"] in _ENDED:
                    return int(build["number"])
            time.sleep(1)
        raise LabError(f"Drone has no build of {commit} that has ended, in {_LONGEST_BUILD:.0f} s")

    def build(self, number: int) -> dict[str, Any]:
        """A build as the API has it: its stages, and their steps with their times."""
        found: dict[str, Any] = self._call("GET", f"{self._repository}/builds/{number}")
        return found

    def version(self) -> tuple[int, ...]:
        """Of the server."""
        answer = requests.get(f"{self._settings.drone}/version", timeout=60)
        return tuple(int(part) for part in answer.json()["version"].split(".")[:3])

    def _log_in(self) -> None:
        """As the form of Drone's login page does; Drone makes itself a token of Gogs."""
        answer = requests.post(
            f"{self._settings.drone}/login",
            data={"username": self._settings.user, "password": self._settings.password},
            allow_redirects=False,
            timeout=60,
        )
        if "_session_" not in answer.cookies:
            raise LabError(f"Drone's login through Gogs failed with HTTP {answer.status_code}")

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        url = f"{self._settings.drone}/api{path}"
        answer = self._session.request(method, url, json=body, timeout=60)
        if not answer.ok:
            raise LabError(
                f"Drone answers {method} {path} with HTTP {answer.status_code}: {answer.text}"
            )
        return answer.json() if answer.content else None
