"""Where the scripts of API tests run: in Chromium, on a page of their own that reaches no network.

It is a real engine with the Web APIs that Datadog's own guides use; `crypto.subtle` is there only
in a secure context, so the page has an https URL, whose host no DNS knows (RFC 6761, `invalid`).
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from playwright.async_api import Error

from pytest_storedog_gate.local_synthetics.chromium.engine import AT_ONCE, answered
from pytest_storedog_gate.local_synthetics.chromium.loading import loaded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.async_api import Route

    from pytest_storedog_gate.local_synthetics.chromium.engine import Engine
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

_LIMIT = 10.0  # s for one script
_ORIGIN = "https://synthetics.invalid"
_MODULES = {
    f"/{path.name}": path.read_text(encoding="utf-8")
    for path in Path(__file__).with_name("javascript").glob("*.js")
}
# Without popups: what a page opens may ask for its address before it is offline too.
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'; sandbox allow-scripts allow-same-origin"
)
_OPTIONS: dict[str, Any] = {"service_workers": "block", "offline": True}
_RUN = "async (given) => (await import('/dd.js')).run(given)"


class Sandbox:
    """Runs scripts, each in a context of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # Not those of browser tests, which wait for a script while they hold one.
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def ready(self) -> None:
        """Start the browser. Raises InvalidTest where none is installed, or CheckFailed."""
        await self._engine.ready()

    async def run(self, code: str, given: Mapping[str, Any]) -> Json:
        """Run `code`, a JavaScript module, with what `dd.js` makes of `given`; its answer.

        A script that takes too long, or breaks its page, has an `error`. Raises CheckFailed.
        """
        files = {**_MODULES, "/": "", "/script.js": code}

        async def serve(route: Route) -> None:
            url = urlsplit(route.request.url)
            if f"{url.scheme}://{url.netloc}" != _ORIGIN or url.path not in files:
                await route.abort("blockedbyclient")
                return
            kind = "text/javascript" if url.path.endswith(".js") else "text/html"
            await route.fulfill(
                body=files[url.path],
                content_type=f"{kind}; charset=utf-8",
                headers={"Content-Security-Policy": _POLICY},
            )

        async with self._slots, self._engine.context(lambda _: _OPTIONS) as (context, _):
            await answered(context.route("**/*", serve))
            page = await answered(context.new_page())
            await answered(loaded(lambda: page.goto(_ORIGIN)))
            try:
                async with asyncio.timeout(_LIMIT):
                    return cast("Json", await page.evaluate(_RUN, dict(given)))
            except TimeoutError:
                return {"error": f"it took over {_LIMIT:g} s"}
            except Error as error:
                reason = str(error).partition("\n")[0]
                return {"error": f"it broke the page that it ran on: {reason}"}
