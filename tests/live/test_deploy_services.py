"""Supporting services, recovery in words, and the plan."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy import Build, ImageReference
from pytest_storedog_gate.deploy.docker import services
from pytest_storedog_gate.deploy.docker.engine import Engine
from pytest_storedog_gate.deploy.environment import Address, Environment, Readiness, Service
from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress
from pytest_storedog_gate.errors import DeploymentFailed, NoVerdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.live.images.factory import ImageFactory
    from tests.live.places import Place

    Run = Callable[[Environment, str], str]

pytestmark = pytest.mark.live


def masked(text: str) -> str:
    return text.replace("hunter2-secret", "********")


def db(image: str, **facts: object) -> Service:
    """A supporting service with a page."""
    return Service("db", image, 8080, Readiness("/", timeout=20), **facts)  # type: ignore[arg-type]


class TestSupportingServices:
    @pytest.fixture
    def start(self, place: Place) -> Callable[[Service], str]:
        def started(service: Service) -> str:
            environment = place.environment(services=(service,))
            build = Build("c0ffee", "42", "http://drone.example/42")
            with closing(Engine(environment.engine, masked)) as engine:
                services.start(engine, environment, build, place.said.append)
            return str(place.engine.containers.get(f"{place.name}-db").id)

        return started

    def test_left_alone_while_nothing_changed(
        self, place: Place, images: ImageFactory, start: Callable[[Service], str]
    ) -> None:
        first = start(db(images("1"), environment={"PASSWORD": "hunter2-secret"}))
        assert start(db(images("1"), environment={"PASSWORD": "hunter2-secret"})) == first
        assert place.answer(f"{place.name}-db") == "1"
        labels = place.engine.containers.get(first).labels
        assert "hunter2" not in str(labels)

    @pytest.mark.parametrize(
        ("facts", "reason"),
        [
            ({"environment": {"MORE": "1"}}, "its configuration had changed"),
            ({"volumes": {"data": "/data"}}, "its configuration had changed"),
        ],
    )
    def test_replaced_when_its_configuration_changed(
        self,
        place: Place,
        images: ImageFactory,
        start: Callable[[Service], str],
        facts: dict[str, object],
        reason: str,
    ) -> None:
        first = start(db(images("1")))
        assert start(db(images("1"), **facts)) != first
        assert reason in place.said[-1]
        assert place.containers() == {f"{place.name}-db": "running"}

    def test_replaced_when_its_image_changed(
        self, place: Place, images: ImageFactory, start: Callable[[Service], str]
    ) -> None:
        """With what it has in a volume that its image alone asks for."""

        def exec_in(container: str, *command: str) -> str:
            done = place.engine.containers.get(container).exec_run([*command], user="root")
            assert isinstance(done.output, bytes)
            return done.output.decode()

        exec_in(start(db(images("1", more="VOLUME /data"))), "sh", "-c", "echo kept > /data/it")
        for release in ("2", "1"):
            latest = start(db(images(release, more="VOLUME /data")))
            assert place.answer(f"{place.name}-db") == release
            assert exec_in(latest, "cat", "/data/it") == "kept\n"
        volume = place.engine.containers.get(latest).attrs["Mounts"][0]["Name"]
        place.empty()
        place.engine.volumes.get(volume).remove()

    def test_started_again_when_it_stopped(
        self, place: Place, images: ImageFactory, start: Callable[[Service], str]
    ) -> None:
        place.engine.containers.get(start(db(images("1")))).stop(timeout=1)
        start(db(images("1")))
        assert place.containers() == {f"{place.name}-db": "running"}

    def test_put_back_when_the_new_one_does_not_start(
        self, place: Place, images: ImageFactory, start: Callable[[Service], str]
    ) -> None:
        first = start(db(images("1")))
        with pytest.raises(DeploymentFailed, match=r"(?s)-db is not ready.*was put back"):
            start(db(images("2", "exits")))
        assert place.engine.containers.get(f"{place.name}-db").id == first
        assert place.answer(f"{place.name}-db") == "1"

    def test_data_outlives_a_replacement(
        self, place: Place, images: ImageFactory, start: Callable[[Service], str]
    ) -> None:
        start(db(images("1", "starts-once"), volumes={"data": "/data"}))
        start(db(images("1"), volumes={"data": "/data"}))
        status, listed = place.engine.containers.get(f"{place.name}-db").exec_run(["ls", "/data"])
        assert (status, listed) == (0, b"started\n")


def test_recovery_says_what_it_mended(place: Place, images: ImageFactory, run: Run) -> None:
    environment = place.environment("recreate")
    run(environment, images("1"))
    journey = place.journey(environment)
    held = journey.lock(journey.resolve(ImageReference.parse(images("2"))))
    assert held.recover() is None
    journey.deploy()
    assert f"back as {place.live}" in (held.recover() or "")
    assert held.recover() is None
    assert place.answer() == "1"


class TestPlan:
    def test_says_what_a_run_does_and_changes_nothing(
        self, place: Place, images: ImageFactory, run: Run
    ) -> None:
        environment = place.environment(services=(db(images("1")),))
        reference = ImageReference.parse(images("2"))
        journey = place.journey(environment)
        assert f"create the network {place.name}-net" in journey.plan(reference)
        assert place.containers() == {}
        run(environment, images("1"))
        before = place.containers()
        plan = journey.plan(reference)
        assert f"resolve {reference} to {images.digest(images('2'))}" in plan
        assert any(line.startswith(f"leave {place.name}-db alone") for line in plan)
        old = images.digest(images("1")).removeprefix("sha256:")[:12]
        assert plan[-1] == f"make it {place.live} by strategy rename, in place of {old}"
        assert place.containers() == before

    def test_is_refused_where_the_run_would_be(self, place: Place, images: ImageFactory) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = Address("127.0.0.1", taken.getsockname()[1])
            journey = place.journey(place.environment("recreate", publish={"shop": address}))
            with pytest.raises(DeploymentFailed, match=f"{address} is taken"):
                journey.plan(ImageReference.parse(images("1")))
            with pytest.raises(DeploymentFailed, match="does not know"):
                journey.plan(ImageReference.parse(f"{images.repository}:none"))


@pytest.mark.parametrize("endpoint", ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:1"])
def test_no_engine(place: Place, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///var/run/docker.sock")
    environment = Environment(
        "nowhere", gate="shop", services=(Service("shop", "shop"),), engine=EngineAddress(endpoint)
    )
    with pytest.raises(NoVerdict, match=f"the engine {endpoint} does not answer"):
        place.journey(environment)
