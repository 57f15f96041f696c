"""The HTTP API: the part of Datadog's that a CI client uses, over the checks of this service."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route

from pytest_storedog_gate.local_synthetics.account.private_locations import PrivateLocations
from pytest_storedog_gate.local_synthetics.account.submitted import EditError, Missing
from pytest_storedog_gate.local_synthetics.account.suites import Suites
from pytest_storedog_gate.local_synthetics.account.tests import Tests
from pytest_storedog_gate.local_synthetics.account.variables import AccountVariables
from pytest_storedog_gate.local_synthetics.api.admission import NO_KEYS, VALIDATE, Admission
from pytest_storedog_gate.local_synthetics.api.answers import (
    Answer,
    errors,
    is_set,
    read_count,
    read_json,
)
from pytest_storedog_gate.local_synthetics.api.openapi import openapi_route
from pytest_storedog_gate.local_synthetics.api.request_shapes import read_shaped
from pytest_storedog_gate.local_synthetics.api.routes.batches import batch_route
from pytest_storedog_gate.local_synthetics.api.routes.locations import LocationsApi
from pytest_storedog_gate.local_synthetics.api.routes.results import ResultsApi
from pytest_storedog_gate.local_synthetics.api.routes.screenshots import screenshot_route
from pytest_storedog_gate.local_synthetics.api.routes.suites import SuitesApi
from pytest_storedog_gate.local_synthetics.api.routes.tests import TestsApi
from pytest_storedog_gate.local_synthetics.api.routes.variables import VariablesApi
from pytest_storedog_gate.local_synthetics.api.search import SearchError, parse_query
from pytest_storedog_gate.local_synthetics.chromium.screenshots import Screenshots
from pytest_storedog_gate.local_synthetics.definitions.files import Catalog
from pytest_storedog_gate.local_synthetics.kinds import (
    Kinds,
    all_kinds,
    brought_request_keys,
    close_all,
    make_ready,
)
from pytest_storedog_gate.local_synthetics.running.batches import Batches, location_documents
from pytest_storedog_gate.local_synthetics.running.results import Results
from pytest_storedog_gate.local_synthetics.running.trigger import (
    THE_VERSION,
    TriggerError,
    parse_trigger,
)
from pytest_storedog_gate.local_synthetics.secrets.for_the_api import short_view, view_without_steps
from pytest_storedog_gate.local_synthetics.variables.variables import NO_GLOBALS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from pytest_storedog_gate.local_synthetics.account.database import Store
    from pytest_storedog_gate.local_synthetics.api.admission import Keys
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.mail.receiver import SmtpReceiver
    from pytest_storedog_gate.local_synthetics.variables.global_variables import Globals


@dataclass(frozen=True)
class Account:
    """What a service has to show."""

    tests: Tests
    batches: Batches
    results: Results
    screenshots: Screenshots


def no_pages(_account: Account) -> list[Route]:
    """The routes of a service that has no pages for people."""
    return []


def create_app(  # noqa: PLR0913  # what a service is made of
    catalog: Catalog,
    *,
    concurrency: int,
    keys: Keys = NO_KEYS,
    host: str = "localhost",
    kinds: Kinds | None = None,
    known_globals: Globals = NO_GLOBALS,
    store: Store | None = None,
    smtp: SmtpReceiver | None = None,
    artifacts: Path | None = None,
    credentials: bool = False,
    soon: Collection[str] = (),
    pages: Callable[[Account], list[Route]] = no_pages,
) -> Starlette:
    """Make the service's ASGI application; `concurrency` checks run at once.

    Requests must carry the `keys`; `host` is where it is told to listen, see `Admission`.
    `smtp` receives mail while it runs. `artifacts` is the directory for what is kept of browser
    tests that failed. With `credentials`, those in definitions are answered. It makes itself ready
    for the tests that will run `soon`, by their public IDs. `pages` are the routes of what people
    see of it.
    """
    results = Results(store=store)
    screenshots = Screenshots()
    suites = Suites(catalog.suites, store)
    tests = Tests(
        Catalog(catalog.tests, suites.by_id),
        store,
        own_keys=lambda: brought_request_keys(used_kinds),
    )
    catalog = Catalog(tests.by_id, suites.by_id)
    variables = AccountVariables(known_globals, store)
    used_kinds = all_kinds(catalog.tests, screenshots, artifacts) if kinds is None else kinds
    mailboxes = smtp.mailboxes if smtp else None
    batches = Batches(used_kinds, results, concurrency, variables, store, mailboxes=mailboxes)
    api = _Api(tests, catalog, batches, results)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        wanted = [test for public_id, test in catalog.tests.items() if public_id in soon]
        readying = asyncio.create_task(make_ready(used_kinds, wanted))
        async with smtp.receiving() if smtp else contextlib.nullcontext():
            yield
        readying.cancel()
        await asyncio.gather(readying, return_exceptions=True)
        await batches.close()
        await close_all(used_kinds)
        if store:
            store.close()

    v1, v2 = "/api/v1/synthetics", "/api/v2/synthetics"
    app = Starlette(
        routes=[
            Route(VALIDATE, api.validate),
            Route("/api/v2/validate_keys", api.validate_keys),
            Route(f"{v1}/settings", api.settings),
            Route(f"{v2}/settings/on_demand_concurrency_cap", api.cap),
            Route(f"{v2}/settings/on_demand_concurrency_cap", api.set_cap, methods=["POST"]),
            Route(f"{v1}/tests/search", api.search),
            Route(f"{v1}/tests/trigger/ci", api.trigger, methods=["POST"]),
            *TestsApi(tests, catalog, batches, credentials=credentials).routes(),
            *ResultsApi(catalog.tests, results).routes(),
            batch_route(f"{v1}/ci/batch/{{batch_id}}", batches),
            Route(f"{v2}/tests/poll_results", api.poll_results),
            Route(f"{v2}/tests/{{public_id}}/version_history/{{version}}", api.version),
            *SuitesApi(suites, tests.by_id).routes(),
            *VariablesApi(variables).routes(),
            *LocationsApi(PrivateLocations(store), tests.by_id).routes(),
            screenshot_route(screenshots),
            openapi_route(),
            *pages(Account(tests, batches, results, screenshots)),
        ],
        middleware=[Middleware(Admission, keys=keys, host=host)],
        exception_handlers={
            HTTPException: _http_error,
            Missing: _missing,
            **dict.fromkeys((EditError, TriggerError, SearchError), _refused),
            RecursionError: _too_deep,
            Exception: _internal_error,
        },
        lifespan=lifespan,
    )
    app.router.default = _unknown_path
    return app


class _Api:
    def __init__(self, tests: Tests, catalog: Catalog, batches: Batches, results: Results) -> None:
        self._tests = tests
        self._catalog = catalog
        self._batches = batches
        self._results = results

    async def validate(self, _request: Request) -> Response:
        return Answer({"valid": True})  # else no request comes this far

    async def validate_keys(self, _request: Request) -> Response:
        return Answer({"status": "ok"})

    async def settings(self, _request: Request) -> Response:
        return Answer({"onDemandConcurrencyCap": self._batches.concurrency})

    async def cap(self, _request: Request) -> Response:
        attributes = {"on_demand_concurrency_cap": self._batches.concurrency}
        return Answer({"data": {"type": "on_demand_concurrency_cap", "attributes": attributes}})

    async def set_cap(self, request: Request) -> Response:
        body = await read_shaped(request, "ConcurrencyCap")
        self._batches.limit(int(body["on_demand_concurrency_cap"]))
        return await self.cap(request)

    async def search(self, request: Request) -> Response:
        matches = parse_query(request.query_params.get("text", ""))
        start = read_count(request, "start", default=0)
        count = read_count(request, "count", default=50)
        found = [one for one in self._catalog.tests.values() if matches(one)]
        view = view_without_steps if is_set(request, "include_full_config") else short_view
        tests = [view(one) for one in found[start : start + count]]
        return Answer({"tests": tests, "total": len(found), "facets": []})

    async def trigger(self, request: Request) -> Response:
        body = read_json(await request.body())
        trigger = parse_trigger(body, self._catalog)
        self._check_versions(body)
        batch = self._batches.start(trigger)
        locations = location_documents(batch)
        return Answer(
            {"batch_id": batch.id, "locations": locations, "selective_rerun_rate_limited": False}
        )

    async def poll_results(self, request: Request) -> Response:
        ids = read_json(request.query_params.get("result_ids", ""))
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise HTTPException(400, "result_ids must be a JSON array of strings")
        return Answer(self._results.poll(ids))

    async def version(self, request: Request) -> Response:
        public_id = self._tests.known(request.path_params["public_id"]).public_id
        if public_id in self._tests.edited or request.path_params["version"] != str(THE_VERSION):
            raise HTTPException(404, "Version not found")
        if is_set(request, "only_check_existence"):
            return Answer({})
        attributes = {"version_number": THE_VERSION}
        return Answer({"data": {"type": "version_metadata", "attributes": attributes}})

    def _check_versions(self, body: Json) -> None:
        """No history is kept: what a version was before an edit is not known."""
        for test in body["tests"]:
            if "version" in test and test.get("public_id") in self._tests.edited:
                raise TriggerError(f"test {test['public_id']} was edited, so it has no versions")


async def _unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
    """Whoever applies a whole account's configuration learns which part has no place here."""
    reason = f"this service has no {scope['path']}: it answers Synthetics tests and what they need"
    await errors(404, reason)(scope, receive, send)


async def _http_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return errors(error.status_code, error.detail, error.headers)


async def _missing(_request: Request, error: Exception) -> Response:
    return errors(404, error.args[0])


async def _refused(_request: Request, error: Exception) -> Response:
    return errors(400, str(error))


async def _too_deep(_request: Request, _error: Exception) -> Response:
    return errors(400, "the body is nested too deeply")


async def _internal_error(_request: Request, _error: Exception) -> Response:
    return errors(500, "Internal error")
