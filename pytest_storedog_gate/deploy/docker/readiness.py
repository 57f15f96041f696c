"""Waiting for a container to be ready, with an explanation when it is not.

Ready is an answer over HTTP, never an open port: an engine's proxy accepts connections before the
service listens.
"""

from __future__ import annotations

import json
import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from pytest_storedog_gate.deploy.docker import names
from pytest_storedog_gate.deploy.environment import Readiness
from pytest_storedog_gate.deploy.reaching.engine_address import is_loopback
from pytest_storedog_gate.errors import DeploymentFailed

if TYPE_CHECKING:
    import requests

    from pytest_storedog_gate.deploy.docker.container import Container
    from pytest_storedog_gate.deploy.docker.engine import Engine

_INTERVAL = 0.1
_PROBE = 5.0
_TIMEOUT = 60.0
# Where nothing can be asked, a container that runs for this long is taken for ready.
_STEADY = 2.0


def wait(engine: Engine, container: str, what: str) -> Container:
    """Returns the container once it is ready by all that it declares.

    That is the HTTP readiness in its labels, its image's HEALTHCHECK, and without both a short time
    of running. Raises `DeploymentFailed` with what was seen last, at once when it has ended.
    """
    return _wait(engine, container, what)[0]


def first_answer(engine: Engine, container: str, what: str) -> float:
    """Waits in the same way, and returns the monotonic time when it began to answer for good.

    A HEALTHCHECK, whose first result may take half a minute, tells that only where nothing can be
    asked over HTTP.
    """
    return _wait(engine, container, what)[1]


def _wait(engine: Engine, container: str, what: str) -> tuple[Container, float]:
    first = found = engine.get(container)
    declared = _declared(found)
    probe = _Probe(*declared) if declared else None
    timeout = declared[0].timeout if declared else _TIMEOUT
    has_run = _has_run(engine, first) if probe is None else 0.0
    began = time.monotonic()
    import requests  # noqa: PLC0415  # reading a configuration asks a strategy, and needs none

    with requests.Session() as session:
        session.trust_env = False
        while True:
            looked = time.monotonic()
            elapsed = looked - began
            answers = probe is None or probe.passes(session, engine, found)
            # Looked at after the probe: an answer counts only from a container that is still up.
            found = engine.get(container)
            trouble = _trouble(found, first)
            if trouble is None and answers and _settled(found, probe, has_run + elapsed):
                return found, probe.first if probe else time.monotonic()
            if trouble is None and elapsed > timeout:
                trouble = f"not ready within {timeout:g} s"
            if trouble is not None:
                asked = f", last probe {probe.last}" if probe else ""
                health = f", health {found.health}" if found.health else ""
                seen = f"status {found.status}{health}{asked}, after {elapsed:.1f} s"
                told = wrote(engine, container)
                raise DeploymentFailed(f"{what} is not ready: {trouble} ({seen}); it wrote {told}")
            # On a busy machine to look takes longer than that.
            time.sleep(max(0.0, _INTERVAL - (time.monotonic() - looked)))


