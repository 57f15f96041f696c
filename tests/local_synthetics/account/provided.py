"""What an account has at its start, and Datadog's own client of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datadog_api_client import ApiClient, Configuration

from pytest_storedog_gate.local_synthetics.variables.global_variables import GlobalVariable

if TYPE_CHECKING:
    from tests.local_synthetics.account.terraform.provider import Provider
    from tests.local_synthetics.support.service import (
        Json,
    )

SECRET = "hunter22-hunter22"
MEMBER, SUITE = "mem-ber-one", "sui-tes-one"
GIVEN = {
    "GIVEN_OPEN": GlobalVariable("open-value", secure=False),
    "GIVEN_SECRET": GlobalVariable(SECRET),
}


def judged(provider: Provider) -> ApiClient:
    configuration = Configuration(host=provider.url)  # type: ignore[no-untyped-call]
    configuration.api_key = {"apiKeyAuth": "a", "appKeyAuth": "b"}
    return ApiClient(configuration)


LOCATION: Json = {"name": "Office, Berlin", "description": "", "tags": ["a:b"], "metadata": {}}


def new_suite(*tests: str, name: str = "Shop") -> Json:
    attributes = {
        "name": name,
        "message": "",
        "options": {"alerting_threshold": 0.5},
        "tags": ["a:b"],
        "tests": [{"public_id": one, "alerting_criticality": "critical"} for one in tests],
        "type": "suite",
    }
    return {"data": {"type": "suites", "attributes": attributes}}
