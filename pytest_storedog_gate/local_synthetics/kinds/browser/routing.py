"""What becomes of the requests of a page: added headers, substituted URLs, blocked patterns."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from playwright.async_api import Error

from pytest_storedog_gate.local_synthetics.javascript.regular_expressions import MatchTimeout

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from playwright.async_api import BrowserContext, Route

    from pytest_storedog_gate.local_synthetics.javascript.regular_expressions import Substitution

# Playwright asks the routes in turn, beginning with the one that was added last.


async def add_headers(context: BrowserContext, headers: Mapping[str, str], site: str) -> None:
    """Send these headers to the test's own site alone: they may hold credentials."""

    async def with_headers(route: Route) -> None:
        await route.fallback(headers={**route.request.headers, **headers})

    if headers:
        await context.route(re.compile(re.escape(site) + r"(?:[/?#]|$)"), with_headers)


@contextlib.asynccontextmanager
async def asking_with(context: BrowserContext, method: str, body: str) -> AsyncIterator[None]:
    """While this lasts, a tab's page is asked for with the method, and with the body if any."""

    async def asked(route: Route) -> None:
        request = route.request
        if request.is_navigation_request() and request.frame.parent_frame is None:
            await route.fallback(method=method, post_data=body or None)
        else:
            await route.fallback()

    if method == "GET":
        yield
        return
    await context.route("**/*", asked)
    yield
    with contextlib.suppress(Error):  # the page may have gone meanwhile
        await context.unroute("**/*", asked)


async def substitute(context: BrowserContext, substitutions: Sequence[Substitution]) -> None:
    """Ask for resources at other URLs; documents, which the user opens, keep theirs."""

    async def substituted(route: Route) -> None:
        url = own = route.request.url
        if route.request.is_navigation_request():
            await route.fallback()
            return
        try:
            for one in substitutions:
                url = await asyncio.to_thread(one, url)
            if url == own:
                await route.fallback()
            elif urlsplit(url).scheme == urlsplit(own).scheme:
                await route.continue_(url=url)
            else:
                # Chromium lets a request keep its scheme only, so that the driver asks instead.
                await route.fulfill(response=await route.fetch(url=url))
        except (MatchTimeout, Error):
            # A network error in the step's result. The page may also have gone meanwhile.
            with contextlib.suppress(Error):
                await route.abort()

    if substitutions:
        await context.route("**/*", substituted)


async def block(context: BrowserContext, patterns: Sequence[str]) -> None:
    """Do not make the requests whose whole URL is like one of the patterns, with `*` in them."""

    async def blocked(route: Route) -> None:
        await route.abort("blockedbyclient")

    for pattern in patterns:
        parts = map(re.escape, pattern.split("*"))
        await context.route(re.compile("^" + ".*".join(parts) + "$"), blocked)