class LastAnswer:
    """Asks a container that is being stopped, within a block, and keeps when it answered last.

    It may go on answering for as long as it has to end: until then nobody is without an answer.
    """

    def __init__(self, engine: Engine, container: Container) -> None:
        self._engine, self._container = engine, container
        self._over, self._lock = threading.Event(), threading.Lock()
        self.at = time.monotonic()  # where it cannot be asked, nobody has an answer from here on

    def __enter__(self) -> Self:
        if declared := _declared(self._container):
            # Nobody waits for it: an answer that is late must not keep the next version out.
            threading.Thread(target=self._ask, args=declared, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:  # what answers after that is another one, at the same address
            self._over.set()

    def _ask(self, readiness: Readiness, port: int) -> None:
        import requests  # noqa: PLC0415

        probe = _Probe(readiness, port)
        with requests.Session() as session:
            session.trust_env = False
            while not self._over.is_set():
                good = probe.asks_well(session, self._engine, self._container)
                with self._lock:
                    if good and not self._over.is_set():
                        self.at = time.monotonic()
                self._over.wait(_INTERVAL)


def wrote(engine: Engine, container: str) -> str:
    """What a container wrote last, for the end of a sentence."""
    lines = engine.logs(container).splitlines()
    return "\n    ".join(["last:", *lines]) if lines else "nothing"


def bad_answer(engine: Engine, container: Container) -> str | None:
    """Asks once: what it answered instead of a good answer; None where nothing can be asked."""
    if (declared := _declared(container)) is None:
        return None
    import requests  # noqa: PLC0415

    probe = _Probe(*declared)
    with requests.Session() as session:
        session.trust_env = False
        return None if probe.asks_well(session, engine, container) else probe.last


class _Probe:
    """Asks until enough good answers came in a row."""

    def __init__(self, readiness: Readiness, port: int) -> None:
        self._readiness, self._port = readiness, port
        self._good = 0
        self.first = 0.0  # when the first of them came
        self.last = "not asked yet"

    def passes(self, session: requests.Session, engine: Engine, container: Container) -> bool:
        if self._good < self._readiness.consecutive:
            good = self.asks_well(session, engine, container)
            if good and self._good == 0:
                self.first = time.monotonic()
            self._good = self._good + 1 if good else 0
        return self._good >= self._readiness.consecutive

    def asks_well(self, session: requests.Session, engine: Engine, container: Container) -> bool:
        """Whether one answer is good."""
        import requests  # noqa: PLC0415

        address = reach(engine, container, self._port)
        if address is None:
            there = container.bindings.get(self._port)
            only = "published for its own machine alone" if there else "not published yet"
            self.last = f"port {self._port} is {only}"
            return False
        url = f"http://{address}{self._readiness.http}"
        limit = min(_PROBE, self._readiness.timeout)
        try:
            # A connection of its own each time, as a new client makes it.
            answer = session.get(
                url, timeout=limit, allow_redirects=False, headers={"Connection": "close"}
            )
        except requests.RequestException as error:
            self.last = f"{url}: {type(error).__name__}"
            return False
        self.last = f"{url}: status {answer.status_code}, wanted {self._readiness.status}"
        return answer.status_code == self._readiness.status


def reach(engine: Engine, container: Container, port: int) -> str | None:
    """Where a container's port answers from this process, as `host:port`."""
    for address in container.bindings.get(port, ()):
        if is_loopback(address.host) and not is_loopback(engine.host):
            continue  # of that machine; what answers there on this one is something else
        everywhere = address.host in ("0.0.0.0", "::")  # noqa: S104
        host = engine.host if everywhere else address.host
        return f"[{host}]:{address.port}" if ":" in host else f"{host}:{address.port}"
    return None


def path(container: Container) -> str:
    """What a container is asked for to see whether it answers."""
    declared = _declared(container)
    return declared[0].http if declared else "/"


def _declared(container: Container) -> tuple[Readiness, int] | None:
    text = container.labels.get(names.READINESS)
    if text is None:
        return None
    facts: dict[str, Any] = json.loads(text)
    declared = Readiness(
        facts["http"], facts["status"], facts["consecutive"], timeout=facts["timeout"]
    )
    return declared, facts["port"]


def _trouble(container: Container, first: Container) -> str | None:
    if container.status in ("exited", "dead"):
        return f"it has ended with exit code {container.exit_code}"
    if container.status == "restarting" or container.restarts > first.restarts:
        return f"it restarts again and again, with exit code {container.exit_code}"
    if container.health == "unhealthy":
        return "its HEALTHCHECK says unhealthy"
    return None


def _settled(container: Container, probe: _Probe | None, has_run: float) -> bool:
    if container.health is not None:
        return container.health == "healthy"
    return container.running and (probe is not None or has_run >= _STEADY)


def _has_run(engine: Engine, container: Container) -> float:
    """The seconds since its start, by the engine's own clock."""
    if not container.running:
        return 0.0
    started = datetime.fromisoformat(container.started_at)
    return (datetime.fromisoformat(engine.clock()) - started).total_seconds()
