"""Results of browser tests by the API; the judge is Datadog's own client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.v1.api.synthetics_api import SyntheticsApi
from datadog_api_client.v2.api.synthetics_api import SyntheticsApi as SyntheticsApiV2

from tests.local_synthetics.support.browser_tests import browser_test, css, says, step
from tests.local_synthetics.support.service import until
from tests.published.data import needs_published
from tests.published.openapi import Description

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_synthetics.support.service import Service

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def judge(browser_service: Service) -> Iterator[ApiClient]:
    """Datadog's client for Python, which checks what it is answered."""
    configuration = Configuration(host=browser_service.url)  # type: ignore[no-untyped-call]
    configuration.api_key = {"apiKeyAuth": "a", "appKeyAuth": "b"}
    with ApiClient(configuration) as client:
        yield client


@pytest.fixture(scope="module")
def ended(browser_service: Service, site: str, judge: ApiClient) -> tuple[str, str]:
    """The public ID of a test that fails in its second assertion, and its result's ID."""
    api: Any = SyntheticsApi(judge)  # type: ignore[no-untyped-call]
    steps = [step("click", element=css("#greet")), says("Hello, Rex"), says("no", seconds=0.5)]
    last = step("goToUrlAndMeasureTti", value=site)
    test = {**browser_test(site, *steps, last), "message": ""}
    del test["public_id"]
    made = api.create_synthetics_browser_test(test)
    (result,) = api.trigger_tests({"tests": [{"public_id": made.public_id}]}).results
    result_id = result.result_id
    until(lambda: browser_service.result(result_id).get("finished_at"), "the result")
    return made.public_id, result_id


def test_datadogs_client_lists_it(judge: ApiClient, ended: tuple[str, str]) -> None:
    api: Any = SyntheticsApi(judge)  # type: ignore[no-untyped-call]
    (short,) = api.get_browser_test_latest_results(ended[0]).results
    assert (short.result_id, short.status.value) == (ended[1], 1)
    assert (short.result.step_count_total, short.result.step_count_completed) == (5, 3)
    assert (str(short.result.device.id), short.result.device.width) == ("laptop_large", 1440)


def test_datadogs_client_reads_its_steps(site: str, judge: ApiClient, ended: Any) -> None:
    api: Any = SyntheticsApi(judge)  # type: ignore[no-untyped-call]
    found = api.get_browser_test_result(*ended).result
    assert (found.start_url, found.browser_type) == (site, "chrome")
    assert [one.skipped for one in found.step_details] == [False, False, False, False, True]
    assert [str(one.type) for one in found.step_details[:2]] == ["goToUrlAndMeasureTti", "click"]
    # No definition holds the first step; the last one, of the same type, is the test's own.
    assert [one.get("step_id") for one in found.step_details] == [-1, None, None, None, None]
    failing = found.step_details[3]
    assert (str(failing.failure.code), str(failing.check_type)) == ("ASSERTION_FAILURE", "equals")
    assert [one.screenshot_bucket_key for one in found.step_details] == [True] * 4 + [False]


def test_datadogs_client_reads_it_as_of_v2(judge: ApiClient, ended: tuple[str, str]) -> None:
    api: Any = SyntheticsApiV2(judge)  # type: ignore[no-untyped-call]
    (summary,) = api.list_synthetics_browser_test_latest_results(ended[0]).data
    assert (summary.id, str(summary.attributes.status)) == (ended[1], "failed")
    found = api.get_synthetics_browser_test_result(*ended).data.attributes.result
    assert [str(one.status) for one in found.steps] == [*["passed"] * 3, "failed", "skipped"]


@needs_published
def test_it_is_as_described(browser_service: Service, ended: tuple[str, str]) -> None:
    path = f"/api/v1/synthetics/tests/browser/{ended[0]}/results"
    described = Description()
    listed = browser_service.get(path).json()
    whole = browser_service.get(f"{path}/{ended[1]}").json()
    schema = "SyntheticsGetBrowserTestLatestResultsResponse"
    assert described.faults(schema, listed) == []
    assert described.faults("SyntheticsBrowserTestResultFull", whole) == []
