"""The whole gate on real parts: the lab's Storedog, its good and bad releases, pytest processes."""

from __future__ import annotations

import copy
import re
import signal
import struct
import zlib
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.local_synthetics.definitions.files import load
from tests.conftest import MODES
from tests.live import lab_table
from tests.live.clients import asking
from tests.live.releases import LAB, PASSWORD, free_port
from tests.local_synthetics.support.service import Service, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.releases import Pipeline

pytestmark = pytest.mark.live
BANNER = "The banner shows a code from the discounts service"
# What a check of the lab sees, and where: the words that its failure has to hold.
CAUGHT = {
    "http-500": ("dsc-lst-get", "statusCode: expected is 200, actual 500"),
    "empty-list": ("dsc-lst-get", "$[*].code"),
    "renamed-field": ("dsc-lst-get", "$[*].code"),
    "null-code": ("dsc-lst-get", "$[*].code everyElementMatches"),
    "wrapped-list": ("dsc-lst-get", "$[*].code"),
    "html-200": ("dsc-lst-get", "header content-type: expected contains application/json"),
    "utf-16": ("shp-brw-flw", BANNER),
    "lost-route": ("dsc-cod-fnd", "statusCode: expected is 200, actual 404"),
    "error-body": ("dsc-cod-fnd", "$.code: expected is BFRIDAY"),
    "slow": ("dsc-lst-get", "responseTime: expected lessThan 2500, actual"),
}
# What a customer sees: the step of the browser check that fails, with a picture.
SEEN = {
    **dict.fromkeys(("http-500", "empty-list", "renamed-field", "null-code"), BANNER),
    **dict.fromkeys(("wrapped-list", "html-200", "utf-16"), BANNER),
    **dict.fromkeys(("lost-route", "error-body"), "Shipping is free"),
}
# Every second request for the list fails, and these ask for it.
HIT_BY_FLAKY = {"dsc-lst-get", "dsc-lst-fst", "shp-brw-flw"}
DEPLOYMENT_FAILS = {
    "crash": ("exited", "exit code 3", "a setting that this release needs is missing"),
    "never-ready": ("/ready: status 503", "status running"),
}
# What the configuration gives a candidate to become ready, which one never does.
PATIENCE = "timeout = 30"


@pytest.fixture(scope="module")
def checks(chromium: None) -> list[dict[str, Any]]:
    """All checks of the lab."""
    return [one.data for one in load([str(LAB / "checks" / "*.json")]).tests.values()]


@pytest.fixture(scope="module")
def service(checks: list[dict[str, Any]]) -> Iterator[Service]:
    """A local service with all checks of the lab, which has its pictures after a run, too."""
    with serving(*checks) as running:
        yield running


@pytest.fixture(scope="module")
def impatient_service(checks: list[dict[str, Any]]) -> Iterator[Service]:
    """For releases whose shop is broken: its browser waits for what will not come, but not long."""
    hurried = copy.deepcopy(checks)
    (browser,) = (one for one in hurried if one["type"] == "browser")
    del browser["options"]["retry"]
    for step in browser["steps"]:
        step["timeout"] = 4
    with serving(*hurried) as running:
        yield running


@pytest.mark.parametrize("release", ["good", "better"])
def test_good_release_passes_every_check(
    pipeline: Pipeline, service: Service, release: str
) -> None:
    done = pipeline.run_every_check(release, service)
    assert done.returncode == 0, done.stdout
    lab_table.hold(release, pipeline.row())


def test_better_release_goes_through_to_production_by_one_digest(pipeline: Pipeline) -> None:
    digest = pipeline.digest("better")
    for environment in (pipeline.staging, pipeline.production):
        done = pipeline.run(environment, "better")
        assert done.returncode == 0, done.stdout
        assert pipeline.live(environment)[1] == digest
        assert pipeline.report()["digest"] == digest
        edge = ["discounts.edge"] if environment == pipeline.production else []
        assert pipeline.names(environment) == ["db", "discounts", *edge, "frontend"]


@pytest.mark.parametrize("release", list(CAUGHT))
def test_bad_release_is_stopped_by_a_named_check(
    pipeline: Pipeline, impatient_service: Service, release: str
) -> None:
    staging, production = pipeline.live(pipeline.staging), pipeline.live(pipeline.production)
    check, words = CAUGHT[release]
    done = pipeline.run_every_check(release, impatient_service)
    assert done.returncode == 1, done.stdout
    reasons = {c["public_id"]: c["reason"] for c in pipeline.report()["checks"]}
    assert words in reasons[check]
    assert words in done.stdout
    cases = pipeline.junit()
    assert cases[f"test_check[{pipeline.staging}-{check}]"] == "failure"
    assert cases[f"deployment[{pipeline.staging}]"] == "passed"
    assert cases[f"verdict[{pipeline.staging}]"] == "failure"
    assert pipeline.live(pipeline.staging) == staging, "the previous version is back"
    assert pipeline.live(pipeline.production) == production, "production is untouched"
    assert pipeline.names(pipeline.staging) == ["db", "discounts", "frontend"]
    lab_table.hold(release, pipeline.row())
    assert failed_step(pipeline, impatient_service) == SEEN.get(release)


