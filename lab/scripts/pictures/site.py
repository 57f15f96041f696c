"""Pages as a person sees them, on a desk, on a phone and in the dark: the site, and any other."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler
from typing import TYPE_CHECKING, Literal

from lab.scripts.pictures.serving import served

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

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
_PHONE = 390
_SHEET = 1600  # pixels: a picture that is much higher can't be read
_SHEETS = 3  # what is further down a long page looks as it does here


def photograph(browser: Browser, site: Path, folder: Path) -> None:
    """Writes a picture of each page on each screen into `folder`."""
    with served(partial(_Quiet, directory=str(site))) as address:
        for name in _PAGES:
            called = f"site-{name.strip('/').replace('/', '-') or 'start'}"
            photograph_page(browser, f"{address}/{name}", folder, called)


def photograph_page(browser: Browser, url: str, folder: Path, name: str) -> None:
    """Writes pictures of the page on each screen into `folder`, from its top down."""
    for screen, (width, height, scheme) in _SCREENS.items():
        page = browser.new_page(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            is_mobile=width == _PHONE,
        )
        page.goto(url, wait_until="networkidle")
        whole = page.evaluate("document.documentElement.scrollHeight")
        for number, top in enumerate(range(0, whole, _SHEET)[:_SHEETS], 1):
            page.screenshot(
                path=folder / f"{name}-{screen}-{number}.png",
                full_page=True,
                animations="disabled",
                clip={"x": 0, "y": top, "width": width, "height": min(_SHEET, whole - top)},
            )
        page.close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing: the pictures are the output."""
