"""Steps that read mail: the site sends it by SMTP, as a shop does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.local_synthetics.api.listening import receiver_at
from tests.local_synthetics.kinds.browser.steps.cases import failing_type
from tests.local_synthetics.kinds.browser.steps.mail_cases import (
    FAILING,
    LATER,
    PASSING,
    PRESENT,
    SEND,
    SENT,
    TYPE_ADDRESS,
    VARIABLES,
    email,
    extract,
)
from tests.local_synthetics.support.browser_tests import browser_test, step
from tests.local_synthetics.support.service import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.local_synthetics.mail.receiver import SmtpReceiver
    from tests.local_synthetics.support.browser_tests import Json
    from tests.local_synthetics.support.service import Service

    Send = Callable[..., Json]


pytestmark = pytest.mark.browser
_SHORT = 0.4  # s for what must not come about


@pytest.fixture(scope="module")
def receiver() -> SmtpReceiver:
    return receiver_at(("127.0.0.1", 0))


@pytest.fixture(scope="module")
def mailed(chromium: None, receiver: SmtpReceiver) -> Iterator[Service]:
    """A service that receives mail."""
    with serving(smtp=receiver) as service:
        yield service


@pytest.fixture
def send(mailed: Service, receiver: SmtpReceiver, site: str) -> Send:
    """The result of a test that types its address into the form, and then plays these steps."""

    def run(*steps: Json) -> Json:
        url = f"{site}/signup?smtp={receiver.address.rpartition(':')[2]}"
        return mailed.run(browser_test(url, TYPE_ADDRESS, *steps, variables=VARIABLES))

    return run


@pytest.mark.parametrize("name", PASSING)
def test_passes(send: Send, name: str) -> None:
    result = send(SEND, SENT, *PASSING[name], PRESENT)
    assert result["status"] == "passed", result["failure"]
    assert result["received_email_count"] == 2


@pytest.mark.parametrize("name", FAILING)
def test_fails(send: Send, name: str) -> None:
    code, message, bad = FAILING[name]
    result = send(SEND, SENT, bad)
    assert (result["status"], result["failure"]["code"]) == ("failed", code), result["failure"]
    assert message in result["failure"]["message"]
    failed = [one["type"] for one in result["steps"] if one["status"] == "failed"]
    assert failed == [failing_type(name)]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (email(_SHORT), "ASSERTION_FAILURE"),
        (step("goToEmailLink", seconds=_SHORT, value="x"), "NAVIGATE_TO_LINK"),
        (extract("regex", "x", _SHORT), "EXTRACT_VARIABLE"),
    ],
    ids=["assertEmail", "goToEmailLink", "extractFromEmailBody"],
)
def test_a_mail_that_is_not_sent_fails_each_step_even_if_another_attempt_had_one(
    send: Send, bad: Json, code: str
) -> None:
    assert send(SEND, email())["status"] == "passed"
    result = send(PRESENT, bad)
    assert result["failure"]["code"] == code
    assert "No mail has come" in result["failure"]["message"]
    assert result["received_email_count"] == 0


def test_a_step_waits_for_its_mail(send: Send) -> None:
    result = send(LATER, step("goToEmailLink", value="confirm it"), email())
    assert result["status"] == "passed", result["failure"]


def test_a_secure_value_from_a_mail_is_not_shown(send: Send) -> None:
    pattern = "code is (\\d+)"
    result = send(SEND, extract("regex", pattern), email(body=("contains", "{{ CODE }}")))
    assert result["status"] == "passed", result["failure"]
    assert result["steps"][3]["extracted_value"]["value"] == "********"


def test_without_a_variable_of_type_email_a_step_is_refused(mailed: Service, site: str) -> None:
    result = mailed.run(browser_test(site, email()))
    assert (result["failure"]["code"], result["inconclusive"]) == ("INVALID_TEST", True)
    assert "steps[0]: the test has no variable of type email" in result["failure"]["message"]


def test_without_a_receiver_a_step_is_refused_and_says_what_to_give(
    browser_service: Service, site: str
) -> None:
    result = browser_service.run(browser_test(site, email(), variables=VARIABLES))
    assert (result["failure"]["code"], result["inconclusive"]) == ("INVALID_TEST", True)
    assert "--smtp" in result["failure"]["message"]
    given = browser_service.run(
        browser_test(site, email(), variables=VARIABLES), variables={"EMAIL": "rex@kennel.example"}
    )
    assert (given["failure"]["code"], given["inconclusive"]) == ("INVALID_TEST", True)
