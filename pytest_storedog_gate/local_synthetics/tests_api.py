"""The paths of the API that make, list, change and trigger tests, and show their results."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.routing import Route

from pytest_storedog_gate.local_synthetics.batches import location_documents
from pytest_storedog_gate.local_synthetics.definitions import Definition
from pytest_storedog_gate.local_synthetics.editing import EditError, UnknownTest
from pytest_storedog_gate.local_synthetics.http_answers import (
    Answer,
    read_count,
    read_object,
)
from pytest_storedog_gate.local_synthetics.overrides import TriggerError, parse_trigger
from pytest_storedog_gate.local_synthetics.public_view import full_view
from pytest_storedog_gate.local_synthetics.result_views import full_v1, short_v1, summary_v2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request
    from starlette.responses import Response

    from pytest_storedog_gate.local_synthetics.batches import Batches
    from pytest_storedog_gate.local_synthetics.catalog import Catalog
    from pytest_storedog_gate.local_synthetics.definitions import Json
    from pytest_storedog_gate.local_synthetics.editing import Tests
    from pytest_storedog_gate.local_synthetics.kinds import Run
    from pytest_storedog_gate.local_synthetics.results import Kept, Results

_SHOWN_RESULTS = 150  # the latest, as in Datadog
_TYPES = ("api", "browser", "mobile")
_NEVER = 10**15 - 1  # ms


class TestsApi:
    """Tests and their results."""

    def __init__(self, tests: Tests, catalog: Catalog, batches: Batches, results: Results) -> None:
        self._tests = tests
        self._catalog = catalog
        self._batches = batches
        self._results = results

    def routes(self) -> list[Route]:
        """Where they are; these must come before a route of `tests/{public_id}`."""
        v1, v2 = "/api/v1/synthetics/tests", "/api/v2/synthetics/tests"
        return [
            Route(v1, self._list),
            Route(f"{v1}/api", self._create, methods=["POST"]),
            Route(f"{v1}/delete", self._delete, methods=["POST"]),
            Route(f"{v1}/trigger", self._trigger, methods=["POST"]),
            Route(f"{v1}/api/{{public_id}}", self._edit, methods=["PUT"]),
            *(Route(f"{v1}/{kind}/{{public_id}}", self._one_of_type) for kind in _TYPES),
            Route(f"{v1}/{{public_id}}/status", self._status, methods=["PUT"]),
            Route(f"{v1}/{{public_id}}/results", self._results_v1),
            Route(f"{v1}/{{public_id}}/results/{{result_id}}", self._result_v1),
            Route(f"{v2}/{{public_id}}/results", self._results_v2),
            Route(f"{v2}/{{public_id}}/results/{{result_id}}", self._result_v2),
        ]

    async def _list(self, request: Request) -> Response:
        size = read_count(request, "page_size", default=100)
        start = size * read_count(request, "page_number", default=0)
        page = list(self._tests.by_id.values())[start : start + size]
        return Answer({"tests": [full_view(one) for one in page]})

    async def _create(self, request: Request) -> Response:
        body = await read_object(request)
        with _told():
            return Answer(full_view(self._tests.create(body)))

    async def _edit(self, request: Request) -> Response:
        body = await read_object(request)
        with _told():
            return Answer(full_view(self._tests.edit(request.path_params["public_id"], body)))

    async def _one_of_type(self, request: Request) -> Response:
        kind = request.url.path.split("/")[-2]
        definition = self._tests.by_id.get(request.path_params["public_id"])
        if definition is None or definition.type != kind:
            raise _unknown()
        return Answer(full_view(definition))

    async def _status(self, request: Request) -> Response:
        body = await read_object(request, {"new_status"})
        with _told():
            self._tests.set_status(request.path_params["public_id"], body.get("new_status"))
        return Answer(content=True)

    async def _delete(self, request: Request) -> Response:
        body = await read_object(request, {"public_ids", "force_delete_dependencies"})
        ids = body.get("public_ids")
        if not isinstance(ids, list) or not ids or not all(isinstance(one, str) for one in ids):
            raise HTTPException(400, "public_ids must be a list with at least one public ID")
        with _told():
            deleted_at = self._tests.delete(ids)
        deleted = [{"public_id": one, "deleted_at": deleted_at} for one in dict.fromkeys(ids)]
        return Answer({"deleted_tests": deleted})

    async def _trigger(self, request: Request) -> Response:
        body = await read_object(request, {"tests"})
        tests = body.get("tests")
        for test in tests if isinstance(tests, list) else []:
            known = isinstance(test, dict) and test.keys() <= {"public_id", "metadata"}
            if not known or test.get("public_id") not in self._tests.by_id:
                raise HTTPException(400, "tests must hold public IDs of tests, and nothing else")
        wanted = [test["public_id"] for test in tests] if isinstance(tests, list) else []
        with _told():
            trigger = parse_trigger(
                {"tests": [{"public_id": one} for one in wanted]}, self._catalog
            )
        by_hand = replace(trigger, runs=[_whatever_the_rule(run) for run in trigger.runs])
        batch = self._batches.start(by_hand, run_type="triggered")
        locations = location_documents(batch)
        ids = {one["name"]: one["id"] for one in locations}
        results = [
            {
                "public_id": entry.run.definition.public_id,
                "location": ids[entry.location],
                "result_id": entry.result_id,
                **({"device": entry.run.device} if entry.run.device else {}),
            }
            for entry in batch.entries
        ]
        return Answer(
            {
                "triggered_check_ids": list(dict.fromkeys(wanted)),
                "results": results,
                "locations": locations,
                "batch_id": None,
            }
        )

    async def _results_v1(self, request: Request) -> Response:
        found = list(self._latest(request))
        last = found[0].result["started_at"] if found else 0
        results = [short_v1(one) for one in found]
        return Answer({"last_timestamp_fetched": last, "results": results})

    async def _result_v1(self, request: Request) -> Response:
        return Answer(full_v1(self._result(request)))

    async def _results_v2(self, request: Request) -> Response:
        found = list(self._latest(request))
        included = self._results.poll(one.result["id"] for one in found)["included"]
        return Answer({"data": [summary_v2(one) for one in found], "included": included})

    async def _result_v2(self, request: Request) -> Response:
        document = self._results.poll([self._result(request).result["id"]])
        (datum,) = document["data"]
        return Answer({"data": datum, "included": document["included"]})

    def _latest(self, request: Request) -> Iterator[Kept]:
        public_id = request.path_params["public_id"]
        if public_id not in self._tests.by_id:
            raise _unknown()
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
        for _, one in zip(range(_SHOWN_RESULTS), found, strict=False):
            yield one

    def _result(self, request: Request) -> Kept:
        public_id, result_id = (request.path_params[key] for key in ("public_id", "result_id"))
        for one in self._results.of_test(public_id):
            if one.result["id"] == result_id:
                return one
        raise HTTPException(404, "Result not found")


def _filtered_by(kept: Kept) -> Json:
    return {
        "probe_dc": kept.attributes["location"]["id"],
        "device_id": (kept.attributes.get("device") or {}).get("id"),
        "status": kept.result["status"],
        "runType": kept.result["run_type"],
    }


def _whatever_the_rule(run: Run) -> Run:
    """The run without its execution rule, which is for CI alone."""
    data = run.definition.data
    options = {key: value for key, value in run.definition.options.items() if key != "ci"}
    return replace(run, definition=Definition({**data, "options": options}))


@contextmanager
def _told() -> Iterator[None]:
    """What cannot be done is answered with 404 or 400."""
    try:
        yield
    except UnknownTest:
        raise _unknown() from None
    except (EditError, TriggerError) as error:
        raise HTTPException(400, str(error)) from None


def _unknown() -> HTTPException:
    return HTTPException(404, "Synthetics test not found")
