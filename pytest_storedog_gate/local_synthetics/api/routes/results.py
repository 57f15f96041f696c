"""The paths of the API that list and show the results of a test."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.routing import Route

from pytest_storedog_gate.local_synthetics.account.submitted import UNKNOWN_TEST, Missing
from pytest_storedog_gate.local_synthetics.api.answers import Answer, read_count
from pytest_storedog_gate.local_synthetics.api.results_v1 import full_v1, short_v1, summary_v2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.running.results import Kept, Results

_SHOWN = 150  # the latest, as in Datadog
_NEVER = 10**15 - 1  # ms


class ResultsApi:
    """Results of tests that are there."""

    def __init__(self, tests: Mapping[str, Definition], results: Results) -> None:
        self._tests = tests
        self._results = results

    def routes(self) -> list[Route]:
        """Where they are; the paths of browser tests have no other tests."""
        paths = ("tests/{public_id}/results", "tests/browser/{public_id}/results")
        return [
            route
            for path in paths
            for route in (
                Route(f"/api/v1/synthetics/{path}", self._list_v1),
                Route(f"/api/v1/synthetics/{path}/{{result_id}}", self._one_v1),
                Route(f"/api/v2/synthetics/{path}", self._list_v2),
                Route(f"/api/v2/synthetics/{path}/{{result_id}}", self._one_v2),
            )
        ]

    async def _list_v1(self, request: Request) -> Response:
        found = self._latest(request)
        last = found[0].result["started_at"] if found else 0
        results = [short_v1(one) for one in found]
        return Answer({"last_timestamp_fetched": last, "results": results})

    async def _one_v1(self, request: Request) -> Response:
        return Answer(full_v1(self._result(request)))

    async def _list_v2(self, request: Request) -> Response:
        found = self._latest(request)
        included = self._results.poll(one.result["id"] for one in found)["included"]
        return Answer({"data": [summary_v2(one) for one in found], "included": included})

    async def _one_v2(self, request: Request) -> Response:
        document = self._results.poll([self._result(request).result["id"]])
        (datum,) = document["data"]
        return Answer({"data": datum, "included": document["included"]})

    def _latest(self, request: Request) -> list[Kept]:
        public_id = self._public_id(request)
        start = read_count(request, "from_ts", default=0)
        end = read_count(request, "to_ts", default=_NEVER)
        wanted = {
            name: set(request.query_params.getlist(name))
            for name in ("probe_dc", "device_id", "status", "runType")
        }
        found = (
            one
            for one in self._results.of_test(public_id)
            if start <= one.result["started_at"] <= end
            and all(
                not values or _filtered_by(one)[name] in values for name, values in wanted.items()
            )
        )
        return list(itertools.islice(found, _SHOWN))

    def _result(self, request: Request) -> Kept:
        public_id = self._public_id(request)
        found = self._results.find(request.path_params["result_id"])
        if found is None or not found.ended or found.definition.public_id != public_id:
            raise HTTPException(404, "Result not found")
        return found

    def _public_id(self, request: Request) -> str:
        public_id: str = request.path_params["public_id"]
        test = self._tests.get(public_id)
        if test is None or ("/tests/browser/" in request.url.path and test.type != "browser"):
            raise Missing(UNKNOWN_TEST)
        return public_id


def _filtered_by(kept: Kept) -> Json:
    return {
        "probe_dc": kept.attributes["location"]["id"],
        "device_id": kept.device,
        "status": kept.result["status"],
        "runType": kept.result["run_type"],
    }
