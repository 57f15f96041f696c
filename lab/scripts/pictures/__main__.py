"""lab/pictures: evidence, terminal and site into lab/.state/pictures; `pipeline`: docs/pictures."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from lab.scripts.machine import chromium
from lab.scripts.pictures import mixed_run, pipeline, site, terminal
from lab.scripts.progress import say, step
from lab.scripts.state import LAB, STATE, LabError, one_sentence
from pytest_storedog_gate.local_synthetics.chromium.executable import find_chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

_FOLDER = STATE / "pictures"


def main() -> None:
    """Makes the pictures that the command line names."""
    parser = argparse.ArgumentParser(prog="lab/pictures", description=__doc__)
    parser.add_argument("of", nargs="?", choices=["pipeline"], help="else what a user sees")
    of = parser.parse_args().of
    with one_sentence():
        chromium.ensure()
        if of == "pipeline":
            pipeline.photograph()
        else:
            _of_what_a_user_sees()


def _of_what_a_user_sees() -> None:
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with step("a run with a failed browser check, on a terminal and in a log"):
        seen = mixed_run.seen(_FOLDER)
    with step("the site"):
        built = [sys.executable, "-m", "lab.scripts.site"]
        if subprocess.run(built, cwd=LAB.parent, check=False).returncode:
            raise LabError("the site could not be built; see above")
    with _browser() as browser:
        terminal.photograph(browser, seen.screens, _FOLDER)
        site.photograph_page(browser, seen.evidence.as_uri(), _FOLDER, "evidence")
        site.photograph(browser, STATE / "site" / "html", _FOLDER)
    say(f"pictures: {_FOLDER}")


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        browser = playwright.chromium.launch(executable_path=find_chromium(os.environ, own))
        yield browser
        browser.close()


if __name__ == "__main__":
    main()
