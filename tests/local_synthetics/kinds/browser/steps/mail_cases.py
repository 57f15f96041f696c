"""Steps about mails that pass, and such that fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.local_synthetics.support.browser_tests import css, step

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_synthetics.support.browser_tests import Json

    Send = Callable[..., Json]


VARIABLES = [{"name": "EMAIL", "type": "email"}]
TYPE_ADDRESS = step("typeText", element=css("#to"), value="{{ EMAIL }}")
_SHORT = 0.4  # s for what must not come about
SEND = step("click", element=css("#send"))
LATER = step("click", element=css("#later"))
PRESENT = step("assertElementPresent", element=css("#title"))
SENT = step("assertPageContains", value="Sent to")
URL_IS = "return location.pathname + location.search === "


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
        step("assertFromJavascript", code=f"{URL_IS}'/second?a=1'"),
    ],
    "goToEmailLink, by a part of its URL": [
        step("goToEmailLink", value="?a=2"),
        step("assertFromJavascript", code=f"{URL_IS}'/second?a=2'"),
    ],
    "goToEmailLink, the only one of the latest mail": [
        email(subject=("equals", "Welcome")),
        step("goToEmailLink"),
        step("assertFromJavascript", code=f"{URL_IS}'/second?guide'"),
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
