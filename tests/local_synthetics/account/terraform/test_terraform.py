"""A Terraform configuration against the service's process, by the calls of Datadog's provider.

For each kind of test: apply, plan without changes, run, apply a change, plan without changes,
destroy.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.account.terraform.configuration import IS_200, TESTS, multistep
from tests.local_synthetics.account.terraform.provider import (
    Provider,
    api_test,
    browser_step,
    changes,
    variable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.local_synthetics.proving.stages import Request
    from tests.local_synthetics.support.service import Json, Service

    Stages = Mapping[str, Request]


@pytest.mark.parametrize("name", list(TESTS))
def test_a_test_is_made_planned_run_changed_and_taken_away(
    name: str, stages: Stages, provider: Provider, service: Service
) -> None:
    _live(TESTS[name](stages), provider, service)


def test_a_sub_test_made_by_the_same_apply_is_played(
    stages: Stages, provider: Provider, service: Service
) -> None:
    played = provider.create(api_test("http", IS_200, **stages["http"]()))["public_id"]
    test = multistep(stages)
    test["config"]["steps"] = [
        {"name": "the sub-test", "subtype": "playSubTest", "subtestPublicId": played}
    ]
    _live(test, provider, service)
    provider.delete(played)


def test_a_browser_test_is_too(
    chromium: None, stages: Stages, site: str, provider: Provider, service: Service
) -> None:
    own = {"failTestOnCannotLocate": True, "values": [{"type": "css", "value": "#title"}]}
    test: Json = {
        "config": {
            "assertions": [],
            "configVariables": [variable("DOG", "Rex")],
            "request": {"headers": {"X-Dog": "beagle"}, "method": "GET", "url": site},
            "setCookie": "dog={{ DOG }}",
            "variables": [variable("WORD", "{{ numeric(3) }}"), variable("PW", "p", secure=True)],
        },
        "locations": ["aws:eu-central-1"],
        "message": "",
        "name": "a browser test",
        "options": {
            "blockedRequestPatterns": ["*://shop.invalid/*"],
            "device_ids": ["chrome.laptop_large"],
            "disableCors": True,
            "disableCsp": True,
            "httpVersion": "any",
            "ignoreServerCertificateError": True,
            "initialNavigationTimeout": 60,
            "min_location_failed": 1,
            "noScreenshot": True,
            "tick_every": 900,
        },
        "status": "live",
        "steps": [
            browser_step("assertElementPresent", element={"userLocator": own}),
            browser_step(
                "typeText",
                element={"multiLocator": {"ab": '//input[@id="dog"]'}, "url": site},
                value="{{ DOG }}",
                appendToContent=False,
                delay=1,
            ),
            browser_step("assertFromJavascript", code="return dog.value === 'Rex';"),
            browser_step("wait", value=1),
            browser_step(
                "runApiTest",
                request={
                    "config": {"assertions": [IS_200], "request": stages["http"]()},
                    "options": {},
                    "subtype": "http",
                },
            ),
            browser_step(
                "extractFromJavascript",
                code="return 'abc';",
                variable={"name": "LETTERS", "example": "x", "secure": False},
            ),
            browser_step("scroll", x=10, y=20),
        ],
        "tags": ["team:shop"],
        "type": "browser",
    }
    _live(test, provider, service)


def _live(test: Json, provider: Provider, service: Service) -> None:
    made = provider.create(copy.deepcopy(test))
    public_id = made["public_id"]
    assert changes(test, made) == []
    assert changes(test, provider.read(public_id)) == []
    _passes(service, public_id)
    other = {**test, "name": "another name", "status": "paused", "tags": ["a:b", "c"]}
    updated = provider.update(public_id, copy.deepcopy(other))
    assert {"name", "status", "tags"} <= set(changes(test, updated))
    assert changes(other, updated) == []
    assert changes(other, provider.read(public_id)) == []
    _passes(service, public_id)
    provider.delete(public_id)
    assert provider.read(public_id) is None


def _passes(service: Service, public_id: str) -> None:
    batch = service.final(service.trigger({"public_id": public_id}))
    failures = [
        service.result(entry["result_id"]).get("failure")
        for entry in batch["results"]
        if entry["status"] != "passed"
    ]
    assert failures == []