def failed_step(pipeline: Pipeline, service: Service) -> str | None:
    """The step at which the browser check of the last run failed, once its picture was seen."""
    (checked,) = (one for one in pipeline.report()["checks"] if one["public_id"] == "shp-brw-flw")
    steps = service.result(checked["results"][0]["result_id"])["steps"]
    failed = [step for step in steps if step["status"] == "failed"]
    for step in failed:
        picture = service.get(step["bucket_keys"]["screenshot"]).content
        assert jpeg_size(picture) == (1440, 1100), "the whole page of the device laptop_large"
        # One of an empty page says the same again and again.
        assert len(zlib.compress(picture)) > 5_000, "more than an empty page"
    assert len(failed) <= 1
    return failed[0]["description"] if failed else None


def jpeg_size(picture: bytes) -> tuple[int, int]:
    """Width and height in a JPEG's frame header (ITU T.81, B.2.2)."""
    assert (picture[:2], picture[-2:]) == (b"\xff\xd8", b"\xff\xd9")
    position = 2
    while picture[position + 1] not in (0xC0, 0xC1, 0xC2):
        position += 2 + int.from_bytes(picture[position + 2 : position + 4])
    height, width = struct.unpack(">HH", picture[position + 5 : position + 9])
    return width, height


@pytest.mark.parametrize("release", list(DEPLOYMENT_FAILS))
def test_release_that_does_not_come_up_never_gets_traffic(pipeline: Pipeline, release: str) -> None:
    before = pipeline.live(pipeline.staging), pipeline.live(pipeline.production)
    file = pipeline.folder / "storedog.toml"
    sound = file.read_text("utf-8")
    assert PATIENCE in sound
    file.write_text(sound.replace(PATIENCE, "timeout = 12"), "utf-8")
    done = pipeline.run(pipeline.staging, release)
    file.write_text(sound, "utf-8")
    assert done.returncode == 1, done.stdout
    for words in DEPLOYMENT_FAILS[release]:
        assert words in done.stdout
    assert pipeline.junit()[f"deployment[{pipeline.staging}]"] == "failure"
    assert (pipeline.live(pipeline.staging), pipeline.live(pipeline.production)) == before
    assert pipeline.names(pipeline.staging) == ["db", "discounts", "frontend"]
    assert PASSWORD not in done.stdout + (pipeline.folder / "junit.xml").read_text("utf-8")
    lab_table.hold(release, pipeline.row())


def test_attempts_of_a_flaky_release_are_told(pipeline: Pipeline, service: Service) -> None:
    done = pipeline.run_every_check("flaky", service)
    results = {c["public_id"]: c["results"][0] for c in pipeline.report()["checks"]}
    assert done.returncode == 1, done.stdout
    # The order of their requests decides which of them it hits.
    lists = [results[check] for check in sorted(HIT_BY_FLAKY)]
    assert "failed" in {result["status"] for result in lists}
    assert [len(result["attempts"]) for result in lists] == [r["retries"] + 1 for r in lists]
    failed = [a for result in lists for a in result["attempts"] if a["status"] == "failed"]
    said = [attempt["reason"].splitlines()[0] for attempt in failed]
    assert all("expected is 200, actual 500" in one or BANNER in one for one in said), said
    row = dict(zip(lab_table.columns(), pipeline.row(), strict=True))
    assert {check for check, word in row.items() if word} <= HIT_BY_FLAKY
    hit = ["at times" if check in HIT_BY_FLAKY else "" for check in row]
    lab_table.hold("flaky", hit)


def test_every_mode_makes_one_deployment_one_batch_and_the_same_verdict(pipeline: Pipeline) -> None:
    seen = []
    for mode in MODES:
        done = pipeline.run(pipeline.staging, "better", mode=mode)
        assert done.returncode == 0, done.stdout
        assert done.stdout.count("triggered 6 checks") == 1
        assert done.stdout.count(" is ready with ") == 1
        report = pipeline.report()
        states = {check["public_id"]: check["state"] for check in report["checks"]}
        batches = re.findall(
            r'"batch_id" value="([^"]+)"', (pipeline.folder / "junit.xml").read_text()
        )
        assert set(batches) == {report["batch_id"]}
        seen.append((report["state"], report["digest"], states, pipeline.junit()))
    assert seen == [seen[0]] * len(MODES)


def test_single_check_deploys_nothing(pipeline: Pipeline) -> None:
    before = pipeline.live(pipeline.staging), pipeline.live(pipeline.production)
    done = pipeline.run(
        pipeline.staging, "better", "--storedog-deploy=never", "--synthetics-id=dsc-cod-fnd"
    )
    assert done.returncode == 0, done.stdout
    assert list(pipeline.junit()) == [
        f"test_check[{pipeline.staging}-dsc-cod-fnd]",
        f"verdict[{pipeline.staging}]",
    ]
    assert (pipeline.live(pipeline.staging), pipeline.live(pipeline.production)) == before


