"""`storedog-synthetics record`: a session in a real Chromium, as a test that runs green."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.errors import ConfigurationError, NoVerdict
from pytest_storedog_gate.synthetics_cli.command_line import main

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.local_synthetics.support.service import Target

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("chromium")]

FILE = Path("checks/recorded.synthetics.json")
SHOP = """
<title>Shop</title><h1>Order</h1>
<label>Name <input id="who"></label> <label>Word <input type="password" name="word"></label>
<select aria-label="Size"><option value="s">Small</option><option value="l">Large</option></select>
<label><input type="checkbox"> Gift</label>
<ul><li><button type="button">More</button></li><li><button type="button">More</button></li></ul>
<p id="said"></p>
<script>
const buttons = document.querySelectorAll("button");
const shown = (text) => { document.getElementById("said").innerText = text; };
buttons[1].onclick = () => {
  const [who, word, gift] = document.querySelectorAll("input");
  const all = [who.value, word.value.length, gift.checked, document.querySelector("select").value];
  shown("Thanks " + all.join(" "));
};
</script>
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: Target) -> Path:
    monkeypatch.chdir(tmp_path)
    target.answer("/", body=SHOP, headers={"Content-Type": "text/html"})
    return tmp_path


async def click(page: Page, selector: str, number: int = 0) -> None:
    """As a hand does, not by Playwright's own action on the element."""
    box: Any = await page.locator(selector).nth(number).bounding_box()
    await page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


async def order(page: Page) -> None:
    await click(page, "#who")
    await page.keyboard.type("Rex")
    await click(page, "[type=password]")
    await page.keyboard.type("sesame-1")
    await page.locator("select").focus()
    await page.keyboard.press("ArrowDown")
    await click(page, "[type=checkbox]")
    await click(page, "button", 1)
    # Whatever was done is told by then.
    await page.get_by_text("Thanks Rex").wait_for()


def recorded(target: Target, person: Any) -> list[dict[str, Any]]:
    from pytest_storedog_gate.synthetics_cli.authoring.record import record  # noqa: PLC0415

    assert record(target.url, FILE, person) == 0
    (test,) = json.loads(FILE.read_text("utf-8"))["tests"]
    steps: list[dict[str, Any]] = test["localTestDefinition"]["steps"]
    return steps


def test_what_a_person_does_becomes_a_test_that_passes(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = recorded(target, order)
    kinds = [step["type"] for step in steps]
    assert kinds.count("typeText") == 2
    assert kinds[-2:] == ["click", "assertPageContains"]
    assert steps[-1]["params"] == {"value": "Thanks Rex 8 true l"}
    said = capsys.readouterr().out
    assert said.endswith(f"storedog-synthetics run {FILE} --variable=PASSWORD_1=...\n")
    assert "sesame" not in FILE.read_text("utf-8") + said
    assert main(["validate", str(FILE)]) == 0
    assert main(["run", str(FILE), "--variable=PASSWORD_1=sesame-1"]) == 0
    # It is no test that always passes: the steps decide.
    target.answer("/", body=SHOP.replace("Thanks", "Sorry"), headers={"Content-Type": "text/html"})
    assert main(["run", str(FILE), "--variable=PASSWORD_1=sesame-1"]) == 1


def test_what_browser_tests_cannot_do_is_named(target: Target) -> None:
    async def with_control(page: Page) -> None:
        await page.keyboard.down("Control")
        await click(page, "button")
        await page.keyboard.up("Control")
        await page.locator("button").first.focus()

    with pytest.raises(ConfigurationError, match="the recording has click with Alt, Control"):
        recorded(target, with_control)
    assert not FILE.exists()


def test_what_cannot_be_done_again_is_no_test(target: Target) -> None:
    async def once(page: Page) -> None:
        await order(page)
        target.answer("/", body="<h1>Closed</h1>", headers={"Content-Type": "text/html"})

    with pytest.raises(NoVerdict, match="cannot be done again"):
        recorded(target, once)
    assert not FILE.exists()


def test_what_is_another_each_time_is_not_asserted(target: Target) -> None:
    page = SHOP.replace('"Thanks "', '"Thanks, order " + crypto.randomUUID() + " "')
    target.answer("/", body=page, headers={"Content-Type": "text/html"})

    async def more(page: Page) -> None:
        await click(page, "button", 1)
        await page.get_by_text("Thanks, order").wait_for()

    assert recorded(target, more)[-1]["params"] == {"value": "Order"}


def test_a_page_that_never_ceases_to_ask_can_be_recorded(target: Target) -> None:
    page = SHOP.replace("<script>", '<script>setInterval(() => fetch("/news"), 50);')
    target.answer("/", body=page, headers={"Content-Type": "text/html"})
    target.answer("/news")

    async def more(page: Page) -> None:
        await click(page, "button", 1)
        await page.get_by_text("Thanks").wait_for()

    assert recorded(target, more)[-1]["params"] == {"value": "Thanks 0 false s"}


def test_a_file_that_is_there_stays(target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    FILE.parent.mkdir()
    FILE.write_text("mine")
    assert main(["record", target.url]) == 4
    assert f"{FILE} is there, and nothing is overwritten" in capsys.readouterr().err
    assert not target.requests
