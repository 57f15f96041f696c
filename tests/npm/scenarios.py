"""What both tools are run with, beside what docs/explanation/differences.md lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.npm.both import Scenario
from tests.npm.faults import (
    LONG_RETRY_AFTER,
    RATE_LIMIT_EPOCH,
    RATE_LIMIT_SECONDS,
    RETRY_AFTER,
    TRIGGER_LIMITED,
    details_pass,
    never_ends,
    not_there_yet,
    once,
    passes,
)
from tests.npm.proxy import Fault
from tests.npm.world import definition

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]
PASSED, FAILED = "passed", "failed"


@dataclass(frozen=True)
class Expected:
    """A scenario with its exit statuses and each test's outcome, which both tools agree on."""

    scenario: Scenario
    theirs: int
    ours: int
    outcomes: Mapping[str, str]


def _by_id(*public_ids: str, **more: Any) -> Scenario:
    theirs = [part for public_id in public_ids for part in ("-p", public_id)]
    return Scenario(theirs, [f"--synthetics-id={one}" for one in public_ids], **more)


def _by_file(*tests: Json, **more: Any) -> Scenario:
    files = {"some.synthetics.json": {"tests": list(tests)}, **more.pop("files", {})}
    pattern = "*.synthetics.json"
    return Scenario(["-f", pattern], [f"--synthetics-files={pattern}"], files=files, **more)


def _passing(*faults: Fault, public_id: str = "pas-ses-one") -> Expected:
    return Expected(_by_id(public_id, faults=faults), 0, 0, {public_id: PASSED})


_DRONE = {
    "CI": "true",
    "DRONE": "true",
    "DRONE_BRANCH": "main",
    "DRONE_BUILD_LINK": "https://drone.example.com/acme/shop/7",
    "DRONE_BUILD_NUMBER": "7",
    "DRONE_COMMIT_AUTHOR_EMAIL": "ada@example.com",
    "DRONE_COMMIT_AUTHOR_NAME": "Ada",
    "DRONE_COMMIT_MESSAGE": "Better discounts",
    "DRONE_COMMIT_SHA": "0123456789abcdef0123456789abcdef01234567",
    "DRONE_GIT_HTTP_URL": "https://example.com/acme/shop.git",
    "DRONE_REPO": "acme/shop",
    "DRONE_STAGE_NAME": "deploy",
    "DRONE_STEP_NAME": "staging",
    "DRONE_WORKSPACE": "/drone/src",
}
_HELLO = {"headers": {"X-Say": "hello"}}
_ONE, _TWO = "pas-ses-one", "pas-ses-two"
_BOTH = {_ONE: PASSED, _TWO: PASSED}
_SEARCH = Scenario(["-s", "tag:team:shop"], ["--synthetics-search=tag:team:shop"])

