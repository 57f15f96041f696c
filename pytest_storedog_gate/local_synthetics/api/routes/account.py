"""The paths of the API that are about suites, global variables and locations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.api.routes.plain import V1, V2, route
from pytest_storedog_gate.local_synthetics.running.batches import display_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.routing import Route

    from pytest_storedog_gate.local_synthetics.account.private_locations import PrivateLocations
    from pytest_storedog_gate.local_synthetics.account.suites import Suites
    from pytest_storedog_gate.local_synthetics.account.variables import AccountVariables
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json

# Datadog's own: a configuration picks some of them by their IDs.
# https://docs.datadoghq.com/api/latest/synthetics/#get-all-locations-public-and-private
_MANAGED = (
    "aws:af-south-1", "aws:ap-east-1", "aws:ap-northeast-1", "aws:ap-northeast-2",
    "aws:ap-northeast-3", "aws:ap-south-1", "aws:ap-southeast-1", "aws:ap-southeast-2",
    "aws:ap-southeast-3", "aws:ca-central-1", "aws:eu-central-1", "aws:eu-north-1",
    "aws:eu-south-1", "aws:eu-west-1", "aws:eu-west-2", "aws:eu-west-3", "aws:me-south-1",
    "aws:sa-east-1", "aws:us-east-1", "aws:us-east-2", "aws:us-west-1", "aws:us-west-2",
    "azure:eastus", "gcp:asia-northeast1", "gcp:europe-west3", "gcp:us-east4", "gcp:us-south1",
    "gcp:us-west1", "gcp:us-west2",
)  # fmt: skip


def suite_routes(suites: Suites, tests: Mapping[str, Definition]) -> list[Route]:
    """Suites, of files and made by the API."""

    def create(body: Json) -> Json:
        return suites.create(body["data"]["attributes"], tests).document()

    def edit(public_id: str, body: Json) -> Json:
        return suites.edit(public_id, body["data"]["attributes"], tests).document()

    def delete(body: Json) -> Json:
        public_ids = dict.fromkeys(body["data"]["attributes"]["public_ids"])
        deleted = {"deleted_at": suites.delete(public_ids)}
        return {
            "data": [
                {"type": "suites", "id": one, "attributes": {"public_id": one, **deleted}}
                for one in public_ids
            ]
        }

    path, one = f"{V2}/suites", f"{V2}/suites/{{public_id}}"
    return [
        route("POST", path, create, "NewSuite"),
        route("POST", f"{path}/bulk-delete", delete, "SuitesToDelete"),
        route("GET", one, lambda public_id: suites.one(public_id).document()),
        route("PUT", one, edit, "NewSuite"),
    ]


def variable_routes(variables: AccountVariables) -> list[Route]:
    """Global variables; a secure value is taken and never answered."""
    path, one = f"{V1}/variables", f"{V1}/variables/{{variable_id}}"
    return [
        route("GET", path, lambda: {"variables": variables.documents()}),
        route("POST", path, variables.create, "NewVariable"),
        route("GET", one, variables.document),
        route("PUT", one, variables.edit, "NewVariable"),
        route("DELETE", one, variables.delete),
    ]


def location_routes(private: PrivateLocations, tests: Mapping[str, Definition]) -> list[Route]:
    """Locations, which are names here, whoever gave them."""

    def every() -> Json:
        used = {name for test in tests.values() for name in test.locations}
        names = dict.fromkeys([*_MANAGED, *private.ids, *sorted(used)])
        return {"locations": [{"id": name, "name": display_name(name)} for name in names]}

    def create(body: Json) -> Json:
        # No worker needs a configuration: what it would run runs here.
        return {"private_location": private.create(body), "config": {}}

    path, one = f"{V1}/private-locations", f"{V1}/private-locations/{{location_id}}"
    return [
        route("GET", f"{V1}/locations", every),
        route("POST", path, create, "NewPrivateLocation"),
        route("GET", one, private.one),
        route("PUT", one, private.edit, "NewPrivateLocation"),
        route("DELETE", one, private.delete, status=204),
    ]
