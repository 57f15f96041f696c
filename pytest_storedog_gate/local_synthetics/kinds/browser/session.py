"""What happens in one test's context beside its steps: tabs, requests, downloads and errors."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playwright.async_api import Error

from pytest_storedog_gate.local_synthetics.chromium.engine import answered
from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.secrets.places import mask_url

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from playwright.async_api import BrowserContext, Dialog, Download, Page, Request, Response

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

_MOST_ERRORS = 20  # of one step
_MOST_REQUESTS = 10_000
_PROMPTED = "Lorem Ipsum"
_SHOWN = 500  # characters of an error
_OPENING = 60.0  # s in which a page must answer that nobody waits for
_RESTING = 10.0  # s in which what a page asks for beside may come to an end
_QUIET = 2.0  # s without a request: pages that lead elsewhere by themselves do so within them
_LOOK = 0.1  # s between two looks
_NO_ANSWER_IS_FINE = (
    "net::ERR_ABORTED",  # a download, no content, or another page instead
    "net::ERR_BLOCKED_BY_CLIENT",  # as the test wants it
    # This machine's network changed, and the page is opened again.
    "net::ERR_NETWORK_CHANGED",
    "net::ERR_INTERNET_DISCONNECTED",
)
_NEWS = 2.0  # s until the driver has told that a browser is gone of which a step has felt it


@dataclass
class Session:
    """The tabs of one test, of which the last one opened is the active one.

    `unopened`: of the first page that did not open, or with a status from 400, what happened.
    """

    context: BrowserContext
    requests: list[str] = field(default_factory=list)
    downloads: list[Download] = field(default_factory=list)
    errors: list[Json] = field(default_factory=list)
    unopened: str = ""
    _asked: set[Request] = field(default_factory=set)  # what has no end yet
    _stirred: float = 0.0  # when a request last began or ended, in the event loop's time
    _pages: list[Page] = field(default_factory=list)
    _lost: asyncio.Future[tuple[str, str]] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @classmethod
    async def start(cls, context: BrowserContext) -> Session:
        """Open the main tab, and listen."""
        session = cls(context)
        context.on("page", session._opened)
        context.on("request", session._requested)
        context.on("response", session._responded)
        context.on("dialog", session._answer)
        context.on("requestfailed", session._failed)
        context.on("requestfinished", session._settled)
        # The engine closes it only after the last step.
        context.on("close", lambda _: session._lose("UNAVAILABLE_BROWSER", "Chromium crashed."))
        await session.open_tab()
        return session

    async def open_tab(self) -> None:
        """Open a tab, which is the active one then. Raises CheckFailed."""
        await answered(self.context.new_page())

    async def watched(self, work: Coroutine[None, None, None]) -> None:
        """Do the work of a step. Raises CheckFailed as soon as a page or the browser crashes."""
        task = asyncio.create_task(work)
        try:
            either: set[asyncio.Future[Any]] = {task, self._lost}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if self._lost.done():
                raise CheckFailed(*self._lost.result())
            await task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def settle(self) -> None:
        """Wait until the pages lead nowhere else. Raises CheckFailed for one without an answer."""
        now = begun = self._stirred = asyncio.get_running_loop().time()
        while True:
            opening = [one for one in self._asked if _is_page(one)]
            if opening and now - begun > _OPENING:
                where = mask_url(opening[0].url)
                raise CheckFailed("OPEN_URL", f"{where}: no answer within {_OPENING:g} s.")
            rests = not self._asked or now - begun > _RESTING
            if not opening and rests and now - self._stirred > _QUIET:
                return
            await asyncio.sleep(_LOOK)
            now = asyncio.get_running_loop().time()

    async def why_gone(self) -> CheckFailed:
        """Why a page does not answer any more.

        A browser that died says nothing of the target; a page that crashed or closed itself does.
        """
        await asyncio.wait({self._lost}, timeout=_NEWS)
        return CheckFailed(
            *(self._lost.result() if self._lost.done() else ("UNKNOWN", "The page was closed."))
        )

    @property
    def page(self) -> Page:
        """The active tab."""
        return self._pages[-1]

    def take_errors(self, mask: Callable[[str], str]) -> list[Json]:
        """The errors since the last call, as a step's result has them."""
        taken, self.errors = self.errors, []
        # Masked before they are cut, as a secret is not found in parts.
        return [
            {**one, **{key: mask(one[key])[:_SHOWN] for key in ("name", "description")}}
            for one in taken
        ]

    async def _answer(self, dialog: Dialog) -> None:
        """Close a dialog as Datadog does: https://docs.datadoghq.com/synthetics/guide/popup."""
        with contextlib.suppress(Error):  # its page may be gone
            await dialog.accept(_PROMPTED if dialog.type == "prompt" else None)

    def _opened(self, page: Page) -> None:
        self._pages.append(page)
        # A function, as Playwright cannot mark a method of C.
        page.on("download", lambda download: self.downloads.append(download))  # noqa: PLW0108
        page.on("pageerror", lambda error: self._add("js", "Error", str(error)))
        page.on("close", self._closed)
        page.on("crash", lambda _: self._lose("UNKNOWN", "The page crashed."))

    def _lose(self, code: str, message: str) -> None:
        if not self._lost.done():
            self._lost.set_result((code, message))

    def _closed(self, page: Page) -> None:
        if len(self._pages) > 1:
            self._pages.remove(page)

    def _requested(self, request: Request) -> None:
        if len(self.requests) < _MOST_REQUESTS:
            self.requests.append(request.url)
        if len(self._asked) < _MOST_REQUESTS:
            self._asked.add(request)
        self._stir()

    def _settled(self, request: Request) -> None:
        self._asked.discard(request)
        self._stir()

    def _stir(self) -> None:
        self._stirred = asyncio.get_running_loop().time()

    def _responded(self, response: Response) -> None:
        if response.status >= 400:
            url = mask_url(response.url)
            if _is_page(response.request):
                self.unopened = self.unopened or f"{url}: The page answered {response.status}."
            self._add("network", url, f"{response.status} {response.status_text}".strip())
            self.errors[-1].update(status=response.status, method=response.request.method)

    def _failed(self, request: Request) -> None:
        self._settled(request)
        url, reason = mask_url(request.url), request.failure or "failed"
        if _is_page(request) and reason not in _NO_ANSWER_IS_FINE:
            self.unopened = self.unopened or f"{url}: The page did not open: {reason}."
        self._add("network", url, reason)

    def _add(self, kind: str, name: str, text: str) -> None:
        error: Json = {"type": kind, "name": name, "description": text}
        self.errors = [*self.errors[: _MOST_ERRORS - 1], error]


def _is_page(request: Request) -> bool:
    """Whether it is for what a tab itself shows, rather than a frame in it."""
    if not request.is_navigation_request():
        return False
    try:
        return request.frame.parent_frame is None
    except Error:  # the frame is not known yet, as that of a new tab
        return True
