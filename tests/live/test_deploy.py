"""One digest into one environment, by each strategy, on a real engine."""

from __future__ import annotations

import signal
import socket
import time
from typing import TYPE_CHECKING

import pytest
import requests
from docker.types import EndpointConfig

from pytest_storedog_gate.deploy import Build
from pytest_storedog_gate.deploy.docker.traffic import ports
from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.errors import DeploymentFailed, RollbackFailed
from tests.live.places import STRATEGIES

if TYPE_CHECKING:
    from collections.abc import Callable

    import docker

    from pytest_storedog_gate.deploy import Live
    from pytest_storedog_gate.deploy.environment import Environment
    from tests.live.images.factory import ImageFactory
    from tests.live.places import Journey, Place

    Run = Callable[[Environment, str], str]

pytestmark = pytest.mark.live


@pytest.fixture
def address() -> Address:
    """An address that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Address("127.0.0.1", probe.getsockname()[1])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_digest_that_was_pushed_is_live(
    place: Place, images: ImageFactory, run: Run, engine: docker.DockerClient, strategy: str
) -> None:
    environment = place.environment(strategy)
    for release in ("1", "2"):
        reference = images(release)
        container_id = run(environment, reference)
        assert place.containers() == {place.live: "running"}
        assert place.answer() == release
        live = engine.containers.get(place.live)
        digest = images.digest(reference)
        assert live.id == container_id
        assert live.attrs["Config"]["Image"] == f"{images.repository}@{digest}"
        assert live.attrs["HostConfig"]["RestartPolicy"]["Name"] == "always"
        assert {
            "storedog.gate.service": "shop",
            "storedog.gate.env": place.name,
            "storedog.gate.digest": digest,
            "storedog.gate.commit": "c0ffee",
            "storedog.gate.build": "42",
            "storedog.gate.build-link": "http://drone.example/42",
            "com.datadoghq.tags.env": place.name,
            "com.datadoghq.tags.service": "shop",
            "com.datadoghq.tags.version": f"{release}-serves",
        }.items() <= live.labels.items()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_rollback_puts_back_what_answered_before(
    place: Place, images: ImageFactory, run: Run, strategy: str
) -> None:
    environment = place.environment(strategy)
    before = run(environment, images("1"))
    journey = place.journey(environment)
    live = journey.opened(images("2"))
    assert place.answer() == "2"
    assert "put" in live.rollback()
    assert place.answer() == "1"
    assert place.engine.containers.get(place.live).id == before
    journey.close()
    assert place.containers() == {place.live: "running"}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_rollback_of_the_first_deployment_leaves_nothing(
    place: Place, images: ImageFactory, strategy: str
) -> None:
    journey = place.journey(place.environment(strategy))
    journey.opened(images("1")).rollback()
    journey.close()
    assert place.containers() == {}


def test_recreate_serves_the_published_address(
    place: Place, images: ImageFactory, run: Run, address: Address
) -> None:
    """Also after one that is paused, which keeps the address."""
    environment = place.environment("recreate", publish={"shop": address})
    run(environment, images("1"))
    assert requests.get(f"http://{address}/", timeout=5).text == "1"
    place.engine.containers.get(place.live).pause()
    journey = place.journey(environment)
    live = journey.opened(images("2"))
    assert requests.get(f"http://{address}/", timeout=5).text == "2"
    assert 0 < live.deployment.downtime < 20
    live.rollback()
    assert requests.get(f"http://{address}/", timeout=5).text == "1"


def test_rename_is_followed_by_name_in_the_network(
    place: Place, images: ImageFactory, run: Run, engine: docker.DockerClient
) -> None:
    environment = place.environment("rename")
    run(environment, images("1"))
    run(environment, images("2"))
    ask = (
        "import urllib.request;"
        f"print(urllib.request.urlopen('http://{place.live}:8080/', timeout=5).read().decode())"
    )
    said = engine.containers.run(
        images.base, ["python3", "-c", ask], network=f"{place.name}-net", remove=True
    )
    assert said.decode().strip() == "2"


ENDS = {"deaf": 128 + signal.SIGKILL, "tidies-up": 7}


# Each strategy stops what was live by the same call.
@pytest.mark.parametrize(("behaviour", "strategy"), [*zip(ENDS, STRATEGIES, strict=True)])
def test_who_hears_that_it_is_to_end_has_its_time_and_nobody_else(
    place: Place, images: ImageFactory, run: Run, strategy: str, behaviour: str
) -> None:
    environment = place.environment(strategy)
    run(environment, images("1", behaviour))
    place.journey(environment).opened(images("2"))
    previous = place.engine.containers.get(f"{place.live}.prev")
    assert previous.attrs["State"]["ExitCode"] == ENDS[behaviour]
    happened = place.engine.api.events(
        since=0, until=int(time.time()) + 1, filters={"container": previous.id}, decode=True
    )
    at = {each["Action"]: each["timeNano"] / 1e9 for each in reversed(list(happened))}
    # The first `kill` is SIGTERM; ten seconds are for those who hear it.
    assert (behaviour == "tidies-up") <= at["die"] - at["kill"] < 8


SAID = {
    "exits": ["exit code 3", "cannot start with password ********"],
    "never-ready": ["not ready within 3 s", "status 503, wanted 200", "status running"],
}


# A candidate is started before its strategy has a part in it.
@pytest.mark.parametrize(("behaviour", "strategy"), [*zip(SAID, STRATEGIES, strict=True)])
def test_a_candidate_that_is_never_ready_changes_nothing(
    place: Place, images: ImageFactory, run: Run, strategy: str, behaviour: str
) -> None:
    variables = {"PASSWORD": "hunter2-secret"}
    before = run(place.environment(strategy, variables=variables), images("1"))
    journey = place.journey(place.environment(strategy, variables=variables, timeout=3))
    with pytest.raises(DeploymentFailed) as caught:
        journey.opened(images("2", behaviour))
    text = str(caught.value)
    assert all(part in text for part in [*SAID[behaviour], f"{place.live} was not touched"])
    assert "hunter2" not in text
    journey.close()
    assert place.containers() == {place.live: "running"}
    assert place.engine.containers.get(place.live).id == before


def test_an_image_that_starts_only_as_a_candidate_is_undone(
    place: Place, images: ImageFactory, run: Run
) -> None:
    environment = place.environment("recreate", volumes={"data": "/data"})
    before = run(environment, images("1"))
    journey = place.journey(environment)
    with pytest.raises(DeploymentFailed, match=r"(?s)exit code 4.*started before.*was put back"):
        journey.opened(images("2", "starts-once"))
    journey.close()
    assert place.containers() == {place.live: "running"}
    assert place.engine.containers.get(place.live).id == before
    assert place.answer() == "1"


def test_an_unhealthy_image_fails_at_once(place: Place, images: ImageFactory) -> None:
    unhealthy = "HEALTHCHECK --interval=1s --retries=1 CMD false"
    journey = place.journey(place.environment(timeout=60))
    with pytest.raises(DeploymentFailed, match="HEALTHCHECK says unhealthy"):
        journey.opened(images("1", more=unhealthy))


def test_readiness_waits_for_http_not_for_an_open_port(
    place: Place, images: ImageFactory, run: Run
) -> None:
    run(place.environment(), images("1", "slow"))
    assert place.answer() == "1"


def test_a_rollback_that_fails_says_what_a_person_does(
    place: Place, images: ImageFactory, run: Run, engine: docker.DockerClient
) -> None:
    environment = place.environment(volumes={"data": "/data"})
    run(environment, images("1", "starts-once"))
    journey = place.journey(environment)
    live = journey.opened(images("2"))
    with pytest.raises(RollbackFailed, match=r"(?s)exit code 4.*A person is needed.*docker -H "):
        live.rollback()
    # The new version goes on answering: better than nobody.
    assert engine.containers.get(place.live).status == "running"


class TestPorts:
    def test_taken_by_a_container(
        self, place: Place, images: ImageFactory, run: Run, address: Address
    ) -> None:
        where = {"1/tcp": (address.host, address.port)}
        other = place.beside("squatter", images.base, command=["sleep", "60"], ports=where)
        before = run(place.environment("recreate"), images("1"))
        journey = place.journey(place.environment("recreate", publish={"shop": address}))
        with pytest.raises(DeploymentFailed, match=f"{address} is taken by .*{other.name}"):
            journey.opened(images("2"))
        assert place.engine.containers.get(place.live).id == before
        assert f"{place.live}.next" not in place.containers()

    def test_taken_by_a_process(
        self, place: Place, images: ImageFactory, run: Run, address: Address
    ) -> None:
        before = run(place.environment("recreate"), images("1"))
        journey = place.journey(place.environment("recreate", publish={"shop": address}))
        with (
            socket.create_server((address.host, address.port)),
            pytest.raises(DeploymentFailed, match=f"{address} is taken by a process"),
        ):
            journey.opened(images("2"))
        assert place.engine.containers.get(place.live).id == before

    def test_taken_during_the_swap(
        self,
        place: Place,
        images: ImageFactory,
        run: Run,
        address: Address,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        before = run(place.environment("recreate"), images("1"))
        journey = place.journey(place.environment("recreate", publish={"shop": address}))
        # Blind to the process, as a run in a container of its own is.
        monkeypatch.setattr(ports, "_taken_here", lambda *_: False)
        taken = f"(?s){address}.*address already in use.*was put back"
        with (
            socket.create_server((address.host, address.port)),
            pytest.raises(DeploymentFailed, match=taken),
        ):
            journey.opened(images("2"))
        assert place.engine.containers.get(place.live).id == before
        assert place.answer() == "1"


class TestProof:
    """What answers is the digest that was asked for, or it is said what answers."""

    @pytest.fixture
    def journey(self, place: Place) -> Journey:
        return place.journey(place.environment("recreate"))

    @pytest.fixture
    def deployment(self, journey: Journey, images: ImageFactory) -> Live:
        deployment = journey.opened(images("1"))
        deployment.prove()
        return deployment

    def test_restarted(self, place: Place, deployment: Live) -> None:
        place.engine.containers.get(place.live).restart(timeout=1)
        with pytest.raises(DeploymentFailed, match=r"start: expected .*, found "):
            deployment.prove()

    def test_replaced_by_another_image(
        self, place: Place, images: ImageFactory, deployment: Live
    ) -> None:
        place.engine.containers.get(place.live).remove(force=True)
        other = images("2")
        place.engine.images.pull(other)
        place.beside("shop", other)
        with pytest.raises(DeploymentFailed, match=r"container: expected .* image: expected "):
            deployment.prove()

    def test_gone(self, place: Place, deployment: Live) -> None:
        place.engine.containers.get(place.live).remove(force=True)
        with pytest.raises(DeploymentFailed, match=f"{place.live} is gone"):
            deployment.prove()

    def test_an_impostor_answers_to_the_alias(
        self, place: Place, images: ImageFactory, deployment: Live
    ) -> None:
        place.beside(
            "impostor",
            images.base,
            command=["sleep", "60"],
            networking_config={
                f"{place.name}-net": EndpointConfig(place.engine.api.api_version, aliases=["shop"])
            },
        )
        with pytest.raises(DeploymentFailed, match=r"-impostor answers to shop too"):
            deployment.prove()


def test_provenance_may_be_unknown(place: Place, images: ImageFactory) -> None:
    journey = place.journey(place.environment(), Build())
    deployment = journey.opened(images("1"))
    deployment.prove()
    assert place.engine.containers.get(place.live).labels["storedog.gate.build"] == ""
