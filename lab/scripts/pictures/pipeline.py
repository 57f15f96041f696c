"""lab/pictures pipeline: the walk from a push to production, as screenshots for its page."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import sync_playwright

from lab.scripts.journey.engine import SHOPS
from lab.scripts.pipeline import repository, settings
from lab.scripts.pipeline.drone import Drone
from lab.scripts.pipeline.gogs import REPOSITORY
from lab.scripts.progress import say, step
from lab.scripts.state import LAB, LabError
from pytest_storedog_gate.local_synthetics.chromium.executable import find_chromium

_FOLDER = LAB.parent / "docs" / "pictures"
_STAGING = 3  # the number of the gate's step, after clone and build


@dataclass(frozen=True)
class Picture:
    """A page, a selector of what it shows once it is there, and the button that leads there."""

    name: str
    url: str
    shows: str
    opens: str = ""


def photograph() -> None:
    """Push a good and a bad release, and show what became of them."""
    if not settings.FILE.exists():
        raise LabError("there is no pipeline to show; start it with lab/up --pipeline")
    pipeline = settings.read()
    good, bad = (_built(pipeline, release) for release in ("better", "utf-16"))
    builds = f"{pipeline.drone}/{pipeline.user}/{REPOSITORY}"
    commits = f"{pipeline.gogs}/{pipeline.user}/{REPOSITORY}/commits/main"
    card = Picture("card", f"{builds}/{bad}/1/{_STAGING}", "text=GATE CLOSED", "CARD VIEW")
    _photograph(
        Picture("commits", commits, "text=Release utf-16"),
        Picture("builds", builds, "text=Release utf-16"),
        Picture("promoted", f"{builds}/{good}/1/{_STAGING}", "text=GATE OPEN"),
        Picture("stopped", f"{builds}/{bad}/1/{_STAGING}", "text=GATE CLOSED"),
        *([card] if _shows_cards(pipeline) else []),
        Picture("shop", SHOPS["production"], "#discount-code"),
    )


def _built(pipeline: settings.Settings, release: str) -> int:
    with step(f"the pipeline builds {release}"):
        return Drone(pipeline).finished(repository.push(pipeline, release))


def _shows_cards(pipeline: settings.Settings) -> bool:
    """Drone does since 2.6."""
    version = Drone(pipeline).version()
    if version < (2, 6):
        say(f"Drone {'.'.join(map(str, version))} shows no cards: docs/pictures/card.png stays")
    return version >= (2, 6)


def _photograph(*pictures: Picture) -> None:
    _FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        browser = playwright.chromium.launch(executable_path=find_chromium(os.environ, own))
        page = browser.new_page(viewport={"width": 1200, "height": 800})
        for picture in pictures:
            page.goto(picture.url)
            if picture.opens:
                page.get_by_text(picture.opens).click()
            page.locator(picture.shows).first.scroll_into_view_if_needed()
            page.screenshot(path=_FOLDER / f"{picture.name}.png")
            say(f"docs/pictures/{picture.name}.png: {picture.url}")
        browser.close()
