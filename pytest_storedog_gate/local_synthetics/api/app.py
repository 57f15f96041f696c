"""The HTTP API: the part of Datadog's that a CI client uses, over the checks of this service."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from pytest_storedog_gate.local_synthetics.account.private_locations import PrivateLocations
from pytest_storedog_gate.local_synthetics.account.submitted import EditError, Missing
from pytest_storedog_gate.local_synthetics.account.suites import Suites
from pytest_storedog_gate.local_synthetics.account.tests import Tests
from pytest_storedog_gate.local_synthetics.account.variables import AccountVariables
from pytest_storedog_gate.local_synthetics.api.admission import NO_KEYS, Admission
from pytest_storedog_gate.local_synthetics.api.answers import errors
from pytest_storedog_gate.local_synthetics.api.routes.account import (
    location_routes,
    suite_routes,
    variable_routes,
)
from pytest_storedog_gate.local_synthetics.api.routes.batches import BatchesApi
from pytest_storedog_gate.local_synthetics.api.routes.results import ResultsApi
from pytest_storedog_gate.local_synthetics.api.routes.service import service_routes
from pytest_storedog_gate.local_synthetics.api.routes.tests import TestsApi
from pytest_storedog_gate.local_synthetics.api.search import SearchError
from pytest_storedog_gate.local_synthetics.chromium.screenshots import Screenshots
from pytest_storedog_gate.local_synthetics.definitions.files import Catalog
from pytest_storedog_gate.local_synthetics.kinds import (
    Kinds,
    all_kinds,
    brought_request_keys,
    close_all,
    make_ready,
)
from pytest_storedog_gate.local_synthetics.running.batches import Batches
from pytest_storedog_gate.local_synthetics.running.results import Results
from pytest_storedog_gate.local_synthetics.running.trigger import TriggerError
from pytest_storedog_gate.local_synthetics.variables.variables import NO_GLOBALS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route
    from starlette.types import ExceptionHandler, Receive, Scope, Send

    from pytest_storedog_gate.local_synthetics.account.database import Store
    from pytest_storedog_gate.local_synthetics.api.admission import Keys
    from pytest_storedog_gate.local_synthetics.chromium.attempts import Attempts
    from pytest_storedog_gate.local_synthetics.chromium.browsers import Browsers
    from pytest_storedog_gate.local_synthetics.mail.receiver import SmtpReceiver
    from pytest_storedog_gate.local_synthetics.variables.global_variables import Globals

    Pages = Callable[["Account"], list[Route]]


@dataclass(frozen=True)
class Account:
    """What a service has to show."""

    tests: Tests
    batches: Batches
    results: Results
    screenshots: Screenshots


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
    artifacts: Attempts | None = None,
    credentials: bool = False,
    soon: Collection[str] = (),
    browsers: Browsers | None = None,
    pages: Pages | None = None,
) -> Starlette:
    """Make the service's ASGI application; `concurrency` checks run at once.

    Requests must carry the `keys`; `host` is where it is told to listen, see `Admission`.
    `smtp` receives mail while it runs. `artifacts` is where what is kept of browser tests that
    failed goes. With `credentials`, those in definitions are answered. It imports what
    the tests need that will run `soon`, by their public IDs. `browsers` are those that have been
    made for it, and `pages` the routes of what people see of it.
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
    used_kinds = kinds or all_kinds(catalog.tests, screenshots, artifacts, browsers=browsers)
    mailboxes = smtp.mailboxes if smtp else None
    batches = Batches(used_kinds, results, concurrency, variables, store, mailboxes=mailboxes)

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

    app = Starlette(
        routes=[
            *service_routes(batches),
            *TestsApi(tests, credentials=credentials).routes(),
            *BatchesApi(batches, tests, catalog).routes(),
            *ResultsApi(catalog.tests, results, screenshots).routes(),
            *suite_routes(suites, tests.by_id),
            *variable_routes(variables),
            *location_routes(PrivateLocations(store), tests.by_id),
            *(pages(Account(tests, batches, results, screenshots)) if pages else ()),
        ],
        middleware=[Middleware(Admission, keys=keys, host=host)],
        exception_handlers={
            HTTPException: _http_error,
            Missing: _answering(404, lambda error: str(error.args[0])),
            **dict.fromkeys((EditError, TriggerError, SearchError), _answering(400, str)),
            RecursionError: _answering(400, lambda _: "the body is nested too deeply"),
            Exception: _answering(500, lambda _: "Internal error"),
        },
        lifespan=lifespan,
    )
    app.router.default = _unknown_path
    return app


async def _unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
    """Whoever applies a whole account's configuration learns which part has no place here."""
    reason = f"this service has no {scope['path']}: it answers Synthetics tests and what they need"
    await errors(404, reason)(scope, receive, send)


async def _http_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return errors(error.status_code, error.detail, error.headers)


def _answering(status: int, words: Callable[[Exception], str]) -> ExceptionHandler:
    async def answer(_request: Request, error: Exception) -> Response:
        return errors(status, words(error))

    return answer
