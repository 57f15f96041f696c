"""Steps that read mail: the site sends it by SMTP, as a shop does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.local_synthetics.api.listening import receiver_at
from tests.local_synthetics.kinds.browser.conftest import browser_test, css, step
from tests.local_synthetics.kinds.browser.steps.test_steps import failing_type
from tests.local_synthetics.support import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.local_synthetics.mail.receiver import SmtpReceiver
    from tests.local_synthetics.kinds.browser.conftest import Json
    from tests.local_synthetics.support import Service

    Send = Callable[..., Json]

pytestmark = pytest.mark.browser

_SHORT = 0.4  # s for what must not come about
_VARIABLES = [{"name": "EMAIL", "type": "email"}]
_TYPE = step("typeText", element=css("#to"), value="{{ EMAIL }}")
_SEND = step("click", element=css("#send"))
_LATER = step("click", element=css("#later"))
_PRESENT = step("assertElementPresent", element=css("#title"))
_SENT = step("assertPageContains", value="Sent to")
_URL_IS = "return location.pathname + location.search === "


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
        return mailed.run(browser_test(url, _TYPE, *steps, variables=_VARIABLES))

    return run


def email(seconds: float = 20, **parts: tuple[str, str]) -> Json:
    wanted = {
        part.strip("_"): dict(zip(("type", "value"), one, strict=True))
        for part, one in parts.items()
    }
    return step("assertEmail", seconds=seconds, email=wanted)


def extract(kind: str, pattern: str, seconds: float = 20) -> Json:
    return step(
        "extractFromEmailBody",
        seconds=seconds,
        variable={"name": "CODE", "secure": True},
        pattern={"type": kind, "value": pattern},
    )


PASSING: dict[str, list[Json]] = {
    "assertEmail, any": [email()],
    "assertEmail, each part": [
        email(
            from_=("contains", "<kennel@kennel.example>"),
            subject=("equals", "Confirm, good dog \N{DOG}"),
            body=("matchRegex", "^Wóof\\nYour code is 4711\\.\\nThen"),
        ),
    ],
    "assertEmail, the plain one": [email(body=("contains", "Your number is 12."))],
    "goToEmailLink, by its text": [
        step("goToEmailLink", value="confirm it"),
        step("assertFromJavascript", code=f"{_URL_IS}'/second?a=1'"),
    ],
    "goToEmailLink, by a part of its URL": [
        step("goToEmailLink", value="?a=2"),
        step("assertFromJavascript", code=f"{_URL_IS}'/second?a=2'"),
    ],
    "goToEmailLink, the only one of the latest mail": [
        email(subject=("equals", "Welcome")),
        step("goToEmailLink"),
        step("assertFromJavascript", code=f"{_URL_IS}'/second?guide'"),
    ],
    "extractFromEmailBody, regex": [
        extract("regex", "code is (\\d+)"),
        step("assertFromJavascript", code="return vars.CODE === '4711'"),
    ],
    "extractFromEmailBody, XPath": [
        extract("x_path", "//b[@id='code']"),
        step("assertFromJavascript", code="return vars.CODE === '47'"),
    ],
}

FAILING: dict[str, tuple[str, str, Json]] = {
    "assertEmail": (
        "ASSERTION_FAILURE", "'Welcome' equals 'Goodbye': no",
        email(_SHORT, subject=("equals", "Goodbye")),
    ),
    "assertEmail, no one mail is all of it": (
        "ASSERTION_FAILURE", "none is as wanted",
        email(_SHORT, subject=("equals", "Welcome"), body=("contains", "4711")),
    ),
    "assertEmail, of any text": (
        "INVALID_TEST", "nothing would be proved", email(subject=("contains", "")),
    ),
    "goToEmailLink, none": (
        "NAVIGATE_TO_LINK", "0 links of the mail match",
        step("goToEmailLink", seconds=_SHORT, value="unsubscribe"),
    ),
    "goToEmailLink, several": (
        "NAVIGATE_TO_LINK", "2 links of the mail match",
        step("goToEmailLink", seconds=_SHORT, value="second?a="),
    ),
    "extractFromEmailBody": (
        "EXTRACT_VARIABLE", "The pattern is in no mail",
        extract("regex", "PIN (\\d+)", _SHORT),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PASSING)
def test_passes(send: Send, name: str) -> None:
    result = send(_SEND, _SENT, *PASSING[name], _PRESENT)
    assert result["status"] == "passed", result["failure"]
    assert result["received_email_count"] == 2


@pytest.mark.parametrize("name", FAILING)
def test_fails(send: Send, name: str) -> None:
    code, message, bad = FAILING[name]
    result = send(_SEND, _SENT, bad)
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
    assert send(_SEND, email())["status"] == "passed"
    result = send(_PRESENT, bad)
    assert result["failure"]["code"] == code
    assert "No mail has come" in result["failure"]["message"]
    assert result["received_email_count"] == 0


def test_a_step_waits_for_its_mail(send: Send) -> None:
    result = send(_LATER, step("goToEmailLink", value="confirm it"), email())
    assert result["status"] == "passed", result["failure"]


def test_a_secure_value_from_a_mail_is_not_shown(send: Send) -> None:
    pattern = "code is (\\d+)"
    result = send(_SEND, extract("regex", pattern), email(body=("contains", "{{ CODE }}")))
    assert result["status"] == "passed", result["failure"]
    assert result["steps"][3]["extracted_value"]["value"] == "********"


def test_without_a_variable_of_type_email_a_step_is_refused(mailed: Service, site: str) -> None:
    result = mailed.run(browser_test(site, email()))
    assert (result["failure"]["code"], result["inconclusive"]) == ("INVALID_TEST", True)
    assert "steps[0]: the test has no variable of type email" in result["failure"]["message"]


def test_without_a_receiver_a_step_is_refused_and_says_what_to_give(
    browser_service: Service, site: str
) -> None:
    result = browser_service.run(browser_test(site, email(), variables=_VARIABLES))
    assert (result["failure"]["code"], result["inconclusive"]) == ("INVALID_TEST", True)
    assert "--smtp" in result["failure"]["message"]
    given = browser_service.run(
        browser_test(site, email(), variables=_VARIABLES), variables={"EMAIL": "rex@kennel.example"}
    )
    assert (given["failure"]["code"], given["inconclusive"]) == ("INVALID_TEST", True)
