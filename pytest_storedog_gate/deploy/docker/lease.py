"""The environment's lock: a lease that frees itself when its holder dies.

A container with a fixed name runs `cat` on our connection. Creating it is atomic on the engine.
When this process ends, by SIGKILL too, the connection closes, `cat` ends, and the engine removes
the container.
"""

from __future__ import annotations

import os
import socket
import time
from datetime import datetime
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import names as labels
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed, Locked, NoVerdict

if TYPE_CHECKING:
    import requests

    from pytest_storedog_gate.deploy import Build
    from pytest_storedog_gate.deploy.docker.container import Container
    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.docker.names import Names

_INTERVAL = 0.25
# A lock that was created and not started for this long lost its holder in between.
_STALE = 10.0
# How long a name may stay taken by a container that is on its way out.
_LEAVING = 5.0


class Lease:
    """The lock of one environment, as one run sees it."""

    def __init__(self, engine: Engine, names: Names, build: Build) -> None:
        self._engine, self._names, self._build = engine, names, build
        self._container: str | None = None
        self._stdin: requests.Response | None = None

    def acquire(self, image: str, wait: float) -> None:
        """Takes the lock within `wait` seconds, else raises `Locked` with who holds it."""
        began = time.monotonic()
        while not self._take(image):
            elapsed = time.monotonic() - began
            holder = self._engine.find(self._names.lock)
            if holder is not None and self._left_behind(holder):
                self._engine.remove(holder.id)
            elif elapsed >= (wait if holder else max(wait, _LEAVING)):
                raise Locked(self._held_by(holder))
            time.sleep(_INTERVAL)

    @property
    def taken(self) -> bool:
        """Whether this run has taken it; whether it still has it, `require` finds out."""
        return self._container is not None

    def require(self) -> None:
        """Raises `NoVerdict` unless the lock is still this run's."""
        found = self._engine.find(self._container) if self._container else None
        if found is not None and found.status == "paused":
            raise NoVerdict(
                f"the lock {self._names.lock} is paused, so that nothing says whose it is: "
                f"{self._unpaused()}, and run again"
            )
        if found is None or not found.running:
            raise self._lost()

    def release(self) -> None:
        """Gives the lock back; without one it does nothing."""
        container, self._container = self._container, None
        if self._stdin is not None:
            self._stdin.close()
            self._stdin = None
        if container is not None:
            self._engine.remove(container)

    def look(self) -> None:
        """Raises `Locked` where another run holds the lock now."""
        holder = self._engine.find(self._names.lock)
        if holder is not None and not self._left_behind(holder):
            raise Locked(self._held_by(holder))

    def _take(self, image: str) -> bool:
        said = {
            labels.PROJECT: self._names.project,
            labels.ENVIRONMENT: self._names.environment,
            labels.SERVICE: self._names.service,
            labels.COMMIT: self._build.commit or "",
            labels.BUILD: self._build.number or "",
            labels.BUILD_LINK: self._build.link or "",
            labels.LOCK_HOLDER: f"{socket.gethostname()}, process {os.getpid()}",
        }
        self._container = self._engine.create_lease(self._names.lock, image, said)
        if self._container is None:
            return False
        try:
            # Attached before the start: from its first instruction `cat` depends on us.
            self._stdin = self._engine.attach_stdin(self._container)
            self._engine.start(self._container)
            self.require()
        except DeploymentFailed as error:
            there = self._engine.find(self._container)
            self.release()
            # An engine may remove by itself what it could not start.
            if "executable file not found" in str(error):
                raise ConfigurationError(
                    f"{image} has no `cat`, which the lock of {self._names.environment} needs: set "
                    f"environments.{self._names.environment}.lock_image to an image that has it"
                ) from error
            if there is None:
                raise self._lost() from error
            raise
        except BaseException:
            self.release()
            raise
        return True

    def _left_behind(self, lock: Container) -> bool:
        if lock.status in ("exited", "dead"):
            return True
        now = datetime.fromisoformat(self._engine.clock())
        age = now - datetime.fromisoformat(lock.created_at)
        return lock.status == "created" and age.total_seconds() > _STALE

    def _lost(self) -> NoVerdict:
        return NoVerdict(
            f"the lock {self._names.lock} was lost: somebody removed it or the engine was "
            "restarted, and another run may be at work; run again"
        )

    def _unpaused(self) -> str:
        return f"{self._engine.way.docker} unpause {self._names.lock}"

    def _held_by(self, lock: Container | None) -> str:
        said = lock.labels if lock else {}
        build, link = said.get(labels.BUILD), said.get(labels.BUILD_LINK)
        parts = [
            f"{self._names.environment} is locked by {said.get(labels.LOCK_HOLDER, 'another run')}",
            f"build {build}" if build else "",
            link or "",
            f"since {datetime.fromisoformat(lock.created_at):%F %T %Z}" if lock else "",
        ]
        who = ", ".join(filter(None, parts))
        if lock is not None and lock.status == "paused":
            return f"{who}, and somebody has paused it, so that it cannot end: {self._unpaused()}"
        return who + (": wait for it with --storedog-lock-wait=SECONDS, or run again later")
