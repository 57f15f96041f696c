"""What happens in one test's context beside its steps: tabs, requests, downloads and errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.browser.engine import answered
from pytest_storedog_gate.local_synthetics.masking import mask_userinfo

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Download, Page, Request, Response

    from pytest_storedog_gate.local_synthetics.definitions import Json

_MOST_ERRORS = 20  # of one step
_MOST_REQUESTS = 10_000
_SHOWN = 500  # characters of an error


@dataclass
class Session:
    """The tabs of one test, of which the last one opened is the active one."""

    context: BrowserContext
    requests: list[str] = field(default_factory=list)
    downloads: list[Download] = field(default_factory=list)
    errors: list[Json] = field(default_factory=list)
    _pages: list[Page] = field(default_factory=list)

    @classmethod
    async def start(cls, context: BrowserContext) -> Session:
        """Open the main tab, and listen."""
        session = cls(context)
        context.on("page", session._opened)
        context.on("request", session._requested)
        context.on("response", session._responded)
        context.on("requestfailed", session._failed)
        await session.open_tab()
        return session

    async def open_tab(self) -> None:
        """Open a tab, which is the active one then. Raises CheckFailed."""
        await answered(self.context.new_page())

    @property
    def page(self) -> Page:
        """The active tab."""
        return self._pages[-1]

    def take_errors(self) -> list[Json]:
        """The errors since the last call, as a step's result has them."""
        taken, self.errors = self.errors, []
        return taken

    def _opened(self, page: Page) -> None:
        self._pages.append(page)
        page.on("download", self._downloaded)
        page.on("pageerror", lambda error: self._add("js", "Error", str(error)))
        page.on("close", self._closed)

    def _closed(self, page: Page) -> None:
        if len(self._pages) > 1:
            self._pages.remove(page)

    def _downloaded(self, download: Download) -> None:
        self.downloads.append(download)

    def _requested(self, request: Request) -> None:
        if len(self.requests) < _MOST_REQUESTS:
            self.requests.append(request.url)

    def _responded(self, response: Response) -> None:
        if response.status >= 400:
            url = mask_userinfo(response.url)
            self._add("network", url, f"{response.status} {response.status_text}".strip())
            self.errors[-1].update(status=response.status, method=response.request.method)

    def _failed(self, request: Request) -> None:
        self._add("network", mask_userinfo(request.url), request.failure or "failed")

    def _add(self, kind: str, name: str, text: str) -> None:
        error: Json = {"type": kind, "name": name[:_SHOWN], "description": text[:_SHOWN]}
        self.errors = [*self.errors[: _MOST_ERRORS - 1], error]
