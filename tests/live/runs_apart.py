"""Runs of the deployment in processes of their own, killed as a cancelled pipeline's is."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from typing import TYPE_CHECKING, Any, Literal, Self

import pytest
import requests

from pytest_storedog_gate.deploy import Build, ImageReference
from pytest_storedog_gate.errors import GateError
from tests.live.places import Journey

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from pytest_storedog_gate.deploy.environment import Environment

    Task = Literal["deploy", "refuse", "roll back", "recover"]

FORKS = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
"""For each test that starts such a run."""

_FORK = multiprocessing.get_context("fork")
_BUILD = Build("c0ffee", "41", "http://drone.example/41")
_IDLE = (requests.codes.not_modified, requests.codes.not_found)
_REFUSED = 8
_SOON = 20.0  # s; the lock of a run that was killed takes a moment to go


class RunApart:
    """A run that holds the lock and has mended what was left: it waits for what it is to do."""

    def __init__(self, environment: Environment, image: str) -> None:
        self._line, line = _FORK.Pipe()
        self._process = _FORK.Process(
            target=_run, args=(line, self._line, environment, image), daemon=True
        )
        self._process.start()
        line.close()
        self.mended: str | None = self._line.recv()
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._line.close()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def dies(self, calls: int, task: Task, image: str) -> bool:
        """Whether it was killed: right after so many calls that changed something on the engine.

        Otherwise the task needed fewer of them, and has ended. It deploys the image, or it puts
        back the deployment of this image that it has left open.
        """
        self._line.send((calls, task, image, self.pid))
        self._process.join()
        assert self._process.exitcode in (0, -signal.SIGKILL), "its error is told above"
        return self._process.exitcode != 0

    def lives(self, task: Task, image: str) -> int:
        """How many calls that changed something it has made, with nobody killed."""
        self._line.send((0, task, image, self.pid))
        calls: int = self._line.recv()
        self._process.join()
        return calls

    def outlives(self, victim: int, calls: int, task: Task, image: str) -> str:
        """How it ended, though another process was killed right after so many of its calls.

        "done", or "refused" by an error that the gate has a sentence for.
        """
        self._line.send((calls, task, image, victim))
        self._process.join()
        ends = {0: "done", _REFUSED: "refused"}
        assert self._process.exitcode in ends, "its error is told above"
        return ends[self._process.exitcode]


def _run(line: Connection, others: Connection, environment: Environment, image: str) -> None:
    others.close()
    journey = Journey(environment, [], _BUILD)
    held = journey.lock(journey.resolve(ImageReference.parse(image)), wait=_SOON)
    line.send(held.recover())
    calls, task, image, victim = line.recv()
    fetched = held.fetch(journey.resolve(ImageReference.parse(image)))
    live = fetched.stage().promote() if task in ("recover", "roll back") else None
    seen = kill_after(calls, victim)
    try:
        if task == "recover":
            held.recover()
        elif task == "refuse":
            fetched.stage()
            held.put_back()
        elif live is not None:
            live.rollback()
        else:
            live = fetched.stage().promote()
            live.prove()
            live.conclude()
        journey.close()
    except GateError:
        os._exit(_REFUSED)
    line.send(seen())


def kill_after(calls: int, victim: int) -> Callable[[], int]:
    """Counts the requests of this thread that have changed something on the engine."""
    original = requests.Session.send
    seen = 0

    def send(
        self: requests.Session, request: requests.PreparedRequest, **kwargs: Any
    ) -> requests.Response:
        nonlocal seen
        response = original(self, request, **kwargs)
        # What had nothing to do there leaves what the call before it left.
        changes = request.method in ("POST", "DELETE", "PUT")
        # The thread that renews a lock does that whenever it is time.
        ours = threading.current_thread() is threading.main_thread()
        if ours and changes and response.status_code not in _IDLE:
            seen += 1
            if seen == calls:
                os.kill(victim, signal.SIGKILL)
        return response

    requests.Session.send = send  # type: ignore[method-assign]
    return lambda: seen
