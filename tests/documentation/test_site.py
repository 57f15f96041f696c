"""The site is built without a warning, finds what is searched for, and asks nobody else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
import yaml

from lab.scripts.pictures.serving import served
from lab.scripts.site import sources, versions
from tests.conftest import missing
from tests.documentation.pages import pages
from tests.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_FETCHES = re.compile(r'<(?:link|script|img|iframe)[^>]+(?:href|src)="?(https?:[^">\s]+)')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as lab/docs builds it, in a folder of its own."""
    if find_spec("zensical") is None:
        missing("docs", "no zensical: pip install --group docs")
    folder = tmp_path_factory.mktemp("site")
    sources.prepare(ROOT, folder / "sources")
    settings = (ROOT / "mkdocs.yml").read_text("utf-8")
    settings = settings.replace("lab/.state/site/", "")
    (folder / "mkdocs.yml").write_text(settings, "utf-8")
    build = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    done = subprocess.run(build, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "html"


def test_each_page_is_there_and_can_be_searched(site: Path) -> None:
    index = json.loads((site / "search.json").read_text("utf-8"))
    found = {item["location"].partition("#")[0] for item in index["items"]}
    for page in pages("", "tutorial", "how-to", "how-to/pipelines", "reference", "explanation"):
        place = page.name.removesuffix(".md").removesuffix("index")
        place += "/" if place and not place.endswith("/") else ""
        assert (site / place / "index.html").exists()
        assert place in found


def test_what_pages_link_to_outside_of_docs_is_a_page_of_the_site(site: Path) -> None:
    page = (site / "source" / "lab" / "storedog.toml" / "index.html").read_text("utf-8")
    assert "Storedog under the gate" in page
    assert (site / "contributing" / "index.html").exists()


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for path in site.rglob("*.html"):
        assert _FETCHES.findall(path.read_text("utf-8")) == [], path


def test_no_escape_of_a_table_is_shown(site: Path) -> None:
    shown = [path for path in site.rglob("*.html") if "source" not in path.parts]
    assert shown
    for path in shown:
        assert not re.search(r"<td>[^\n]*<code>[^<\n]*\\\|", path.read_text("utf-8")), path


def test_the_navigation_has_the_five_parts() -> None:
    text = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:")[2]
    parts = [next(iter(part)) for part in yaml.safe_load("nav:" + text)["nav"]]
    assert parts == ["Start", "Tutorial", "How-to", "Reference", "Explanation", "Contributing"]


@pytest.mark.browser
def test_a_switch_leads_to_the_sites_of_other_versions(
    chromium: None, site: Path, tmp_path: Path
) -> None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    from tests.browsers import launched, opened  # noqa: PLC0415

    for version in ("0.2.0", "0.10.0", "0.10.0rc1", "0.2.0"):
        versions.publish(site, tmp_path, version)
    assert (tmp_path / "0.10.0rc1" / "reference" / "junit" / "index.html").exists()
    folder = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with (
        served(folder) as address,
        sync_playwright() as driver,
        launched(driver) as browser,
    ):
        page = browser.new_page()
        opened(page, address)
        page.wait_for_url(f"{address}/0.10.0/")
        links = page.locator(".md-version__link")
        links.first.wait_for(state="attached")
        assert links.all_inner_texts() == ["0.10.0", "0.10.0rc1", "0.2.0"]
