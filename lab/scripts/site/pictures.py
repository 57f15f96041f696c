"""lab/docs pictures: the site as a person sees the pages, on a desk, on a phone and in the dark."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Literal

from playwright.sync_api import sync_playwright

from lab.scripts.progress import say
from pytest_storedog_gate.local_synthetics.chromium.executable import find_chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

# One of each part, and the pages with the widest tables.
_PAGES = (
    "",
    "tutorial/first-api-check/",
    "how-to/datadog-ci/",
    "reference/configuration/",
    "explanation/differences/",
    "contributing/",
)
_SCREENS: dict[str, tuple[int, int, Literal["light", "dark"]]] = {
    "desk": (1280, 1000, "light"),
    "phone": (390, 844, "light"),
    "dark": (390, 844, "dark"),
}


def photograph(site: Path, folder: Path) -> None:
    """Writes a picture of each page on each screen into `folder`."""
    with sync_playwright() as playwright, _served(site) as address:
        own = Path(playwright.chromium.executable_path)
        browser = playwright.chromium.launch(executable_path=find_chromium(os.environ, own))
        for screen, (width, height, scheme) in _SCREENS.items():
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )
            for name in _PAGES:
                page.goto(f"{address}/{name}", wait_until="networkidle")
                path = folder / f"{name.strip('/').replace('/', '-') or 'start'}-{screen}.png"
                page.screenshot(path=path, full_page=True)
                say(f"{path.name}: {name or 'the start'}")
        browser.close()


@contextmanager
def _served(site: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Says nothing: the pictures are the output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
