"""A run of the deployment that kills itself: arguments N and TASK, the environment on stdin.

SIGKILL comes right after the N-th call under the lock that changed something on the engine, as a
cancelled pipeline's does. Exit status 0 means that the task ended before that.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

import requests

from pytest_storedog_gate.deploy import Build, ImageReference
from pytest_storedog_gate.deploy.docker.traffic import stopping
from tests.live.places import Journey, environment_from


def kill_after(calls: int) -> None:
    """Counts the requests to the engine that are not just looking."""
    original = requests.Session.send
    seen = 0

    def send(
        self: requests.Session, request: requests.PreparedRequest, **kwargs: Any
    ) -> requests.Response:
        nonlocal seen
        response = original(self, request, **kwargs)
        if request.method in ("POST", "DELETE", "PUT"):
            seen += 1
            if seen == calls:
                os.kill(os.getpid(), signal.SIGKILL)
        return response

    requests.Session.send = send  # type: ignore[method-assign]


def main() -> None:
    """Runs the task, if it gets that far."""
    calls, task, said = int(sys.argv[1]), sys.argv[2], json.load(sys.stdin)
    stopping._LONGEST_DRAIN = 0.0
    build = Build("c0ffee", "41", "http://drone.example/41")
    journey = Journey(environment_from(said["environment"]), [], build)
    held = journey.lock(journey.resolve(ImageReference.parse(said["image"])))
    kill_after(calls)
    if task == "hold":
        sys.stdout.write("locked\n")
        sys.stdout.flush()
        signal.pause()
    held.recover()
    if task == "deploy":
        live = journey.deploy()
        live.prove()
        live.conclude()
    journey.close()


if __name__ == "__main__":
    main()
