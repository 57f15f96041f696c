"""The lock of a service: a config object of the Swarm, which its holder renews.

Anybody may take it who has seen it unrenewed for long enough.

Creating it is atomic, and so is each change of it. How long it stands unchanged is judged by the
clock of who waits, and by no other: the clocks of machines differ.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import names as labels
from pytest_storedog_gate.deploy.swarm import names
from pytest_storedog_gate.errors import GateError, Locked, NoVerdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.deploy import Build
    from pytest_storedog_gate.deploy.environment import Environment
    from pytest_storedog_gate.deploy.swarm.manager import Manager, Note

EXPIRES = 15.0  # s without a renewal
_RENEWALS = 5  # within that time
_INTERVAL = 0.25
_TERM = "storedog.gate.lock-term"
_RENEWAL = "storedog.gate.lock-renewal"


class Lease:
    """The lock of one service, as one run sees it."""

    def __init__(
        self, manager: Manager, environment: Environment, service: str, build: Build
    ) -> None:
        self._manager, self._name = manager, names.lock(service)
        self._where = environment.name
        self._said = {
            **labels.owner(environment),
            labels.SERVICE: environment.gate or "",
            labels.COMMIT: build.commit or "",
            labels.BUILD: build.number or "",
            labels.BUILD_LINK: build.link or "",
            labels.LOCK_HOLDER: f"{socket.gethostname()}, process {os.getpid()}",
        }
        self._note: str | None = None
        self._renewed = 0.0  # by our clock, before the call that did
        self._over = threading.Event()
        self._renewing: threading.Thread | None = None

    def acquire(self, wait: float) -> None:
        """Takes the lock within `wait` seconds, else raises `Locked` with who holds it.

        One that seems to be left behind is watched for as long as it takes to be sure.
        """
        began = changed = time.monotonic()
        seen: Note | None = None
        while not self._take(seen, since=changed):
            holder = self._manager.find_note(self._name)
            now = time.monotonic()
            if holder is None or seen is None or holder.version != seen.version:
                seen, changed = holder, now
            patience = max(wait, 2 * EXPIRES) if self._seems_left(holder) else wait
            if holder is not None and now - began >= patience:
                raise Locked(self._held_by(holder))
            # Nothing tells when a config changes but a look at it.
            time.sleep(_INTERVAL)
        self._over.clear()
        own = self._manager.another()
        self._renewing = threading.Thread(target=self._keep, args=(own,), daemon=True)
        self._renewing.start()

    def require(self) -> None:
        """Raises `NoVerdict` unless the lock is still this run's."""
        held = self._manager.find_note(self._name) if self._note else None
        mine = held is not None and held.labels.get(_TERM) == self._said[_TERM]
        if not mine or time.monotonic() - self._renewed > EXPIRES:
            raise NoVerdict(
                f"the lock {self._name} was lost: it was not renewed for {EXPIRES:g} s or somebody "
                "removed it, and another run may be at work; run again"
            )

    def release(self) -> None:
        """Gives the lock back; without one it does nothing. One that it cannot give back expires.

        That it could not says nothing of the deployment.
        """
        note, self._note = self._note, None
        self._over.set()
        if self._renewing is not None:
            self._renewing.join()
            self._renewing = None
        with suppress(GateError):
            held = self._manager.find_note(self._name) if note else None
            if held is not None and held.labels.get(_TERM) == self._said[_TERM]:
                self._manager.remove_note(held.id)

    def look(self) -> None:
        """Raises `Locked` where another run holds the lock now, as far as one look can tell."""
        holder = self._manager.find_note(self._name)
        if holder is not None and not self._seems_left(holder):
            raise Locked(self._held_by(holder))

    def _take(self, seen: Note | None, since: float) -> bool:
        """Makes it; or takes it over, where it was `seen` unchanged since then."""
        said = {**self._said, _TERM: uuid.uuid4().hex}
        asked = time.monotonic()
        if seen is not None and asked - since > EXPIRES:
            taken = self._manager.change_note(self._name, seen, said)
            note = seen.id if taken else None
        else:
            note = self._manager.create_note(self._name, said)
        if note is not None:
            self._note, self._renewed, self._said = note, asked, said
        return note is not None

    def _keep(self, manager: Manager) -> None:
        """Renews it until it is given back, or lost: `require` tells."""
        while not self._over.wait(EXPIRES / _RENEWALS):
            try:
                asked = time.monotonic()
                held = manager.find_note(self._name)
                if held is None or held.labels.get(_TERM) != self._said[_TERM]:
                    break
                times = str(int(held.labels.get(_RENEWAL, "0")) + 1)
                if manager.change_note(self._name, held, {**self._said, _RENEWAL: times}):
                    self._renewed = asked
            except GateError:
                continue  # a manager that is away for a moment
        manager.close()

    def _seems_left(self, holder: Note | None) -> bool:
        """By the manager's clock, which decides nothing but how long to wait."""
        if holder is None:
            return False
        now = datetime.fromisoformat(self._manager.clock())
        return (now - datetime.fromisoformat(holder.changed)).total_seconds() > EXPIRES / 2

    def _held_by(self, holder: Note) -> str:
        said: Mapping[str, str] = holder.labels
        build = said.get(labels.BUILD)
        parts = [
            f"{self._where} is locked by {said.get(labels.LOCK_HOLDER, 'another run')}",
            f"build {build}" if build else "",
            said.get(labels.BUILD_LINK, ""),
            f"since {datetime.fromisoformat(holder.created):%F %T %Z}",
        ]
        who = ", ".join(filter(None, parts))
        return (
            f"{who}: wait for it with --storedog-lock-wait=SECONDS, or run again later; one that "
            f"nobody renews is taken over after {EXPIRES:g} s"
        )