SCENARIOS = {
    "never-ending batch": Expected(
        _by_id(
            _ONE,
            environment={"DATADOG_SYNTHETICS_BATCH_TIMEOUT": "1000"},
            faults=[Fault("batch", change=never_ends)],
        ),
        0,
        8,
        {},
    ),
    "pass": _passing(),
    "two pass": Expected(_by_id(_ONE, _TWO), 0, 0, _BOTH),
    "fail": Expected(_by_id("fai-lsx-one"), 1, 1, {"fai-lsx-one": FAILED}),
    "one of two fails": Expected(
        _by_id(_ONE, "fai-lsx-one"), 1, 1, {_ONE: PASSED, "fai-lsx-one": FAILED}
    ),
    "retry then pass": Expected(_by_id("fla-kyx-ret", in_turn=True), 0, 0, {"fla-kyx-ret": PASSED}),
    "retry then fail": Expected(_by_id("fai-lsx-ret"), 1, 1, {"fai-lsx-ret": FAILED}),
    "non-blocking in git": Expected(
        _by_file(
            {"id": _ONE}, {"id": "fai-lsx-one", "testOverrides": {"executionRule": "non_blocking"}}
        ),
        0,
        0,
        {_ONE: PASSED, "fai-lsx-one": FAILED},
    ),
    "skipped in git": Expected(
        _by_file(
            {"id": _ONE}, {"id": "fai-lsx-one", "testOverrides": {"executionRule": "skipped"}}
        ),
        0,
        0,
        {_ONE: PASSED},
    ),
    "timeout": Expected(
        _by_id("slo-wxx-one", environment={"DATADOG_SYNTHETICS_BATCH_TIMEOUT": "1000"}),
        1,
        8,
        {"slo-wxx-one": FAILED},
    ),
    "search": Expected(_SEARCH, 0, 0, _BOTH),
    "search, once 500": Expected(
        Scenario(_SEARCH.theirs, _SEARCH.ours, faults=[once("search", 500)]), 0, 0, _BOTH
    ),
    "version": Expected(_by_id(f"{_ONE}@1"), 0, 0, {_ONE: PASSED}),
    "version, once 500": Expected(
        _by_id(f"{_ONE}@1", faults=[once("version", 500)]), 0, 0, {_ONE: PASSED}
    ),
    "details URL": Expected(
        _by_id(f"https://app.datadoghq.com/synthetics/details/{_ONE}"), 0, 0, {_ONE: PASSED}
    ),
    "suite": Expected(_by_id("sui-tex-one"), 0, 0, _BOTH),
    "IDs in datadog-ci.json": Expected(
        Scenario(files={"datadog-ci.json": {"publicIds": [_ONE, _TWO]}}), 0, 0, _BOTH
    ),
    "IDs in the environment": Expected(
        Scenario(environment={"DATADOG_SYNTHETICS_PUBLIC_IDS": f"{_ONE};{_TWO}"}), 0, 0, _BOTH
    ),
    "files in datadog-ci.json": Expected(
        Scenario(
            files={
                "datadog-ci.json": {"files": ["mine.json"]},
                "mine.json": {"tests": [{"id": _ONE, "version": 1}]},
            }
        ),
        0,
        0,
        {_ONE: PASSED},
    ),
    "test file": Expected(_by_file({"id": _ONE}, {"id": _TWO}), 0, 0, _BOTH),
    "definition in a test file": Expected(
        _by_file({"localTestDefinition": definition("own-tes-tnr", "/ok", "http://unset")}),
        1,
        1,
        {"own-tes-tnr": FAILED},
    ),
    "overrides in a test file": Expected(
        _by_file(
            {
                "id": "say-hel-loo",
                "testOverrides": {
                    **_HELLO,
                    "allowInsecureCertificates": True,
                    "basicAuth": {"username": "ada", "password": "secret-of-ada"},
                    "body": "some",
                    "bodyType": "text/plain",
                    "cookies": "a=b",
                    "followRedirects": True,
                    "locations": ["aws:eu-west-1"],
                    "retry": {"count": 1, "interval": 10},
                    "variables": {"UNUSED": "1"},
                },
            }
        ),
        0,
        0,
        {"say-hel-loo": PASSED},
    ),
    "overrides in datadog-ci.json": Expected(
        _by_id("say-hel-loo", files={"datadog-ci.json": {"defaultTestOverrides": _HELLO}}),
        0,
        0,
        {"say-hel-loo": PASSED},
    ),
    "overrides in the environment": Expected(
        _by_id(
            "say-hel-loo",
            environment={
                "DATADOG_SYNTHETICS_OVERRIDE_HEADERS": '{"X-Say": "hello"}',
                "DATADOG_SYNTHETICS_OVERRIDE_RETRY_COUNT": "1",
                "DATADOG_SYNTHETICS_OVERRIDE_RETRY_INTERVAL": "10",
                "DATADOG_SYNTHETICS_OVERRIDE_VARIABLES": '{"UNUSED": "1"}',
            },
        ),
        0,
        0,
        {"say-hel-loo": PASSED},
    ),
    "start URL from the environment": Expected(
        _by_id(
            _ONE,
            files={
                "datadog-ci.json": {"defaultTestOverrides": {"startUrl": "{{ SHOP }}/{{ PAGE }}"}}
            },
            environment={"PAGE": "broken"},
        ),
        1,
        1,
        {_ONE: FAILED},
    ),
    "falsy override": Expected(
        _by_file({"id": _ONE, "testOverrides": {"followRedirects": False}}),
        0,
        0,
        {_ONE: PASSED},
    ),
    "variables in two places": Expected(
        _by_file(
            {"id": _ONE, "testOverrides": {"variables": {"A": "1"}}},
            files={"datadog-ci.json": {"defaultTestOverrides": {"variables": {"B": "2"}}}},
        ),
        0,
        0,
        {_ONE: PASSED},
    ),
    "two locations": Expected(_by_id("two-loc-ati"), 0, 0, {"two-loc-ati": PASSED}),
    "two devices": Expected(
        _by_file(
            {
                "id": "bro-wse-rxx",
                "testOverrides": {"deviceIds": ["chrome.laptop_large", "firefox.tablet"]},
            },
            faults=[Fault("batch", change=passes), Fault("results", change=details_pass)],
        ),
        0,
        0,
        {"bro-wse-rxx": PASSED},
    ),
    "CI metadata of Drone": Expected(_by_id(_ONE, environment=_DRONE), 0, 0, {_ONE: PASSED}),
    "429 with Retry-After on the batch": _passing(RETRY_AFTER),
    "429 with X-RateLimit-Reset in seconds on the results": _passing(RATE_LIMIT_SECONDS),
    "429 with X-RateLimit-Reset as a time on the test": _passing(RATE_LIMIT_EPOCH),
    "429 with Retry-After on the trigger": _passing(TRIGGER_LIMITED),
    "429 with a long Retry-After": Expected(
        _by_id(
            _ONE,
            environment={"DATADOG_SYNTHETICS_BATCH_TIMEOUT": "20000"},
            faults=[LONG_RETRY_AFTER],
        ),
        0,
        8,
        {_ONE: PASSED},
    ),
    "once 500 on the test": _passing(once("test", 500)),
    "once 502 on the batch": _passing(once("batch", 502)),
    "once 503 on the results": _passing(once("results", 503)),
    "once 404 on the batch": _passing(once("batch", 404)),
    "once 404 on the results": _passing(once("results", 404)),
    "connection dropped once on the batch": _passing(once("batch", 0)),
    "once 503 on the trigger": Expected(
        _by_id(_ONE, faults=[once("trigger", 503)]), 0, 8, {_ONE: PASSED}
    ),
    "failed, details never arrive": Expected(
        _by_id("fai-lsx-one", faults=[Fault("results", change=not_there_yet)]),
        1,
        1,
        {"fai-lsx-one": FAILED},
    ),
}
