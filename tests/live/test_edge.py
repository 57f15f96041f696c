"""Strategy edge on a real engine, with a real HAProxy and clients that never stop asking."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import requests
from docker.errors import APIError

from pytest_storedog_gate.deploy import Answers
from pytest_storedog_gate.deploy.docker.names import Names
from pytest_storedog_gate.deploy.environment import Address
from tests.conftest import missing
from tests.live.clients import asking
from tests.live.releases import free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    import docker

    from pytest_storedog_gate.deploy.environment import Environment
    from tests.live.images.factory import ImageFactory
    from tests.live.places import Place

    Run = Callable[[Environment, str], str]

pytestmark = pytest.mark.live
HAPROXY = "localhost:5000/storedog/haproxy:2.6"
LONG = 3.0  # s


@pytest.fixture
def edge_image(engine: docker.DockerClient) -> str:
    try:
        engine.images.get_registry_data(HAPROXY)
    except APIError:
        missing("live", f"no image {HAPROXY} in the registry: lab/up builds it")
    return HAPROXY


@pytest.fixture
def environment(place: Place, edge_image: str) -> Environment:
    """One of a project: the edge asks the engine for names with dots."""
    made = place.environment(
        "edge",
        publish={"shop": Address("127.0.0.1", free_port())},
        edge_image=edge_image,
        preview=Address("127.0.0.1", free_port()),
    )
    of_a_project = replace(made, project=place.name)
    place.live = Names.of(of_a_project, "shop").live
    return of_a_project


def page(address: Address | None) -> str:
    answer = requests.get(f"http://{address}/", timeout=10)
    return answer.text if answer.status_code == 200 else f"status {answer.status_code}"


def until(address: Address, text: str) -> None:
    """Waits for an answer."""
    deadline = time.monotonic() + 20
    while True:
        try:
            if page(address) == text:
                return
        except requests.RequestException:
            assert time.monotonic() < deadline
        time.sleep(0.02)


def test_nothing_is_dropped_and_nobody_sees_what_is_not_proved(
    place: Place, images: ImageFactory, run: Run, environment: Environment
) -> None:
    """A deployment, a refused one and a rollback, each with requests under way."""
    address, preview = environment.publish["shop"], environment.preview
    run(environment, images("1"))
    with asking(address, long=LONG) as answered, closing(place.journey(environment)) as journey:
        run(environment, images("2"))
        staged = journey.staged(images("3"))
        assert isinstance(staged, Answers)
        assert staged.address == str(preview)
        staged.prove()
        assert page(preview) == "3"
        journey.put_back()
    assert answered.texts == {"1", "2"}
    assert {kind for kind, _ in answered.answers} == {"new", "kept", "1 s", "long"}
    assert page(preview) == "status 503"

    with closing(place.journey(environment)) as journey:
        live = journey.opened(images("3"))
        live.prove()
        with asking(address, long=LONG) as answered:
            live.rollback()
        assert answered.texts == {"2", "3"}
    assert sum(answered.answers.values()) > 100
    assert page(address) == "2"
    assert place.containers() == dict.fromkeys((place.live, f"{place.live}.edge"), "running")


def test_a_proxy_that_is_killed_goes_to_the_right_one_again(
    place: Place, images: ImageFactory, run: Run, environment: Environment
) -> None:
    """Whatever a run that was killed has left: between the two renames, too."""
    address, engine = environment.publish["shop"], place.engine
    run(environment, images("1"))
    with closing(place.journey(environment)) as journey:
        journey.staged(images("2"))
        for step in ("staged", "nobody has the name", "swapped"):
            if step == "nobody has the name":
                engine.api.rename(place.live, f"{place.live}.prev")
            if step == "swapped":
                engine.api.rename(f"{place.live}.next", place.live)
            proxy = engine.containers.get(f"{place.live}.edge")
            # From outside, as the kernel does it that has no memory left.
            proxy.exec_run(["sh", "-c", "kill -9 $(pidof haproxy)"], user="root")
            until(address, "2" if step == "swapped" else "1")
            assert page(address) == ("2" if step == "swapped" else "1")
        with asking(address, long=1) as answered:
            journey.recover()
        assert answered.texts == {"1", "2"}
    assert page(address) == "1"
