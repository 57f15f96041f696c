"""The evidence of a run as one page: what it shows, and that nothing in it can do anything."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from pytest_storedog_gate.datadog.details import shown
from pytest_storedog_gate.datadog.models import (
    Assertion,
    CheckOutcome,
    Status,
    Step,
)
from pytest_storedog_gate.deploy import Build, Deployment, ImageReference
from pytest_storedog_gate.reports.html import html
from pytest_storedog_gate.verdicts.record import BatchLink, Subject
from tests.conftest import http_check
from tests.foreign_text import TEXTS, harmless
from tests.fuzzing.profile import examples
from tests.html_page import Page
from tests.reports.attacks import ATTACKS
from tests.reports.foreign_records import OUTCOMES, closed_on, everywhere
from tests.reports.stand_ins import NOW, outcome, record_of

if TYPE_CHECKING:
    from pytest_storedog_gate.verdicts.record import Record
    from tests.conftest import GateProject

COMMAND = ["pytest", "--storedog-env=staging"]


def page_of(record: Record) -> Page:
    return Page(html(record, COMMAND))


def test_each_target_is_told() -> None:
    image = ImageReference("r.example/shop", "1", f"sha256:{'a' * 64}")
    done = Deployment("staging", "shop", image, "d-us", None, NOW, NOW, 0.0)
    both = {"us": done, "eu": replace(done, deploy_id="d-eu", downtime=1.5)}
    page = page_of(
        record_of(outcome("abc-def-ghi", Status.PASSED), deployment=replace(done, targets=both))
    )
    assert f"{image.digest}, deployment d-eu, unavailable for 1.50 s" in page.text
    assert "target eu" in page.text


# What our own templates write, and nothing that was shown could have brought.
OWN_TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "h4", "p", "pre", "dl",
    "dt", "dd", "a", "span", "details", "summary", "div", "section", "code", "table", "tr", "th",
    "td", "ol", "ul", "li", "i", "img", "br", "strong", "footer",
}  # fmt: skip
OWN_ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "rel", "src", "alt",
    "style", "open", "aria-label",
}  # fmt: skip


@given(OUTCOMES, TEXTS)
@examples(100)
def test_no_foreign_words_become_markup(check: CheckOutcome, said: str) -> None:
    page = page_of(closed_on(check, said))
    assert page.tags <= OWN_TAGS
    assert page.attributes <= OWN_ATTRIBUTES
    assert all(link.startswith(("http://", "https://", "data:image/jpeg;")) for link in page.links)
    assert harmless(page.text.replace("\n", ""))


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_stays_text(attack: str) -> None:
    page = page_of(everywhere(attack))
    assert page.tags <= OWN_TAGS
    assert page.attributes <= OWN_ATTRIBUTES
    assert all(link.startswith(("http://", "https://", "data:image/jpeg;")) for link in page.links)
    assert all("attacked" not in style for style in page.styles)


def test_the_verdict_comes_first_and_then_what_failed() -> None:
    record = record_of(
        outcome("goo-ood-one", Status.PASSED),
        outcome("bad-bad-one", Status.FAILED, "statusCode: expected is 200, actual 500"),
        subject=Subject("registry.test/shop:1", "sha256:" + "a" * 64),
        build=Build("0c1d2e", "12", "https://drone.test/12"),
        batches=(BatchLink("b-1", "https://app.test/b-1"),),
        logs={"staging-shop": "the last line"},
        jobs={"staging-shop.job": "migrated 3 tables"},
        seconds={"pull": 3.0, "waiting": 1.0, "trigger": 0.0},
    )
    page = page_of(record)
    order = [
        "GATE CLOSED for staging: 1/2 checks passed", "sha256:", "0c1d2e", "bad-bad-one",
        "statusCode: expected is 200, actual 500", "goo-ood-one", "Run them again",
        "migrated 3 tables", "the last line", "3.00 s",
    ]  # fmt: skip
    places = [page.text.index(one) for one in order]
    assert places == sorted(places)
    assert page.links == ["https://drone.test/12", "https://app.test/b-1"]
    assert "--storedog-deploy=never --synthetics-id=bad-bad-one" in page.text
    assert "trigger" not in page.text  # a part that took no time is no part


def test_a_result_has_an_anchor_that_links_lead_to() -> None:
    check = outcome("abc-def-ghi", Status.FAILED, "no", result_id="1234567890123456789")
    assert "result-1234567890123456789" in page_of(record_of(check)).ids


def test_a_step_shows_its_picture_and_its_place_in_time() -> None:
    steps = (
        Step("open", Status.PASSED, duration=1.0, screenshot="/local/screenshots/1"),
        Step("buy", Status.FAILED, "no button", 3.0, screenshot="/local/screenshots/2"),
    )
    check = outcome("abc-def-ghi", Status.FAILED, "step 2, buy: no button", steps=steps)
    page = page_of(record_of(check, pictures={"/local/screenshots/2": b"\xff\xd8picture"}))
    assert page.links[1:] == ["data:image/jpeg;base64,/9hwaWN0dXJl"]
    assert page.styles == ["margin-left:0.00%;width:25.00%", "margin-left:25.00%;width:75.00%"]


@pytest.mark.parametrize("actual", [True, None, 1.0, {"a": [None, False]}, "text"])
def test_the_page_shows_a_value_as_the_reason_does(actual: object) -> None:
    held = Assertion("body $.ok", "is false", actual, valid=False)
    page = page_of(record_of(outcome("abc-def-ghi", Status.FAILED, "no", assertions=(held,))))
    assert f"is false{shown(actual)}" in page.text.replace("\n", "")


def test_all_of_the_last_lines_of_a_log_are_on_the_page() -> None:
    lines = [f"{number:<9}<i>{'x' * 200}" for number in range(30)]
    log = {"staging-shop.job": "\n".join(lines)}
    page = page_of(record_of(outcome("abc-def-ghi", Status.PASSED), jobs=log, logs=log))
    assert page.text.count("\n".join(lines)) == 2


def test_the_command_that_runs_checks_again_is_whole() -> None:
    failed = [outcome(f"abc-def-{number:03}", Status.FAILED) for number in range(200)]
    page = page_of(record_of(*failed))
    wanted = " ".join(f"--synthetics-id={one.public_id}" for one in failed)
    assert f"--storedog-deploy=never {wanted}" in page.text


def test_a_run_writes_its_page(both_ways: GateProject) -> None:
    both_ways.shop.answers["/discount"] = (500, "{}")
    result = both_ways.run("--storedog-html=evidence.html")
    assert result.ret == 1
    page = Page((both_ways.path / "evidence.html").read_bytes())
    assert "GATE CLOSED for staging: 1/2 checks passed" in page.text
    assert "GET" in page.text
    assert f"evidence: {both_ways.path / 'evidence.html'}" in result.outlines
    # The service of the run is gone: links lead into the page.
    (link,) = [line.split()[-1] for line in result.outlines if line.startswith("  result: ")]
    path, _, anchor = link.partition("#")
    assert path == "evidence.html"
    assert anchor in page.ids
    assert "127.0.0.1" not in " ".join(page.links)


def test_without_a_page_no_link_leads_to_a_service_that_is_gone(both_ways: GateProject) -> None:
    both_ways.shop.answers["/discount"] = (500, "{}")
    result = both_ways.run()
    assert "storedog-gate: triggered 2 checks" in result.outlines
    for said in (str(result.stdout), (both_ways.path / "junit.xml").read_text("utf-8")):
        assert "dis-cou-nts" in said
        assert "/synthetics/" not in said
    assert both_ways.report()["batch_url"] == ""


def test_a_page_that_cannot_be_written_is_no_open_gate(both_ways: GateProject) -> None:
    assert both_ways.run("--storedog-html=/dev/full").ret == 8
    assert both_ways.run("--storedog-html=storedog.toml/evidence.html").ret == 8


def test_a_page_of_an_earlier_run_is_withdrawn(project: GateProject) -> None:
    assert project.run("--storedog-html=evidence.html").ret == 0
    project.configuration("[environments.staging]\nchecks = 7\n")
    assert project.run("--storedog-html=evidence.html").ret == 4
    assert not (project.path / "evidence.html").exists()


def test_no_secret_is_on_the_page(project: GateProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DD_API_KEY", "s3cret-of-the-shop")
    project.shop.answers["/discount"] = (500, '{"said": "s3cret-of-the-shop"}')
    assert project.run("--storedog-html=evidence.html").ret == 1
    page = (project.path / "evidence.html").read_text("utf-8")
    assert "********" in page
    assert "s3cret" not in page


def test_a_page_without_its_library_is_refused_before_anything_is_done(
    project: GateProject,
) -> None:
    (project.path / "conftest.py").write_text("import sys\nsys.modules['jinja2'] = None", "utf-8")
    result = project.run("--storedog-html=evidence.html")
    assert result.ret == 4
    assert "pip install 'pytest-storedog-gate[report]'" in str(result.stderr)
    assert project.shop.asked == {}


@pytest.mark.browser
def test_the_pages_of_a_browser_test_are_seen(chromium: None, project: GateProject) -> None:
    project.shop.answers["/"] = (200, "a shop without discounts")
    seen = {"type": "assertPageContains", "name": "the discount is there", "timeout": 1}
    definition = {
        "public_id": "dis-cou-nts",
        "name": "a visitor sees the discount",
        "type": "browser",
        "locations": ["aws:eu-central-1"],
        "config": {"request": {"method": "GET", "url": f"{project.shop.url}/"}},
        "options": {"device_ids": ["chrome.laptop_large"]},
        "steps": [{**seen, "params": {"value": "10 %"}}],
    }
    project.checks(
        {"localTestDefinition": definition},
        http_check("hea-lth-chk", "/health", "the health route"),
    )
    assert project.run("--storedog-html=evidence.html").ret == 1
    page = Page((project.path / "evidence.html").read_bytes())
    pictures = [link for link in page.links if link.startswith("data:image/jpeg;base64,/9j/")]
    assert len(pictures) == 2  # of the start and of the step that failed
