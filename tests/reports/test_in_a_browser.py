"""Reports in a real Chromium: whatever was said in them, nothing runs and nothing is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.reports import markdown
from pytest_storedog_gate.reports.html import html
from tests.foreign_text import harmless
from tests.reports.attacks import ATTACKS
from tests.reports.foreign_records import all_of, everywhere
from tests.reports.parsers import html_of

if TYPE_CHECKING:
    from pathlib import Path

# Whatever a person could do to any element.
TOUCH = """() => {
    addEventListener("click", event => event.preventDefault(), true)
    for (const details of document.querySelectorAll("details")) details.open = true
    for (const element of document.querySelectorAll("*"))
        for (const kind of ["mouseover", "focus", "click", "load", "error", "toggle", "submit"])
            element.dispatchEvent(new Event(kind, {bubbles: true, cancelable: true}))
    const schemes = [...document.links].map(link => link.protocol)
    return [typeof attacked, ...new Set(schemes)]
}"""


@pytest.mark.browser
def test_nothing_runs_and_nothing_is_asked_for(chromium: None, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    from tests.browsers import launched  # noqa: PLC0415

    evidence = html(all_of(ATTACKS), ["pytest", "--storedog-env=staging"])
    policy = b"Content-Security-Policy"
    assert policy in evidence
    comments = map(html_of, map(markdown.markdown, map(everywhere, ATTACKS)))
    files = {
        "evidence": evidence,
        # Without the policy too, nothing of it may be more than text.
        "without": evidence.replace(policy, b"Nothing"),
        "comments": f"<!doctype html><meta charset=utf-8>{''.join(comments)}".encode(),
    }
    heard: list[str] = []
    with sync_playwright() as driver, launched(driver) as browser:
        page = browser.new_page()
        page.on("dialog", lambda dialog: heard.append(dialog.message))
        # What the page's own policy has to stop is a line here.
        page.on("console", lambda line: heard.append(line.text))
        page.on("popup", lambda other: heard.append(other.url))
        page.on("request", lambda request: heard.append(request.url))
        for name, data in files.items():
            file = tmp_path / f"{name}.html"
            file.write_bytes(data)
            page.goto(file.as_uri())
            kind, *schemes = page.evaluate(TOUCH)
            assert kind == "undefined", name
            assert set(schemes) <= {"http:", "https:", "file:"}, name
            text = page.evaluate("document.body.innerText")
            assert text.count("GATE OPEN") > 6, name
            assert harmless(text.replace("\n", "").replace("\t", "")), name
            assert page.url == file.as_uri()
            unexpected = [one for one in heard if not one.startswith("data:image/jpeg;base64,/9h")]
            assert unexpected == [file.as_uri()], name
            heard.clear()
