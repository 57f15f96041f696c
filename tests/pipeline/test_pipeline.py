"""From a push to production, and every way in which it must not get there."""

from __future__ import annotations

import threading
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab.scripts.pipeline.repository import KEPT
from tests.pipeline.conftest import LAB

if TYPE_CHECKING:
    from tests.pipeline.conftest import Pipeline
    from tests.pipeline.drone import Build

pytestmark = pytest.mark.pipeline

_PASSED = ("success", 0)
_SKIPPED = ("skipped", 0)
# Beside the one that only a browser sees. They take five minutes.
_BAD = (
    *("http-500", "empty-list", "renamed-field", "null-code", "wrapped-list", "html-200"),
    *("lost-route", "error-body", "slow", "flaky", "crash", "never-ready"),
)


def assert_in_production(pipeline: Pipeline, build: Build) -> None:
    """Every step passed, and production serves what this build has built."""
    assert build.status == "success", build.facts
    assert {*build.steps.values()} == {_PASSED}
    live = pipeline.live("production")
    assert live.digest == pipeline.digest(build)
    assert live.build == str(build.number)
    assert "BFRIDAY" in {discount["code"] for discount in live.discounts}


def test_better_release_goes_from_push_to_production(pipeline: Pipeline, better: Build) -> None:
    build = better
    assert [*build.steps] == ["clone", "build", "staging", "production"]
    assert_in_production(pipeline, build)
    assert pipeline.live("staging").digest == pipeline.digest(build)
    labels = pipeline.engine.containers.get("production-discounts").labels
    assert labels["storedog.gate.commit"] == build.commit
    assert labels["storedog.gate.build-link"] == f"{pipeline.drone.link}/{build.number}"
    staging, production = pipeline.comments()[-2:]
    assert "GATE OPEN for staging: 7/7 checks passed" in staging
    assert "GATE OPEN for production: 3/3 checks passed" in production
    assert build.commit in staging
    assert build.commit in production
    assert "1338;" not in pipeline.drone.log(build, "staging"), "the runner took the card"


def stopped(pipeline: Pipeline, release: str) -> Build:
    """The build of a push of the release, which ended at the gate and changed nothing."""
    before = pipeline.live("staging"), pipeline.live("production")
    build = pipeline.run(release)
    assert build.status == "failure"
    assert build.steps["build"] == _PASSED
    assert build.steps["staging"] == ("failure", 1)
    assert build.steps["production"] == _SKIPPED
    assert pipeline.digest(build) != before[1].digest
    after = pipeline.live("staging"), pipeline.live("production")
    assert after[0].digest == before[0].digest
    assert after[1] == before[1]
    report = pipeline.report(build, "staging")
    assert (report["state"], report["digest"]) == ("closed", pipeline.digest(build))
    return build


@pytest.mark.usefixtures("better")
def test_browser_test_alone_halts_a_release(pipeline: Pipeline) -> None:
    build = stopped(pipeline, "utf-16")
    checks = pipeline.report(build, "staging")["checks"]
    (halting,) = [check for check in checks if check["state"] != "open"]
    assert (halting["public_id"], halting["state"]) == ("shp-brw-flw", "closed")
    (result,) = halting["results"]
    kept = [path.rpartition("/.storedog/")[2] for path in result["artifacts"]]
    assert [Path(path).name for path in kept] == ["page.html", "page.png", "trace.zip"]
    assert "<strong>STOREDOG</strong>" in (KEPT / "staging" / kept[0]).read_text("utf-8")


@pytest.mark.long
@pytest.mark.usefixtures("better")
@pytest.mark.parametrize("release", _BAD)
def test_bad_release_ends_at_the_gate(pipeline: Pipeline, release: str) -> None:
    stopped(pipeline, release)


@pytest.mark.long
@pytest.mark.usefixtures("better")
@pytest.mark.parametrize("environment", ["staging", "production"])
def test_push_after_a_build_cancelled_while_it_deploys_ends_right(
    pipeline: Pipeline, environment: str
) -> None:
    created = next_candidate(pipeline, environment)
    build = pipeline.push("better")
    assert created.wait(300), "the gate never deployed"
    pipeline.drone.cancel(build)
    cancelled = pipeline.drone.finished(build)
    assert cancelled.status == "killed"
    assert cancelled.steps[environment][0] == "killed"
    assert_in_production(pipeline, pipeline.run("good"))
    for each in ("staging", "production"):
        names = {
            container.name
            for container in pipeline.engine.containers.list(
                filters={"label": [f"storedog.gate.env={each}", "storedog.gate.service=discounts"]}
            )
        }
        assert names == {f"{each}-discounts"}


@pytest.mark.long
@pytest.mark.usefixtures("better")
def test_red_build_promoted_by_hand_is_refused(pipeline: Pipeline) -> None:
    red = pipeline.run("renamed-field")
    before = pipeline.live("production")
    promotion = pipeline.drone.finished(pipeline.drone.promote(red, "production"))
    assert promotion.status == "failure"
    assert promotion.steps["production"] == ("failure", 1)
    refusal = f"{pipeline.digest(red)} has no open verdict of staging, so it cannot be promoted"
    assert refusal in pipeline.drone.log(promotion, "production")
    assert pipeline.live("production") == before


@pytest.mark.long
def test_green_build_promoted_by_hand_goes_back_to_its_digest(pipeline: Pipeline) -> None:
    older, newer = pipeline.run("good"), pipeline.run("better")
    assert pipeline.live("production").digest == pipeline.digest(newer)
    promotion = pipeline.drone.finished(pipeline.drone.promote(older, "production"))
    assert promotion.facts["parent"] == older.number
    assert_in_production(pipeline, promotion)


@pytest.mark.long
def test_two_pushes_at_once_do_not_mix(pipeline: Pipeline) -> None:
    pushed = [pipeline.push("good"), pipeline.push("better")]
    first, second = (pipeline.drone.finished(build) for build in pushed)
    assert first.ran[1] <= second.ran[0]
    for build in (first, second):
        assert build.status == "success"
        for environment in ("staging", "production"):
            assert pipeline.report(build, environment)["digest"] == pipeline.digest(build)
    assert pipeline.digest(first) != pipeline.digest(second)
    assert_in_production(pipeline, second)


def test_image_of_the_steps_needs_no_root_where_a_group_owns_the_socket(
    pipeline: Pipeline,
) -> None:
    socket = Path("/var/run/docker.sock")
    output = pipeline.engine.containers.run(
        f"storedog-gate:{version('pytest-storedog-gate')}",
        ["sh", "-c", "id -u; pytest --storedog-env=staging --storedog-plan"],
        environment={"STOREDOG_IMAGE": "good", "STOREDOG_DB_PASSWORD": "unused"},
        group_add=[str(socket.stat().st_gid)],
        network_mode="host",
        remove=True,
        volumes=[f"{socket}:{socket}", f"{LAB}:/lab:ro"],
        working_dir="/lab",
    ).decode()
    user, plan = output.split("\n", 1)
    assert user != "0"
    assert pipeline.digest_of_tag("good") in plan


def next_candidate(pipeline: Pipeline, environment: str) -> threading.Event:
    """Set once the gate has started a container of discounts there."""
    started = threading.Event()
    events = pipeline.engine.events(
        decode=True,
        filters={
            "event": "start",
            "label": [f"storedog.gate.env={environment}", "storedog.gate.service=discounts"],
        },
    )

    def watch() -> None:
        for _event in events:
            started.set()
            events.close()
            return

    threading.Thread(target=watch, daemon=True).start()
    return started
