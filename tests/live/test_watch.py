"""A real engine tells of what goes wrong with what is live, while it is watched."""

from __future__ import annotations

import threading
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest
import requests

from pytest_storedog_gate.deploy.docker.engine import Engine
from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress
from pytest_storedog_gate.errors import DeploymentFailed
from tests.live.places import ENDPOINT

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_storedog_gate.deploy.environment import Environment
    from pytest_storedog_gate.errors import GateError
    from tests.live.images.factory import ImageFactory
    from tests.live.places import Place

pytestmark = pytest.mark.live
HEALTH = (
    "HEALTHCHECK --interval=1s --retries=1 --timeout=20s CMD python3 -c "
    "\"import urllib.request as r; r.urlopen('http://127.0.0.1:8080/health')\""
)


def test_an_event_ends_the_wait(
    place: Place, images: ImageFactory, run: Callable[[Environment, str], str]
) -> None:
    run(place.environment(), images("1"))
    live, woken = place.engine.containers.get(place.live), threading.Event()

    def happen() -> None:
        while not woken.wait(0.2):  # one may come before anybody waits for it
            live.pause()
            live.unpause()

    happening = threading.Thread(target=happen)
    happening.start()
    began = time.monotonic()
    try:
        with closing(Engine(EngineAddress(ENDPOINT), str)) as engine:
            engine.await_event([place.live], 50)
    finally:
        woken.set()
        happening.join()
    assert time.monotonic() - began < 50


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("/end", ("has restarted", "does not run: status", "was not ready")),
        ("/sicken", ("has a HEALTHCHECK that says unhealthy",)),
    ],
)
def test_what_goes_wrong_is_seen_and_the_previous_version_is_back(
    place: Place,
    images: ImageFactory,
    run: Callable[[Environment, str], str],
    asked: str,
    words: tuple[str, ...],
) -> None:
    environment = place.environment()
    run(environment, images("1"))
    # Its HEALTHCHECK is asked all the time: that is nothing which happens.
    journey = place.journey(environment)
    live = journey.opened(images("2", more=HEALTH))
    looks = journey.watch()
    assert [next(looks) for _ in range(3)] == [{"shop": None}] * 3
    with suppress(requests.ConnectionError):  # one that ends does not answer
        place.answer(path=asked)
    seen: GateError | None = None
    while seen is None:  # the engine restarts it, or asks for its health, within some seconds
        seen = next(looks).get("shop")  # no look tells of one that is asked again
    assert isinstance(seen, DeploymentFailed)
    assert any(each in str(seen) for each in words), seen
    assert "put " in live.rollback()
    assert place.answer() == "1"