def test_production_refuses_a_digest_that_staging_did_not_let_through(pipeline: Pipeline) -> None:
    before = pipeline.live(pipeline.production)
    done = pipeline.run(pipeline.production, "null-code")
    assert done.returncode == 1, done.stdout
    assert f"has no open verdict of {pipeline.staging}" in done.stdout
    assert pipeline.live(pipeline.production) == before


def test_production_puts_the_previous_version_back_when_its_own_checks_fail(
    pipeline: Pipeline,
) -> None:
    assert pipeline.run(pipeline.staging, "better").returncode == 0
    before = pipeline.live(pipeline.production)
    # Production's shop answers on an address where nobody listens, as after a broken route.
    file = pipeline.folder / "storedog.toml"
    sound = file.read_text("utf-8")
    shop = f'SHOP = "http://127.0.0.1:{pipeline.ports["18090"]}"'
    assert shop in sound
    file.write_text(sound.replace(shop, f'SHOP = "http://127.0.0.1:{free_port()}"'), "utf-8")
    done = pipeline.run(pipeline.production, "better")
    file.write_text(sound, "utf-8")
    assert done.returncode == 1, done.stdout
    assert "CONNREFUSED" in done.stdout
    assert pipeline.live(pipeline.production) == before
    url = f"http://127.0.0.1:{pipeline.ports['12814']}/discount"
    assert requests.get(url, timeout=5).status_code == 200


def test_a_bad_release_never_answers_a_user_of_production(pipeline: Pipeline) -> None:
    """Though staging has not stopped it: production asks for no verdict here."""
    before = pipeline.live(pipeline.production)
    file = pipeline.folder / "storedog.toml"
    sound = file.read_text("utf-8")
    requires = f'requires = "{pipeline.staging}"'
    assert requires in sound
    file.write_text(sound.replace(requires, ""), "utf-8")
    address = Address("127.0.0.1", pipeline.ports["12814"])
    with asking(address, path="/discount") as answered:
        done = pipeline.run(pipeline.production, "renamed-field")
    file.write_text(sound, "utf-8")
    assert done.returncode == 1, done.stdout
    assert "the candidate was given no traffic: dsc-lst-get: " in done.stdout
    assert pipeline.live(pipeline.production) == before
    (answer,) = answered.texts
    assert '"code"' in answer
    assert sum(answered.answers.values()) > 50


def test_plan_changes_nothing(pipeline: Pipeline) -> None:
    before = pipeline.live(pipeline.staging), pipeline.names(pipeline.staging)
    done = pipeline.run(pipeline.staging, "better", "--storedog-plan")
    assert done.returncode == 0, done.stdout
    assert "run check dsc-lst-get" in done.stdout
    assert (pipeline.live(pipeline.staging), pipeline.names(pipeline.staging)) == before
    impossible = pipeline.run(pipeline.staging, "no-such-tag", "--storedog-plan")
    assert impossible.returncode == 1, impossible.stdout
    assert "impossible: " in impossible.stdout


def test_tag_that_does_not_exist(pipeline: Pipeline) -> None:
    before = pipeline.live(pipeline.staging)
    done = pipeline.run(pipeline.staging, "no-such-tag")
    assert done.returncode == 1, done.stdout
    assert "no-such-tag" in done.stdout.splitlines()[-2]
    assert "Traceback" not in done.stdout
    assert pipeline.live(pipeline.staging) == before


def test_registry_that_cannot_be_reached(pipeline: Pipeline) -> None:
    file = pipeline.folder / "storedog.toml"
    sound = file.read_text("utf-8")
    nowhere = f"localhost:{free_port()}/storedog/discounts"
    file.write_text(sound.replace("localhost:5000/storedog/discounts", nowhere), "utf-8")
    done = pipeline.run(pipeline.staging, "good")
    file.write_text(sound, "utf-8")
    assert done.returncode == 8, done.stdout
    assert "registry" in done.stdout


@pytest.mark.parametrize(("mode", "number"), [("no-xdist", signal.SIGTERM), ("n2", signal.SIGINT)])
def test_interrupted_run_leaves_the_environment_in_order(
    pipeline: Pipeline, number: signal.Signals, mode: str
) -> None:
    before = pipeline.live(pipeline.staging)
    # The slow release's checks take seconds: the signal finds the run waiting for them.
    with pipeline.start(pipeline.staging, "slow", mode=mode) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "triggered" in line:
                process.send_signal(number)
    assert process.returncode == 2, "".join(said)
    assert pipeline.live(pipeline.staging) == before
    assert pipeline.names(pipeline.staging) == ["db", "discounts", "frontend"]


def test_run_killed_while_it_deploys_is_mended_by_the_next(pipeline: Pipeline) -> None:
    before = pipeline.live(pipeline.staging)
    with pipeline.start(pipeline.staging, "null-code") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "triggered" in line:
                process.kill()
                break
    assert process.returncode == -9
    done = pipeline.run(pipeline.staging, "better", "--storedog-lock-wait=10")
    assert done.returncode == 0, done.stdout
    assert "recovered: put " in done.stdout
    assert pipeline.live(pipeline.staging)[1] == pipeline.digest("better")
    assert before[1] != pipeline.digest("null-code")
