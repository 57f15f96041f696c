"""The lock of a Deployment: a Lease that is renewed while its run lives, and expires when it died.

Clocks of machines differ. So a lease is judged by how long it was seen unchanged, by our own clock:
a holder that lives changes it every few seconds. Between runs it stays there without a holder, and
its annotation is the history.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lightkube.models.coordination_v1 import LeaseSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.coordination_v1 import Lease

from pytest_storedog_gate.deploy.kubernetes.api import silence
from pytest_storedog_gate.deploy.kubernetes.api.errors import Changed
from pytest_storedog_gate.errors import GateError, Locked, NoVerdict

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy import Build
    from pytest_storedog_gate.deploy.kubernetes.api.cluster import Cluster

_LASTS = 15  # s without a change, after which it is anybody's
_RENEWED = 3.0  # s between two renewals
_TRUSTED = 10.0  # s since the last one: shorter than it lasts, so that we stop before others begin
_LOOKED_AT = 0.5  # s
HISTORY = "storedog.gate/history"
_BUILD = "storedog.gate/build"
_LINK = "storedog.gate/build-link"
_LONGEST = 500  # characters of what is said of a build


class Lock:
    """The lock as one run sees it. Only a thread that it starts renews it."""

    def __init__(self, cluster: Cluster, name: str, environment: str, build: Build) -> None:
        self._cluster, self.name, self._environment = cluster, name, environment
        self._build = build
        self._holder = f"{socket.gethostname()}, process {os.getpid()}, run {uuid.uuid4().hex[:8]}"
        self._one = threading.Lock()  # a renewal and a note are one after the other
        self._lease: Lease | None = None
        self._renewed = 0.0
        self._over, self._lost = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def acquire(self, wait: float) -> None:
        """Takes it within `wait` seconds, else raises `Locked` with who holds it.

        Whether a holder lives is waited for in any case: a run that died is no reason not to run.
        """
        began = time.monotonic()
        seen: tuple[object, ...] | None = None
        since, lives = began, False
        while True:
            asked = time.monotonic()
            lease = self._cluster.find(Lease, self.name)
            now = time.monotonic()
            change = _state(lease)
            lives = lives or (seen is not None and change != seen)
            if change != seen:
                seen, since = change, now
            # Since we have seen it so, and not since it was written.
            if lease is None or _is_free(lease) or asked - since > _lasts(lease):
                if self._take(lease):
                    self._begin()
                    return
                continue
            # One that says that it lasts for longer is not waited for beyond what a dead one costs.
            lives = lives or asked - since > _LASTS
            if lives and now - began >= wait:
                raise Locked(self._held_by(lease))
            time.sleep(_LOOKED_AT)

    def look(self) -> None:
        """Raises `Locked` where another run holds it, as far as one look can tell."""
        lease = self._cluster.find(Lease, self.name)
        if lease is not None and not _is_free(lease):
            raise Locked(self._held_by(lease))

    def require(self) -> None:
        """Returns while it is this run's for sure; raises `NoVerdict` once it is not.

        In doubt it waits: a renewal of the very version that we have written shows that nobody has
        held it since.
        """
        while not self._lost.is_set():
            unsure_for = time.monotonic() - self._renewed - _TRUSTED
            if unsure_for <= 0:
                return
            if unsure_for > silence.PATIENCE:
                self._lost.set()
            self._lost.wait(_LOOKED_AT)
        raise NoVerdict(
            f"the lock {self.name} was lost: somebody else has taken it, or it could not be "
            f"renewed for {_TRUSTED + silence.PATIENCE:g} s, and another run may be at work; run "
            "again"
        )

    def pause(self, seconds: float) -> None:
        """Waits, and then as `require` does."""
        self._lost.wait(seconds)
        self.require()

    def release(self) -> None:
        """Gives it back; without one it does nothing. One that cannot be given back expires."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(_LASTS)
            self._thread = None
        with self._one:
            lease, self._lease = self._lease, None
            if lease is None or self._lost.is_set():
                return
            try:
                self._cluster.replace(self._written(lease, holder=None))
            except GateError:
                return

    def history(self) -> str:
        """What was noted, empty for nothing; the lock need not be taken."""
        lease = self._cluster.find(Lease, self.name)
        return _notes(lease).get(HISTORY, "") if lease else ""

    def note(self, history: str) -> None:
        """Keeps a history, while the lock is this run's."""
        self.require()
        with self._one:
            self._renew(history)

    def _take(self, lease: Lease | None) -> bool:
        """Whether it is ours now; another run may have been faster."""
        began = time.monotonic()
        try:
            if lease is None:
                taken = self._cluster.create(self._written(None, holder=self._holder))
            else:
                taken = self._cluster.replace(self._written(lease, holder=self._holder))
        except Changed:
            return False
        if taken is None:
            return False
        self._lease, self._renewed = taken, began
        return True

    def _begin(self) -> None:
        """That it can be renewed is found out before anything depends on it."""
        self._renew()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        while not self._over.wait(_RENEWED):
            try:
                with self._one:
                    self._renew()
            except Changed:
                self._lost.set()
            except GateError:
                pass  # the next attempt can do, while nobody trusts it meanwhile
            if self._lost.is_set():
                return

    def _renew(self, history: str | None = None) -> None:
        if self._lease is None:
            return
        began = time.monotonic()
        try:
            self._lease = self._cluster.replace(
                self._written(self._lease, holder=self._holder, history=history)
            )
        except Changed:
            # A renewal whose answer was lost has changed it, too.
            found = self._cluster.find(Lease, self.name)
            if found is None or found.spec is None or found.spec.holderIdentity != self._holder:
                raise
            self._lease = self._cluster.replace(
                self._written(found, holder=self._holder, history=history)
            )
        self._renewed = began

    def _written(
        self, before: Lease | None, *, holder: str | None, history: str | None = None
    ) -> Lease:
        now = datetime.now(UTC)
        metadata = before.metadata if before else None
        spec = before.spec if before else None
        notes = {
            **(_notes(before) if before else {}),
            _BUILD: (self._build.number or "")[:_LONGEST],
            _LINK: (self._build.link or "")[:_LONGEST],
        }
        if history is not None:
            notes[HISTORY] = history
        keeps = spec is not None and spec.holderIdentity == holder
        return Lease(
            metadata=ObjectMeta(
                name=self.name,
                annotations=notes,
                labels=metadata.labels if metadata else None,
                resourceVersion=metadata.resourceVersion if metadata else None,
                # Else a Lease that was deleted since would be made by a renewal of it.
                uid=metadata.uid if metadata else None,
            ),
            spec=LeaseSpec(
                holderIdentity=holder,
                leaseDurationSeconds=_LASTS,
                acquireTime=spec.acquireTime if keeps and spec else now,
                renewTime=now,
            ),
        )

    def _held_by(self, lease: Lease) -> str:
        spec, notes = lease.spec, _notes(lease)
        holder = spec.holderIdentity if spec else None
        build, link = notes.get(_BUILD), notes.get(_LINK)
        since = spec.acquireTime if spec else None
        parts = [
            f"{self._environment} is locked by {holder or 'another run'}",
            f"build {build}" if build else "",
            link or "",
            f"since {since:%F %T %Z}" if since else "",
        ]
        who = ", ".join(filter(None, parts))
        return f"{who}: wait for it with --storedog-lock-wait=SECONDS, or run again later"


def _notes(lease: Lease) -> dict[str, str]:
    return dict((lease.metadata.annotations if lease.metadata else None) or {})


def _is_free(lease: Lease) -> bool:
    return lease.spec is None or not lease.spec.holderIdentity


def _lasts(lease: Lease) -> float:
    """Never for less than its holder trusts it, whatever it says."""
    said = lease.spec.leaseDurationSeconds if lease.spec else None
    return float(max(said or 0, _LASTS))


def _state(lease: Lease | None) -> tuple[object, ...]:
    spec = lease.spec if lease else None
    return (spec.holderIdentity, spec.renewTime) if spec else ()
