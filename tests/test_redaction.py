"""What is masked, and what must not be."""

from __future__ import annotations

from dataclasses import fields

import pytest

from pytest_storedog_gate.datadog.models import Assertion, CheckOutcome, Result, Status, Step
from pytest_storedog_gate.redaction import masked, redactor

SECRET = "abc-def"  # a part of the check's public ID, as it happens
WORDS = f"said {SECRET}"


@pytest.mark.parametrize(
    ("secrets", "shown"),
    [
        (["hunter2"], "the key is ******** today"),
        (["y", "key", "today"], "the key is hunter2 today"),
        (["", "hunte", "hunter"], "the key is ********2 today"),
        (["hunter", "hunter2"], "the key is ******** today"),
    ],
)
def test_a_short_secret_is_a_placeholder(secrets: list[str], shown: str) -> None:
    assert redactor(secrets)("the key is hunter2 today") == shown


def test_identifiers_of_an_outcome_are_not_masked() -> None:
    ids = {"public_id", "result_id", "initial_result_id", "result_url", "batch_id", "location"}
    ids |= {"device", "type", "execution_rule"}
    texts = {field.name: WORDS for field in fields(Result) if field.type == "str"}
    assert set(texts) == ids | {"name", "reason"}, "what another field is has to be said"
    result = Result(**texts, status=Status.PASSED)  # type: ignore[arg-type]
    (found,) = masked(CheckOutcome(WORDS, (result,)), redactor([SECRET])).results
    assert {getattr(found, name) for name in ids} == {WORDS}
    assert (found.name, found.reason) == ("said ********", "said ********")


def test_identifiers_of_a_record_are_not_masked() -> None:
    record = {
        "digest": WORDS,
        "deploy_id": WORDS,
        "state": WORDS,
        "reasons": [WORDS],
        "checks": [{"public_id": WORDS, "name": WORDS, WORDS: [{"status": WORDS}]}],
    }
    assert masked(record, redactor([SECRET])) == {
        "digest": WORDS,
        "deploy_id": WORDS,
        "state": WORDS,
        "reasons": ["said ********"],
        "checks": [{"public_id": WORDS, "name": "said ********", WORDS: [{"status": WORDS}]}],
    }


def test_documents_of_others_have_no_identifiers() -> None:
    headers = {"location": f"https://shop.test/?token={SECRET}"}
    assertion = Assertion("body", "is 1", headers, valid=False)
    step = Step("a step", Status.FAILED, assertions=(assertion,))
    result = Result("abc-def-ghi", "", Status.FAILED, "", steps=(step,), detail={"status": SECRET})
    found = masked(result, redactor([SECRET]))
    assert found.public_id == "abc-def-ghi"
    assert found.steps[0].assertions[0].actual == {"location": "https://shop.test/?token=********"}
    assert found.detail == {"status": "********"}
