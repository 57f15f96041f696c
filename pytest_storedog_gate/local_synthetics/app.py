"""The HTTP API: the part of Datadog's that a CI client uses, over the checks of this service."""

from __future__ import annotations

import contextlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pytest_storedog_gate.local_synthetics import strict_json
from pytest_storedog_gate.local_synthetics.batches import Batches, display_name
from pytest_storedog_gate.local_synthetics.kinds import Kinds, all_kinds
from pytest_storedog_gate.local_synthetics.overrides import (
    THE_VERSION,
    TriggerError,
    parse_trigger,
)
from pytest_storedog_gate.local_synthetics.public_view import full_view, short_view
from pytest_storedog_gate.local_synthetics.results import Results
from pytest_storedog_gate.local_synthetics.search import SearchError, parse_query
from pytest_storedog_gate.local_synthetics.variables import NO_GLOBALS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from pytest_storedog_gate.local_synthetics.catalog import Catalog
    from pytest_storedog_gate.local_synthetics.definitions import Definition
    from pytest_storedog_gate.local_synthetics.global_variables import Globals

_KEY_HEADERS = {"api_key": "dd-api-key", "app_key": "dd-application-key"}
_FIRST_LOCATION_ID = 30001
_COUNT = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class Keys:
    """The keys that requests must carry; an empty one is not asked for."""

    api_key: str = ""
    app_key: str = ""


def create_app(
    catalog: Catalog,
    *,
    concurrency: int,
    keys: Keys = Keys(),
    kinds: Kinds | None = None,
    known_globals: Globals = NO_GLOBALS,
) -> Starlette:
    """Make the service's ASGI application; `concurrency` checks run at once."""
    results = Results()
    if kinds is None:
        kinds = all_kinds(catalog.tests)
    batches = Batches(kinds, results, concurrency, known_globals)
    api = _Api(catalog, batches, results, concurrency)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await batches.close()

    v1, v2 = "/api/v1/synthetics", "/api/v2/synthetics"
    return Starlette(
        routes=[
            Route(f"{v1}/settings", api.settings),
            Route(f"{v1}/tests/search", api.search),
            Route(f"{v1}/tests/trigger/ci", api.trigger, methods=["POST"]),
            Route(f"{v1}/tests/{{public_id}}", api.test),
            Route(f"{v1}/ci/batch/{{batch_id}}", api.batch),
            Route(f"{v2}/tests/poll_results", api.poll_results),
            Route(f"{v2}/tests/{{public_id}}/version_history/{{version}}", api.version),
            Route(f"{v2}/suites/{{public_id}}", api.suite),
        ],
        middleware=[Middleware(_RequireKeys, keys=keys)],
        exception_handlers={HTTPException: _http_error, Exception: _internal_error},
        lifespan=lifespan,
    )


class _Answer(JSONResponse):
    def render(self, content: Any) -> bytes:
        # In ASCII: what a target answered may hold lone surrogates, which UTF-8 cannot.
        return json.dumps(content, separators=(",", ":")).encode()


class _Api:
    def __init__(
        self,
        catalog: Catalog,
        batches: Batches,
        results: Results,
        concurrency: int,
    ) -> None:
        self._catalog = catalog
        self._batches = batches
        self._results = results
        self._concurrency = concurrency

    async def settings(self, _request: Request) -> Response:
        return _Answer({"onDemandConcurrencyCap": self._concurrency})

    async def test(self, request: Request) -> Response:
        return _Answer(full_view(self._definition(request)))

    async def search(self, request: Request) -> Response:
        try:
            matches = parse_query(request.query_params.get("text", ""))
            start = _count(request, "start", default=0)
            count = _count(request, "count", default=50)
        except SearchError as error:
            raise HTTPException(400, str(error)) from None
        found = [one for one in self._catalog.tests.values() if matches(one)]
        view = full_view if _is_set(request, "include_full_config") else short_view
        tests = [view(one) for one in found[start : start + count]]
        return _Answer({"tests": tests, "total": len(found), "facets": []})

    async def trigger(self, request: Request) -> Response:
        try:
            trigger = parse_trigger(_json(await request.body()), self._catalog)
        except TriggerError as error:
            raise HTTPException(400, str(error)) from None
        batch = self._batches.start(trigger)
        locations = [
            {
                "id": _FIRST_LOCATION_ID + index,
                "name": name,
                "display_name": display_name(name),
                "region": "Local",
                "is_active": True,
            }
            for index, name in enumerate(batch.locations)
        ]
        return _Answer(
            {"batch_id": batch.id, "locations": locations, "selective_rerun_rate_limited": False}
        )

    async def batch(self, request: Request) -> Response:
        batch = self._batches.get(request.path_params["batch_id"])
        if batch is None:
            raise HTTPException(404, "Batch does not exist.")
        return _Answer({"data": batch.document()})

    async def poll_results(self, request: Request) -> Response:
        ids = _json(request.query_params.get("result_ids", ""))
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise HTTPException(400, "result_ids must be a JSON array of strings")
        return _Answer(self._results.poll(ids))

    async def version(self, request: Request) -> Response:
        self._definition(request)
        if request.path_params["version"] != str(THE_VERSION):
            raise HTTPException(404, "Version not found")
        if _is_set(request, "only_check_existence"):
            return _Answer({})
        attributes = {"version_number": THE_VERSION}
        return _Answer({"data": {"type": "version_metadata", "attributes": attributes}})

    async def suite(self, request: Request) -> Response:
        suite = self._catalog.suites.get(request.path_params["public_id"])
        if suite is None:
            raise HTTPException(404, "Suite not found")
        return _Answer(suite.document())

    def _definition(self, request: Request) -> Definition:
        try:
            return self._catalog.tests[request.path_params["public_id"]]
        except KeyError:
            raise HTTPException(404, "Synthetics test not found") from None


class _RequireKeys:
    """Answers 403, Datadog's way, to a request without the right keys."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._allowed(Request(scope)):
            await _errors(403, "Forbidden")(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _allowed(self, request: Request) -> bool:
        return all(
            hmac.compare_digest(request.headers.get(header, "").encode(), wanted.encode())
            for name, header in _KEY_HEADERS.items()
            if (wanted := getattr(self._keys, name))
        )


def _errors(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return _Answer({"errors": [message]}, status_code=status, headers=headers)


async def _http_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return _errors(error.status_code, error.detail, error.headers)


async def _internal_error(_request: Request, _error: Exception) -> Response:
    return _errors(500, "Internal error")


def _json(text: str | bytes) -> Any:
    try:
        return strict_json.loads(text)
    except ValueError:
        raise HTTPException(400, "not valid JSON") from None


def _count(request: Request, name: str, *, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not _COUNT.fullmatch(text):
        raise SearchError(f"{name} must be a whole number, 0 or more")
    return int(text)


def _is_set(request: Request, name: str) -> bool:
    return request.query_params.get(name, "").lower() == "true"
