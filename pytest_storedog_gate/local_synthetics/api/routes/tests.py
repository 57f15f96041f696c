"""The paths of the API that make, list, show, change and trigger tests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.routing import Route

from pytest_storedog_gate.local_synthetics.account.submitted import UNKNOWN_TEST, Missing
from pytest_storedog_gate.local_synthetics.api.answers import (
    Answer,
    read_count,
    read_object,
)
from pytest_storedog_gate.local_synthetics.running.batches import location_documents
from pytest_storedog_gate.local_synthetics.running.trigger import parse_trigger
from pytest_storedog_gate.local_synthetics.secrets.for_the_api import (
    full_view,
    local_view,
    view_without_steps,
    with_credentials,
)

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from pytest_storedog_gate.local_synthetics.account.tests import Tests
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition
    from pytest_storedog_gate.local_synthetics.definitions.files import Catalog
    from pytest_storedog_gate.local_synthetics.kinds import Run
    from pytest_storedog_gate.local_synthetics.running.batches import Batches

_TYPES = ("api", "browser", "mobile")


class TestsApi:
    """Tests, whatever their type."""

    def __init__(
        self, tests: Tests, catalog: Catalog, batches: Batches, *, credentials: bool = False
    ) -> None:
        """With `credentials`, those in a definition are answered to whoever asks for it."""
        self._full = with_credentials(full_view) if credentials else full_view
        self._brief = with_credentials(view_without_steps) if credentials else view_without_steps
        self._tests = tests
        self._catalog = catalog
        self._batches = batches

    def routes(self) -> list[Route]:
        """Where they are."""
        v1 = "/api/v1/synthetics/tests"
        return [
            Route(v1, self._list),
            Route(f"{v1}/delete", self._delete, methods=["POST"]),
            Route(f"{v1}/trigger", self._trigger, methods=["POST"]),
            *(Route(f"{v1}/{kind}", self._create, methods=["POST"]) for kind in _TYPES),
            *(Route(f"{v1}/{kind}/{{public_id}}", self._one_of_type) for kind in _TYPES),
            *(
                Route(f"{v1}/{kind}/{{public_id}}", self._edit_of_type, methods=["PUT"])
                for kind in _TYPES
            ),
            Route(f"{v1}/{{public_id}}", self._one),
            Route(f"{v1}/{{public_id}}", self._edit, methods=["PUT"]),
            Route(f"{v1}/{{public_id}}", self._patch, methods=["PATCH"]),
            Route(f"{v1}/{{public_id}}/status", self._status, methods=["PUT"]),
        ]

    async def _list(self, request: Request) -> Response:
        size = read_count(request, "page_size", default=100)
        start = size * read_count(request, "page_number", default=0)
        tests = list(self._tests.by_id.values())
        page = [self._brief(one) for one in tests[start : start + size]]
        return Answer({"tests": page, "total": len(tests)})

    async def _create(self, request: Request) -> Response:
        body = await read_object(request)
        return Answer(self._full(self._tests.create(request.url.path.split("/")[-1], body)))

    async def _one(self, request: Request) -> Response:
        view = local_view if _is_for_a_file(request) else self._brief
        return Answer(view(self._known(request)))

    async def _one_of_type(self, request: Request) -> Response:
        view = local_view if _is_for_a_file(request) else self._full
        return Answer(view(self._of_type(request)))

    async def _edit(self, request: Request) -> Response:
        body = await read_object(request)
        edited = self._tests.edit(request.path_params["public_id"], body, self._brief)
        return Answer(self._full(edited))

    async def _edit_of_type(self, request: Request) -> Response:
        body = await read_object(request)
        return Answer(self._full(self._tests.edit(self._of_type(request).public_id, body)))

    async def _patch(self, request: Request) -> Response:
        body = await read_object(request, {"data"})
        patched = self._tests.patch(request.path_params["public_id"], body.get("data"))
        return Answer(self._full(patched))

    async def _status(self, request: Request) -> Response:
        body = await read_object(request, {"new_status"})
        self._tests.set_status(request.path_params["public_id"], body.get("new_status"))
        return Answer(content=True)

    async def _delete(self, request: Request) -> Response:
        body = await read_object(request, {"public_ids", "force_delete_dependencies"})
        ids = body.get("public_ids")
        if not isinstance(ids, list) or not ids or not all(isinstance(one, str) for one in ids):
            raise HTTPException(400, "public_ids must be a list with at least one public ID")
        deleted_at = self._tests.delete(ids)
        deleted = [{"public_id": one, "deleted_at": deleted_at} for one in dict.fromkeys(ids)]
        return Answer({"deleted_tests": deleted})

    async def _trigger(self, request: Request) -> Response:
        body = await read_object(request, {"tests"})
        tests = body.get("tests")
        for test in tests if isinstance(tests, list) else []:
            known = isinstance(test, dict) and test.keys() <= {"public_id", "metadata"}
            if not known or str(test.get("public_id")) not in self._tests.by_id:
                raise HTTPException(400, "tests must hold public IDs of tests, and nothing else")
        wanted = [test["public_id"] for test in tests] if isinstance(tests, list) else []
        trigger = parse_trigger({"tests": [{"public_id": one} for one in wanted]}, self._catalog)
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

    def _known(self, request: Request) -> Definition:
        return self._tests.known(request.path_params["public_id"])

    def _of_type(self, request: Request) -> Definition:
        definition = self._known(request)
        if definition.type != request.url.path.split("/")[-2]:
            raise Missing(UNKNOWN_TEST)
        return definition


def _is_for_a_file(request: Request) -> bool:
    """Whether a local test definition is wanted, which datadog-ci puts into a file."""
    return request.query_params.get("format") == "ltd"


def _whatever_the_rule(run: Run) -> Run:
    """The run without its execution rule, which is for CI alone."""
    data = run.definition.data
    options = {key: value for key, value in run.definition.options.items() if key != "ci"}
    return replace(run, definition=replace(run.definition, data={**data, "options": options}))
