"""Storedog itself: the good releases serve what they should, and each bad one is what it says."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests
from docker.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import docker
    from docker.models.containers import Container

pytestmark = pytest.mark.live

IMAGES = "localhost:5000/storedog"
DATABASE = {
    "POSTGRES_USER": "storedog",
    "POSTGRES_PASSWORD": "p@ss:w/rd %20",
    "POSTGRES_DB": "shop",
}
GOOD = ["good", "better"]


@dataclass(frozen=True)
class Running:
    """A container with one published port."""

    container: Container
    port: int

    def get(self, path: str) -> requests.Response:
        return requests.get(self.url(path), timeout=10)

    def post(self, path: str) -> requests.Response:
        return requests.post(self.url(path), timeout=10)

    def discounts(self) -> Any:
        return self.get("/discount").json()

    def url(self, path: str) -> str:
        self.container.reload()
        (binding,) = self.container.attrs["NetworkSettings"]["Ports"][f"{self.port}/tcp"]
        return f"http://127.0.0.1:{binding['HostPort']}{path}"


class Town:
    """A private network with a database, and services that are started when they are asked for."""

    def __init__(self, engine: docker.DockerClient) -> None:
        self.name = f"storedog-test-{uuid.uuid4().hex[:8]}"
        self._engine = engine
        self._started: dict[str, Running] = {}
        self._containers: list[Container] = []
        self._network = engine.networks.create(self.name)
        self.database = self.run("db:15", "db", DATABASE)
        wait_until(lambda: self._health() == "healthy", "the database is healthy")

    def run(
        self, image: str, name: str, environment: dict[str, str], port: int | None = None
    ) -> Container:
        container = self._engine.containers.create(
            f"{IMAGES}/{image}",
            name=f"{self.name}-{name}",
            environment=environment,
            network=self.name,
            ports={f"{port}/tcp": ("127.0.0.1", 0)} if port else {},
        )
        self._containers.append(container)
        container.start()
        return container

    def start_discounts(self, release: str, name: str | None = None) -> Running:
        environment = DATABASE | {"POSTGRES_HOST": self.database.name or ""}
        container = self.run(f"discounts:{release}", name or release, environment, 2814)
        return Running(container, 2814)

    def discounts(self, release: str) -> Running:
        """The release, ready to answer; the same one for all tests."""
        if release not in self._started:
            running = self._started[release] = self.start_discounts(release)
            wait_until(lambda: answers(running, "/ready"), f"{release} is ready")
        return self._started[release]

    def frontend(self, discounts: str) -> Running:
        environment = {"DISCOUNTS_URL": f"http://{self.name}-{discounts}:2814"}
        name = f"frontend-of-{discounts}"
        if name not in self._started:
            running = Running(self.run("frontend:1", name, environment, 8080), 8080)
            wait_until(lambda: answers(running, "/"), "the frontend is ready")
            self._started[name] = running
        return self._started[name]

    def restart_database(self) -> None:
        self.database.start()
        wait_until(lambda: self._health() == "healthy", "the database is healthy again")

    def remove(self) -> None:
        for container in self._containers:
            container.remove(force=True, v=True)
        self._network.remove()

    def _health(self) -> str:
        self.database.reload()
        return str(self.database.attrs["State"]["Health"]["Status"])


def wait_until(happened: Callable[[], bool], what: str, timeout: float = 30) -> None:
    deadline = time.monotonic() + timeout
    while not happened():
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.1)


def answers(running: Running, path: str) -> bool:
    try:
        return running.get(path).status_code == 200
    except (requests.RequestException, ValueError):
        return False


@pytest.fixture(scope="module")
def town(engine: docker.DockerClient, registry: str) -> Iterator[Town]:
    for image in ("db:15", "frontend:1", "discounts:good"):
        try:
            engine.images.get_registry_data(f"{IMAGES}/{image}")
        except NotFound:
            pytest.fail(f"{registry} has no storedog/{image}: lab/up builds it")
    made = Town(engine)
    yield made
    made.remove()


@pytest.mark.parametrize("release", GOOD)
class TestGoodReleases:
    def test_list_has_random_and_fixed_discounts(self, town: Town, release: str) -> None:
        answer = town.discounts(release).get("/discount")
        assert answer.headers["Content-Type"] == "application/json"
        discounts = answer.json()
        assert len(discounts) >= 103
        assert all(d.keys() == discounts[0].keys() for d in discounts)
        fixed = [(d["code"], d["value"]) for d in discounts[100:103]]
        assert fixed == [("BFRIDAY", 5), ("OFF", 300), ("PARTY", 542)]
        assert discounts[100]["discount_type"] == {
            "id": 101,
            "name": "Save with Sherry",
            "discount_query": "price * .8",
        }

    def test_known_code_is_found(self, town: Town, release: str) -> None:
        answer = town.discounts(release).get("/discount-code?discount_code=BFRIDAY")
        assert answer.status_code == 200
        found = answer.json()
        assert (found["code"], found["status"]) == ("BFRIDAY", 1)
        assert found["discount_type"]["name"] == "Save with Sherry"

    @pytest.mark.parametrize("query", ["?discount_code=NOPE", "?discount_code=bfriday", ""])
    def test_other_codes_are_not_found(self, town: Town, release: str, query: str) -> None:
        answer = town.discounts(release).get(f"/discount-code{query}")
        assert answer.status_code == 404
        assert answer.json() == {"error": "Discount not found", "status": 0}

    def test_post_adds_a_discount(self, town: Town, release: str) -> None:
        before = len(town.discounts(release).discounts())
        answer = town.discounts(release).post("/discount")
        assert answer.status_code == 200
        assert len(answer.json()) == before + 1
        assert town.discounts(release).discounts() == answer.json()


def test_candidate_beside_the_live_instance_leaves_its_data_alone(town: Town) -> None:
    town.discounts("good").post("/discount")
    before = town.discounts("good").discounts()
    candidate = town.start_discounts("better", "candidate")
    wait_until(lambda: answers(candidate, "/ready"), "the candidate is ready")
    assert candidate.discounts() == town.discounts("good").discounts() == before


def test_instances_that_start_together_seed_once(engine: docker.DockerClient, town: Town) -> None:
    fresh = Town(engine)
    try:
        together = [fresh.start_discounts("good", f"instance-{n}") for n in range(3)]
        for instance in together:
            wait_until(lambda i=instance: answers(i, "/ready"), "it is ready")  # type: ignore[misc]
        assert [len(instance.discounts()) for instance in together] == [103, 103, 103]
    finally:
        fresh.remove()


def test_better_reads_the_list_with_one_query_and_good_with_many(town: Town) -> None:
    logged = ["psql", "-U", "storedog", "-d", "shop"]
    logged += ["-c", "ALTER SYSTEM SET log_statement = 'all'", "-c", "SELECT pg_reload_conf()"]
    assert town.database.exec_run(logged).exit_code == 0

    def type_queries(release: str) -> int:
        discounts = town.discounts(release)
        before = len(town.database.logs())
        asked = len(discounts.discounts())
        # The end of the request is the last thing that it logs.
        wait_until(lambda: b"ROLLBACK" in town.database.logs()[before:], "the request is logged")
        assert asked >= 103
        return town.database.logs()[before:].count(b"FROM discount_type")

    assert type_queries("good") >= 103
    assert type_queries("better") == 0


class TestDatabase:
    def test_readiness_fails_when_the_database_stops(self, town: Town) -> None:
        discounts = town.discounts("better")
        town.database.stop()
        try:
            ready = discounts.get("/ready")
            listed = discounts.get("/discount")
        finally:
            town.restart_database()
        assert ready.status_code == 503
        assert listed.status_code == 500
        assert listed.json() == {"error": "Internal Server Error"}
        wait_until(lambda: answers(discounts, "/ready"), "it is ready again")

    def test_start_waits_for_the_database(self, town: Town) -> None:
        town.database.stop()
        try:
            early = town.start_discounts("good", "early")
            wait_until(lambda: b"Booting worker" in early.container.logs(), "it has started")
        finally:
            town.restart_database()
        wait_until(lambda: answers(early, "/ready"), "it is ready")

    def test_data_outlives_a_restart(self, town: Town) -> None:
        before = town.discounts("good").discounts()
        town.database.stop()
        town.restart_database()
        assert town.discounts("good").discounts() == before


def test_services_run_without_root_and_stop_at_once(town: Town) -> None:
    stopped = town.start_discounts("good", "stopped")
    wait_until(lambda: answers(stopped, "/ready"), "it is ready")
    for container in (stopped.container, town.database):
        assert container.exec_run(["sh", "-c", 'test "$(id -u)" != 0']).exit_code == 0
    started = time.monotonic()
    stopped.container.stop(timeout=30)
    # gunicorn looks for a signal once a second; without its own handler the engine would wait 30 s.
    assert time.monotonic() - started < 10
    assert stopped.container.wait()["StatusCode"] == 0


class TestBadReleases:
    """Those whose fault a check of test_gate.py sees, and does not tell whole."""

    def test_empty_list(self, town: Town) -> None:
        assert town.discounts("empty-list").discounts() == []

    def test_renamed_field(self, town: Town) -> None:
        first = town.discounts("renamed-field").discounts()[0]
        assert first.keys() == {"id", "name", "discount_code", "value", "discount_type"}

    def test_wrapped_list(self, town: Town) -> None:
        answer = town.discounts("wrapped-list").discounts()
        assert answer.keys() == {"discounts"}
        assert "BFRIDAY" in {d["code"] for d in answer["discounts"]}

    def test_utf_16(self, town: Town) -> None:
        answer = town.discounts("utf-16").get("/discount")
        assert answer.headers["Content-Type"] == "application/json; charset=utf-16"
        assert "BFRIDAY" in {d["code"] for d in json.loads(answer.content.decode("utf-16"))}
        with pytest.raises(UnicodeDecodeError):
            answer.content.decode()

    def test_flaky(self, town: Town) -> None:
        statuses = [town.discounts("flaky").get("/discount").status_code for _ in range(6)]
        assert statuses == [500, 200, 500, 200, 500, 200]

    def test_each_release_has_its_own_digest(self, engine: docker.DockerClient) -> None:
        releases = [*GOOD, "http-500", "empty-list", "renamed-field", "null-code", "wrapped-list"]
        releases += ["html-200", "utf-16", "lost-route", "error-body", "slow", "flaky", "crash"]
        releases += ["never-ready"]
        digests = {
            engine.images.get_registry_data(f"{IMAGES}/discounts:{release}").id
            for release in releases
        }
        assert len(digests) == len(releases)


class TestFrontend:
    def test_passes_the_service_s_answers_on(self, town: Town) -> None:
        discounts = town.discounts("good")
        shop = town.frontend("good")
        assert shop.get("/services/discounts/discount").json() == discounts.discounts()
        unknown = shop.get("/services/discounts/discount-code?discount_code=A%26B")
        assert (unknown.status_code, unknown.json()["status"]) == (404, 0)

    def test_follows_a_swap_by_name_at_once(self, town: Town) -> None:
        old = town.start_discounts("good", "swapped")
        new = town.start_discounts("empty-list", "swapped.next")
        for running in (old, new):
            wait_until(lambda r=running: answers(r, "/ready"), "it is ready")  # type: ignore[misc]
        shop = town.frontend("swapped")
        path = "/services/discounts/discount"
        assert len(shop.get(path).json()) >= 103
        old.container.rename(f"{town.name}-swapped.prev")
        new.container.rename(f"{town.name}-swapped")
        assert shop.get(path).json() == []

    def test_says_502_when_the_service_is_away(self, town: Town) -> None:
        shop = town.frontend("nobody")
        answer = shop.get("/services/discounts/discount")
        assert answer.status_code == 502
        assert answer.json() == {"error": "The discounts service is unreachable"}
        assert shop.get("/").status_code == 200

    @pytest.mark.parametrize(
        ("path", "hooks"),
        [
            ("/", ["main-navbar", "discount-banner", "all-products-link", "proceed-to-checkout"]),
            ("/products/bits-t-shirt", ["variant-select", "add-to-cart-button", "discount-form"]),
        ],
    )
    def test_pages_have_their_hooks(self, town: Town, path: str, hooks: list[str]) -> None:
        page = town.frontend("good").get(path).text
        assert [hook for hook in hooks if f'id="{hook}"' not in page] == []
