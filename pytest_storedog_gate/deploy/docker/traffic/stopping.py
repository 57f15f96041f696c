"""The end of a container: who hears the signal has time for what is under way, nobody else."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.deploy.docker.engine import Engine

PS_ARGUMENTS = "-o pid,caught,blocked,comm"
"""What the `ps` of the engine's machine is to show of a container's processes (procps)."""
# The engine's own first process passes every signal on, and does nothing else with it.
_PASSES_ON = "docker-init"
# Clients that have just resolved the name still go to it, and requests may be under way.
_LONGEST_DRAIN = 2.0  # s
_QUIET = 0.5  # s
_INTERVAL = 0.1  # s; to ask the engine takes 5 ms


def drain_and_stop(engine: Engine, previous: str) -> None:
    """Stops what gets no new traffic, once it has sent nothing for a moment or has had its time.

    One that does not run is left as it is: its strategy has stopped it, or nothing was live.
    It is stopped, not left idle: a client's pooled connection would keep reaching it, and a check
    behind that client would see the wrong version.
    """
    found = engine.get(previous)
    if found.status == "paused":  # it answers nobody, and could not be started later
        engine.stop(previous)
    if not found.running:
        return
    begun = last = time.monotonic()  # when something was sent
    before = engine.sent(previous)
    while (now := time.monotonic()) - begun < _LONGEST_DRAIN and now - last < _QUIET:
        time.sleep(_INTERVAL)
        sent = engine.sent(previous)
        if sent is None or sent != before:
            last = time.monotonic()
        before = sent
    engine.stop(previous)


def hears(shown: Mapping[str, Any], stop_signal: str) -> bool:
    """Whether a process handles the signal that is to stop it, or waits for it.

    To one that ignores it, or that is the first of its container and has no handler, it says
    nothing; any other without a handler ends at once. Where that is not told, one may hear.
    """
    try:
        bit = 1 << (_number(stop_signal) - 1)
        heard = [
            (int(caught, 16) | int(blocked, 16)) & bit
            for _, caught, blocked, command in shown["Processes"]
            if command != _PASSES_ON
        ]
        # A container that runs has a process: where none is shown, that is not told.
        return any(heard) or not heard
    except (KeyError, TypeError, ValueError):
        return True


def _number(name: str) -> int:
    return int(name) if name.isdigit() else signal.Signals[f"SIG{name.removeprefix('SIG')}"]
