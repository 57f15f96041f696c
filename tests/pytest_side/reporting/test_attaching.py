"""The reports of other plugins hold the evidence of checks, and nothing that does any harm."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from pytest_storedog_gate.datadog.models import CheckOutcome, Status, Step
from pytest_storedog_gate.reports import attachments, ctrf
from tests.conftest import MODES, http_check
from tests.foreign_text import harmless
from tests.fuzzing.profile import examples
from tests.planted import WORD, planted_in
from tests.reports.foreign_records import OUTCOMES
from tests.reports.stand_ins import outcome

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import GateProject

ATTACK = "</script></pre><img src=x onerror='attacked = 1'><script>attacked = 1</script>\x00\ud83d"
EACH = ["no-xdist", "n0", "n2"]
OPTIONS = ["--html=others.html", "--alluredir=allure", "--ctrf=ctrf.json"]
PLUGINS = ("html", "html_fixtures", "metadata", "allure_pytest", "ctrf")
# So it is the first test whose result is the last.
LATE = {"retry": {"count": 1, "interval": 500}}
# A test of the project's own says what no outlet may show.
OWN = """
import os, pytest

@pytest.mark.synthetics("dis-cou-nts")
def test_own(storedog_outcome, extras):
    print("printed", os.environ["DD_API_KEY"])
    extras.append({"format_type": "text", "name": "own", "content": os.environ["DD_API_KEY"],
                   "mime_type": "text/plain", "extension": "txt"})
    assert os.environ["DD_API_KEY"] == storedog_outcome
"""


@pytest.fixture(params=EACH)
def reported(
    request: pytest.FixtureRequest, project: GateProject, monkeypatch: pytest.MonkeyPatch
) -> GateProject:
    """The same three files of a run with one bad check, in each mode of xdist."""
    for plugin in ("pytest_html", "allure_pytest", "ctrf"):
        pytest.importorskip(plugin)
    monkeypatch.setenv("DD_API_KEY", f"{WORD}-key")
    project.mode = MODES[request.param]
    project.with_plugin(*PLUGINS)
    project.checks(
        http_check("dis-cou-nts", "/discount", f"discounts {ATTACK}", **LATE),
        http_check("hea-lth-chk", "/health", "the health route"),
    )
    project.shop.answers["/discount"] = (500, f"{WORD}-key <script>attacked = 1</script>")
    (project.path / "test_own.py").write_text(OWN, "utf-8")
    options = ("--storedog-deploy=never", "--self-contained-html", *OPTIONS)
    result = project.run_at_a_service(*options)
    assert result.ret == 1, str(result.stdout) + str(result.stderr)
    return project


def test_each_report_holds_the_evidence_and_no_secret(reported: GateProject) -> None:
    path = reported.path
    tests = {
        one["name"]: one for one in json.loads((path / "ctrf.json").read_text())["results"]["tests"]
    }
    bad = tests["storedog.toml::test_check[staging-dis-cou-nts]"]
    assert bad["extra"]["public_id"] == "dis-cou-nts"
    assert "expected is 200" in bad["message"]
    assert "public_id" not in tests["storedog.toml::test_check[staging-hea-lth-chk]"].get(
        "extra", {}
    )

    bad = _allure(path)["test_check[staging-dis-cou-nts]"]
    assert [one["name"] for one in bad["links"]] == ["result 1"]
    (evidence,) = [one for one in bad["attachments"] if one["name"] == "evidence"]
    assert "statusCode" in (path / "allure" / evidence["source"]).read_text("utf-8")

    (texts, links) = _extras(path / "others.html", "storedog.toml::test_check[staging-dis-cou-nts]")
    assert "statusCode" in texts[0]
    assert links[0].startswith("http://127.0.0.1:")

    files = [path / "ctrf.json", path / "others.html", *(path / "allure").iterdir()]
    assert {file.name: found for file in files if (found := planted_in(_decoded(file)))} == {}


def _allure(path: Path) -> dict[str, dict[str, Any]]:
    read = (json.loads(one.read_text("utf-8")) for one in (path / "allure").glob("*-result.json"))
    found = {one["uuid"]: one for one in read}
    assert sorted(one["name"] for one in found.values()) == [
        "test_check[staging-dis-cou-nts]", "test_check[staging-hea-lth-chk]", "test_own",
    ]  # fmt: skip
    return {one["name"]: one for one in found.values()}


def _blob(file: Path) -> dict[str, Any]:
    from lxml import html  # noqa: PLC0415

    found: Any = html.fromstring(file.read_bytes()).xpath("//*[@data-jsonblob]")
    blob: dict[str, Any] = json.loads(found[0].get("data-jsonblob"))
    return blob


def _extras(file: Path, node_id: str) -> tuple[list[str], list[str]]:
    ((*_, test),) = [_blob(file)["tests"][node_id]]
    extras = {
        kind: [e["content"] for e in test["extras"] if e["format_type"] == kind]
        for kind in ("text", "url")
    }
    texts = [base64.b64decode(one.partition("base64,")[2]).decode() for one in extras["text"]]
    return texts, extras["url"]


def _decoded(file: Path) -> str:
    """A file's text, with what it holds as base64 beside."""
    text = file.read_bytes().decode("utf-8", "replace")
    if file.suffix != ".html":
        return text
    tests = _blob(file)["tests"]
    return text + "".join(one for name in tests for one in _extras(file, name)[0])


@pytest.mark.browser
def test_nothing_runs_where_a_browser_opens_the_page(chromium: None, reported: GateProject) -> None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    from tests.browsers import launched  # noqa: PLC0415

    with sync_playwright() as driver, launched(driver) as browser:
        page = browser.new_page()
        page.goto((reported.path / "others.html").as_uri())
        page.locator("text=test_check[staging-dis-cou-nts]").first.wait_for()
        assert page.evaluate("typeof attacked") == "undefined"


@given(OUTCOMES)
@examples(60)
def test_foreign_words_stay_within_lines_of_their_own(check: CheckOutcome) -> None:
    found = attachments.of(check, {})
    assert all(map(harmless, found.text.split("\n")))
    assert all(url.startswith(("http://", "https://")) for url in found.links.values())
    assert not set("".join(found.links.values())) & set(' <>"`\\')
    told = ctrf.of_check(check)
    texts = [*(step["name"] for step in told.get("steps", ())), *told["extra"].values()]
    assert all(map(harmless, [told.get("message", ""), *texts]))
    json.loads(json.dumps(told, allow_nan=False))


def test_steps_and_their_pictures_are_attached() -> None:
    steps = (
        Step("open", Status.PASSED, duration=1.0, screenshot="/1"),
        Step("buy", Status.FAILED, "no button", 3.0, screenshot="/2"),
        Step("pay", None),
    )
    check = outcome("abc-def-ghi", Status.FAILED, "step 2, buy: no button", steps=steps)
    found = attachments.of(check, {"/2": b"jpeg"})
    assert found.pictures == {"result 1, step 2": b"jpeg"}
    assert "  ✗ 2. buy (3.00 s)\n  - 3. pay (0.00 s)\n" in found.text
    assert [one["status"] for one in ctrf.of_check(check)["steps"]] == [
        "passed",
        "failed",
        "skipped",
    ]
