"""The paths of the API that list and show the results of tests, and their screenshots."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from pytest_storedog_gate.local_synthetics.account.submitted import UNKNOWN_TEST, Missing
from pytest_storedog_gate.local_synthetics.api.answers import Answer, read_count, read_json
from pytest_storedog_gate.local_synthetics.api.results_v1 import full_v1, short_v1, summary_v2
from pytest_storedog_gate.local_synthetics.api.routes.plain import V1, V2
from pytest_storedog_gate.local_synthetics.chromium.screenshots import SCREENSHOTS_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from pytest_storedog_gate.local_synthetics.chromium.screenshots import Screenshots
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.running.results import Kept, Results

_SHOWN = 150  # the latest, as in Datadog
_NEVER = 10**15 - 1  # ms


class ResultsApi:
    """Results of tests that are there."""

    def __init__(
        self, tests: Mapping[str, Definition], results: Results, screenshots: Screenshots
    ) -> None:
        self._tests = tests
        self._results = results
        self._screenshots = screenshots

    def routes(self) -> list[Route]:
        """Where they are; the paths of browser tests have no other tests."""
        listed = ("tests/{public_id}/results", "tests/browser/{public_id}/results")
        return [
            *(Route(f"{V1}/{path}", self._list_v1) for path in listed),
            *(Route(f"{V1}/{path}/{{result_id}}", self._one_v1) for path in listed),
            *(Route(f"{V2}/{path}", self._list_v2) for path in listed),
            *(Route(f"{V2}/{path}/{{result_id}}", self._one_v2) for path in listed),
            Route(f"{V2}/tests/poll_results", self._poll),
            Route(f"{SCREENSHOTS_PATH}/{{name}}", self._screenshot),
        ]

    async def _poll(self, request: Request) -> Response:
        ids = read_json(request.query_params.get("result_ids", ""))
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise HTTPException(400, "result_ids must be a JSON array of strings")
        return Answer(self._results.poll(ids))

    async def _screenshot(self, request: Request) -> Response:
        picture = self._screenshots.get(request.path_params["name"])
        if picture is None:
            raise HTTPException(404, "Screenshot not found")
        return Response(picture, media_type="image/jpeg")

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
