"""What steps want of a mail: how it reads, a link in it, a value from its body.

Datadog does not publish the params of `assertEmail` and `goToEmailLink`: how they are read here is
in docs/reference/browser-checks.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.assertions.operators import as_text
from pytest_storedog_gate.local_synthetics.assertions.xpath import compile_xpath, select_xpath
from pytest_storedog_gate.local_synthetics.javascript.regular_expressions import compile_javascript
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.checks import (
    CHECKS,
    unsupported_check,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.mail.mailboxes import Mail

MAIL_STEPS = frozenset({"assertEmail", "goToEmailLink", "extractFromEmailBody"})
"""The types of step that read mail."""
NO_MAIL = "No mail has come; the application must send it to the address of --smtp."

_PARTS: Mapping[str, Callable[[Mail], str]] = {
    "from": lambda mail: mail.sender,
    "subject": lambda mail: mail.subject,
    "body": lambda mail: mail.body,
}


def unsupported_email(email: Any) -> list[str]:
    """Refuse all but checks of the parts of a mail."""
    if not isinstance(email, dict):
        return ["params.email must be an object"]
    problems = []
    for part, check in email.items():
        if not isinstance(check, dict):
            problems.append(f"params.email.{part} must be an object of type and value")
        else:
            problems += unsupported_check(check.get("type"), check.get("value"))
    return problems


def unsupported_pattern(pattern: Any) -> list[str]:
    """Refuse all but a regular expression or an XPath."""
    kind = pattern.get("type") if isinstance(pattern, dict) else None
    if kind not in {"regex", "x_path"} or not isinstance(pattern.get("value"), str):
        return ["params.pattern must have the type regex or x_path, and a value"]
    if kind == "regex":
        return unsupported_check("matchRegex", pattern["value"])
    try:
        compile_xpath(pattern["value"])
    except ValueError as error:
        return [str(error)]
    return []


def problem_of(mail: Mail, wanted: Mapping[str, tuple[str, str]]) -> str | None:
    """Which part of the mail is not as its check and value want it, or None."""
    for part, (check, value) in wanted.items():
        actual = _PARTS[part](mail)
        if not CHECKS[check](actual, value):
            return f"{part}: {actual!r} {check} {value!r}: no"
    return None


def links_of(mail: Mail, value: str) -> list[str]:
    """The http(s) URLs of the links whose text is `value` or whose URL holds it, each once."""
    return list(
        dict.fromkeys(
            url
            for text, url in mail.links
            if url.lower().startswith(("http://", "https://")) and (value == text or value in url)
        )
    )


def value_of(mail: Mail, kind: str, pattern: str) -> str | None:
    """What a pattern finds: a regular expression in the body, an XPath in the HTML.

    Raises ValueError or MatchTimeout.
    """
    if kind == "regex":
        return compile_javascript(pattern).extracted_from(mail.body)
    selected = select_xpath(pattern, mail.markup) if mail.markup.lstrip().startswith("<") else []
    return as_text(selected[0]) if selected else None


def filled(email: Json, fill: Callable[[Any], str]) -> dict[str, tuple[str, str]]:
    """The check and the value of each part that `email` names."""
    return {part: (check["type"], fill(check.get("value"))) for part, check in email.items()}
