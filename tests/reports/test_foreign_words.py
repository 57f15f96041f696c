"""Whatever Datadog, a target or a log says: it stays within its line, in every outlet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from _pytest.junitxml import LogXML
from hypothesis import given
from hypothesis import strategies as st
from junitparser import JUnitXml

from pytest_storedog_gate.datadog.models import (
    CheckOutcome,
    Result,
    Status,
)
from pytest_storedog_gate.pytest_side.reporting.junit import Writers
from pytest_storedog_gate.reports import (
    failure_text,
    junit,
    markdown,
    summary,
)
from pytest_storedog_gate.reports.delivered import drone_card
from pytest_storedog_gate.synthetics_cli import printing as outcome_lines
from pytest_storedog_gate.verdicts.record import BatchLink, Record
from tests.conftest import junit_cases
from tests.foreign_text import JSON, TEXTS, harmless
from tests.fuzzing.profile import examples
from tests.reports.attacks import ATTACKS
from tests.reports.foreign_records import OUTCOMES, REQUESTS, RESULTS, closed_on, everywhere
from tests.reports.parsers import faults_of_xunit, page_of_markdown
from tests.reports.stand_ins import config_of, record_of, record_on, verdict_on

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path


def junit_of(
    path: Path,
    record: Record,
    node_ids: Mapping[str, str],
    passed: Collection[str],
    form: str | None = "full",
) -> dict[str, str]:
    xml = LogXML(str(path), None)
    xml.pytest_sessionstart()
    writers = Writers(config_of(xml), form)
    writers.choose()
    writers.add(junit.cases(record, node_ids, passed), lambda _: 0)
    xml.pytest_sessionfinish()
    return junit_cases(path)


@given(OUTCOMES)
@examples(100)
def test_a_failure_begins_no_line_with_foreign_words(outcome: CheckOutcome) -> None:
    first, *lines = failure_text.of_check(outcome).split("\n")
    assert first.startswith("check abc-def-ghi: ")
    assert all(one.startswith(("  ", "failed at ", "no verdict at ")) for one in lines)
    assert all(map(harmless, (first, *lines)))
    assert sum(map(len, lines)) < 3 * 8_000
    assert sum(one.startswith(("failed", "no verdict")) for one in lines) == sum(
        result.status is not Status.PASSED for result in outcome.results
    )


@given(OUTCOMES, TEXTS)
@examples(100)
def test_the_summary_begins_no_line_with_foreign_words(outcome: CheckOutcome, said: str) -> None:
    link = BatchLink(said, f"http://synthetics.test/{said}")
    record = record_on(
        verdict_on(outcome, reasons=[f"it stopped: {said}"]),
        rolled_back=f"put back: {said}",
        batches=(link,),
    )
    ours = ("    ", "abc-def-ghi", "batch: ", "put back:", "it stopped:", "run them again: ")
    lines = list(summary.lines(record, ["pytest"]))
    assert all(one.startswith(ours) for one in lines)
    assert all(map(harmless, lines))
    assert sum(map(len, lines)) < 10_000


@given(st.lists(OUTCOMES, min_size=1, max_size=2), TEXTS, st.sampled_from(["full", "xunit"]))
@examples(60)
def test_junit_is_xml_with_a_name_for_each_case(
    tmp_path_factory: pytest.TempPathFactory, outcomes: list[CheckOutcome], said: str, form: str
) -> None:
    ids = ("abc-def-ghi", "jkl-mno-pqr")
    outcomes = [replace(one, public_id=p) for one, p in zip(outcomes, ids, strict=False)]
    node_ids = {
        f"storedog.toml::test_check[staging-{one.public_id}]": one.public_id for one in outcomes
    }
    path = tmp_path_factory.mktemp("junit") / "junit.xml"
    record = record_of(*outcomes, rolled_back=said)
    cases = junit_of(path, record, node_ids, node_ids, form)
    (suite,) = JUnitXml.fromfile(str(path))
    assert [case.name for case in suite] == list(cases)
    assert form == "full" or not faults_of_xunit(path)
    for outcome in outcomes:
        own = [kind for name, kind in cases.items() if outcome.public_id in name]
        several = len(outcome.results) if len(outcome.results) > 1 else 0
        bad = outcome.status is not Status.PASSED
        assert len(own) == several + bad
        assert (set(own) <= {"passed"}) is not bad
    for element in ET.parse(path).iter():  # noqa: S314  # our own
        texts = [*element.attrib.values(), *(element.text or "").split("\n")]
        assert all(map(harmless, (one for text in texts for one in text.split("\n"))))


@given(OUTCOMES, TEXTS)
@examples(60)
def test_a_card_and_a_comment_have_lines_of_their_own(outcome: CheckOutcome, said: str) -> None:
    record = closed_on(outcome, said)
    comment = markdown.markdown(record).split("\n")
    ours = ("- FAILED ", "`", "image `", "commit `", "[build ", "[results](", "**GATE CLOSED for ")
    assert all(map(harmless, comment))
    assert all(one.startswith(ours) for one in comment if one)
    assert sum(one.startswith("- ") for one in comment) == 1
    assert_no_markdown_but_ours(record, comment)
    card = drone_card.data(record)
    (check,) = card["checks"]
    urls = [check["url"], *(batch["url"] for batch in card["batches"])]
    assert all(map(harmless, (*check.values(), card["commit"], card["rolled_back"], *urls)))
    assert not set("".join(urls)) & set(' ()<>\\`"')


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_in_a_comment_or_a_card_stays_text(attack: str) -> None:
    record = everywhere(attack)
    assert_no_markdown_but_ours(record, markdown.markdown(record).split("\n"))


def assert_no_markdown_but_ours(record: Record, comment: list[str]) -> None:
    page = page_of_markdown("\n".join(comment))
    assert page.tags <= {"p", "strong", "ul", "li", "a", "code"}
    assert page.attributes <= {"href"}
    card = drone_card.data(record)
    of_checks = [f"[{one['public_id']}]({one['url']}) {one['name']}" for one in card["checks"]]
    reasons = [one["reason"] for one in card["checks"]] + [one["text"] for one in card["reasons"]]
    facts = [card[name] for name in ("environment", "image", "digest", "commit", "rolled_back")]
    parts = [page, *map(page_of_markdown, of_checks)]
    assert all(link.startswith(("http://", "https://")) for part in parts for link in part.links)
    for part in map(page_of_markdown, (*reasons, *facts)):
        assert part.tags <= {"p"}


@given(RESULTS)
@examples(100)
def test_the_command_line_of_the_local_service_indents_foreign_words(result: Result) -> None:
    head, *lines = outcome_lines.lines_of(result)
    assert head.startswith(result.status.value.upper())
    assert all(one.startswith("  ") for one in lines)
    assert all(map(harmless, (head, *lines)))


@given(REQUESTS | JSON)
@examples(200)
def test_a_request_of_any_shape_is_a_line_or_nothing(request_: object) -> None:
    shown = failure_text.curl(request_)
    assert shown is None or (harmless(shown) and len(shown) <= 2000)
