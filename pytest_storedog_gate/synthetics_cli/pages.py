"""The service's pages for people, at the addresses of Datadog's own: they show what its API has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse
from starlette.routing import Route

from pytest_storedog_gate.local_synthetics.chromium.screenshots import SCREENSHOTS_PATH
from pytest_storedog_gate.reports.pages.rendering import page
from pytest_storedog_gate.reports.pages.results import STYLE, view
from pytest_storedog_gate.synthetics_cli.judged_here import entry_of, judged_here

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from starlette.requests import Request

    from pytest_storedog_gate.datadog.models import Result
    from pytest_storedog_gate.local_synthetics.api.app import Account
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.reports.pages.results import ResultView

_DETAILS, _BATCH = "/synthetics/details", "/synthetics/explorer/ci"
_LATEST = 20  # batches, or results of a test


@dataclass(frozen=True)
class _Row:
    """One line of a list: what it is about, how it ended, and the page that shows it."""

    name: str
    url: str
    word: str = ""
    style: str = "quiet"
    note: str = ""


def routes(account: Account) -> list[Route]:
    """The routes of all pages."""
    pages = _Pages(account)
    return [
        Route("/", pages.index),
        Route(_BATCH, pages.batch),
        Route(f"{_DETAILS}/{{public_id}}", pages.details),
        Route(f"{_DETAILS}/{{public_id}}/result/{{result_id}}", pages.details),
    ]


class _Pages:
    def __init__(self, account: Account) -> None:
        self._account = account

    async def index(self, _request: Request) -> HTMLResponse:
        """All tests, each with its latest result, and the latest batches."""
        return _page("index.html", tests=list(self._tests()), batches=list(self._batches()))

    async def batch(self, request: Request) -> HTMLResponse:
        """The results of one batch; a page of one that runs looks again by itself."""
        batch_id = request.query_params.get("batchResultId", "")
        document = self._account.batches.document(batch_id)
        if document is None:
            raise HTTPException(
                404, f"There is no batch {batch_id}: it was forgotten, or never was"
            )
        ended = [one for one in document["results"] if one["status"] != "in_progress"]
        results = [judged_here(one, self._account.results) for one in ended]
        return _page(
            "batch.html",
            batch_id=batch_id,
            status=document["status"],
            style=_style_of(document["status"]),
            running=[one["test_name"] for one in document["results"] if one not in ended],
            views=self._views(results),
        )

    async def details(self, request: Request) -> HTMLResponse:
        """One test: the result that is asked for, else its latest, and those before."""
        public_id = request.path_params["public_id"]
        definition = self._account.tests.known(public_id)
        kept = list(self._account.results.of_test(public_id))
        wanted = request.path_params.get("result_id") or request.query_params.get("resultId")
        chosen = [one for one in kept if one.result["id"] == wanted] if wanted else kept[:1]
        if wanted and not chosen:
            raise HTTPException(404, f"{public_id} has no result {wanted}, or none any more")
        results = [judged_here(entry_of(one), self._account.results) for one in chosen]
        return _page(
            "test.html",
            definition=definition,
            views=self._views(results),
            others=[_result_row(public_id, one.result) for one in kept[:_LATEST]],
        )

    def _tests(self) -> Iterator[_Row]:
        for public_id, definition in self._account.tests.by_id.items():
            latest = next(self._account.results.of_test(public_id), None)
            status = latest.result["status"] if latest else ""
            yield _Row(
                definition.name, f"{_DETAILS}/{public_id}", status, _style_of(status), public_id
            )

    def _batches(self) -> Iterator[_Row]:
        for batch_id, document in self._account.batches.latest(_LATEST):
            status, count = document["status"], len(document["results"])
            url = f"{_BATCH}?{urlencode({'batchResultId': batch_id})}"
            yield _Row(batch_id, url, status, _style_of(status), f"{count} results")

    def _views(self, results: Iterable[Result]) -> list[ResultView]:
        return [view(result, self._picture) for result in results]

    def _picture(self, key: str) -> bytes | None:
        return self._account.screenshots.get(key.removeprefix(f"{SCREENSHOTS_PATH}/"))


def _result_row(public_id: str, result: Json) -> _Row:
    status = result["status"]
    url = f"{_DETAILS}/{public_id}?{urlencode({'resultId': result['id']})}"
    return _Row(result["id"], url, status, _style_of(status), f"{result.get('duration', 0)} ms")


def _style_of(status: str) -> str:
    return {one.value: style for one, style in STYLE.items()}.get(status, "quiet")


def _page(template: str, **values: object) -> HTMLResponse:
    return HTMLResponse(page(template, **values))
