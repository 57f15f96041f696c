"""Runs of the deployment in processes of their own, killed as a cancelled pipeline's is."""

from __future__ import annotations

import multiprocessing
import os
import signal
from typing import TYPE_CHECKING, Any, Literal, Self

import pytest
import requests

from pytest_storedog_gate.deploy import Build, ImageReference
from tests.live.places import Journey

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from pytest_storedog_gate.deploy.environment import Environment

    Task = Literal["deploy", "recover"]

FORKS = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
"""For each test that starts such a run."""

_FORK = multiprocessing.get_context("fork")
_BUILD = Build("c0ffee", "41", "http://drone.example/41")
_IDLE = (requests.codes.not_modified, requests.codes.not_found)
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
        self._line.send((calls, task, image))
        self._process.join()
        assert self._process.exitcode in (0, -signal.SIGKILL), "its error is told above"
        return self._process.exitcode != 0


def _run(line: Connection, others: Connection, environment: Environment, image: str) -> None:
    others.close()
    journey = Journey(environment, [], _BUILD)
    held = journey.lock(journey.resolve(ImageReference.parse(image)), wait=_SOON)
    line.send(held.recover())
    calls, task, image = line.recv()
    fetched = held.fetch(journey.resolve(ImageReference.parse(image)))
    if task == "recover":
        fetched.stage().promote()
    _kill_after(calls)
    if task == "recover":
        held.recover()
    else:
        live = fetched.stage().promote()
        live.prove()
        live.conclude()
    journey.close()


def _kill_after(calls: int) -> None:
    """Counts the requests that have changed something on the engine."""
    original = requests.Session.send
    seen = 0

    def send(
        self: requests.Session, request: requests.PreparedRequest, **kwargs: Any
    ) -> requests.Response:
        nonlocal seen
        response = original(self, request, **kwargs)
        # What had nothing to do there leaves what the call before it left.
        if request.method in ("POST", "DELETE", "PUT") and response.status_code not in _IDLE:
            seen += 1
            if seen == calls:
                os.kill(os.getpid(), signal.SIGKILL)
        return response

    requests.Session.send = send  # type: ignore[method-assign]
