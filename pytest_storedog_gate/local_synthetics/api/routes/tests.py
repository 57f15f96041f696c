"""The paths of the API that make, list, find, show and change tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.routing import Route

from pytest_storedog_gate.local_synthetics.account.submitted import UNKNOWN_TEST, Missing
from pytest_storedog_gate.local_synthetics.api.answers import (
    Answer,
    is_set,
    read_count,
    read_object,
)
from pytest_storedog_gate.local_synthetics.api.routes.plain import V1, V2
from pytest_storedog_gate.local_synthetics.api.search import parse_query
from pytest_storedog_gate.local_synthetics.running.trigger import THE_VERSION
from pytest_storedog_gate.local_synthetics.secrets.for_the_api import (
    full_view,
    local_view,
    short_view,
    view_without_steps,
    with_credentials,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from pytest_storedog_gate.local_synthetics.account.tests import Tests
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json


class TestsApi:
    """Tests, whatever their type."""

    def __init__(self, tests: Tests, *, credentials: bool) -> None:
        """With `credentials`, those in a definition are answered to whoever asks for it."""
        self._full = with_credentials(full_view) if credentials else full_view
        self._brief = with_credentials(view_without_steps) if credentials else view_without_steps
        self._tests = tests

    def routes(self) -> list[Route]:
        """Where they are."""
        path = f"{V1}/tests"
        kinds = ("api", "browser", "mobile")
        one = [f"{path}/{{public_id}}", *(f"{path}/{kind}/{{public_id}}" for kind in kinds)]
        return [
            Route(path, self._list),
            Route(f"{path}/search", self._search),
            Route(f"{path}/delete", self._delete, methods=["POST"]),
            *(Route(f"{path}/{kind}", self._create, methods=["POST"]) for kind in kinds),
            *(Route(named, self._one) for named in one),
            *(Route(named, self._edit, methods=["PUT"]) for named in one),
            Route(one[0], self._patch, methods=["PATCH"]),
            Route(f"{one[0]}/status", self._status, methods=["PUT"]),
            Route(f"{V2}/tests/{{public_id}}/version_history/{{version}}", self._version),
        ]

    async def _list(self, request: Request) -> Response:
        size = read_count(request, "page_size", default=100)
        start = size * read_count(request, "page_number", default=0)
        tests = list(self._tests.by_id.values())
        page = [self._brief(one) for one in tests[start : start + size]]
        return Answer({"tests": page, "total": len(tests)})

    async def _search(self, request: Request) -> Response:
        matches = parse_query(request.query_params.get("text", ""))
        start = read_count(request, "start", default=0)
        count = read_count(request, "count", default=50)
        found = [one for one in self._tests.by_id.values() if matches(one)]
        view = view_without_steps if is_set(request, "include_full_config") else short_view
        tests = [view(one) for one in found[start : start + count]]
        return Answer({"tests": tests, "total": len(found), "facets": []})

    async def _create(self, request: Request) -> Response:
        body = await read_object(request)
        return Answer(self._full(self._tests.create(request.url.path.split("/")[-1], body)))

    async def _one(self, request: Request) -> Response:
        definition, view = self._asked(request)
        # A local test definition, which datadog-ci puts into a file.
        for_a_file = request.query_params.get("format") == "ltd"
        return Answer(local_view(definition) if for_a_file else view(definition))

    async def _edit(self, request: Request) -> Response:
        body = await read_object(request)
        definition, view = self._asked(request)
        return Answer(self._full(self._tests.edit(definition.public_id, body, view)))

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

    async def _version(self, request: Request) -> Response:
        public_id = self._tests.known(request.path_params["public_id"]).public_id
        if public_id in self._tests.edited or request.path_params["version"] != str(THE_VERSION):
            raise HTTPException(404, "Version not found")
        if is_set(request, "only_check_existence"):
            return Answer({})
        attributes = {"version_number": THE_VERSION}
        return Answer({"data": {"type": "version_metadata", "attributes": attributes}})

    def _asked(self, request: Request) -> tuple[Definition, Callable[[Definition], Json]]:
        """The test, and how it is shown: whole where its type is in the path."""
        definition = self._tests.known(request.path_params["public_id"])
        kind = request.url.path.split("/")[-2]
        if kind == "tests":
            return definition, self._brief
        if kind != definition.type:
            raise Missing(UNKNOWN_TEST)
        return definition, self._full
