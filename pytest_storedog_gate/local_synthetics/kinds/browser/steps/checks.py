"""What steps want of a text, the `check` of assertions, and of a mail.

Negative checks do not hold of what is not there: the caller fails before it compares. Datadog does
not publish the params of `assertEmail` and `goToEmailLink`: how they are read here is in
docs/reference/browser-checks.md.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.assertions.operators import (
    COMPARISONS,
    NotComparable,
    as_text,
    exact,
    number,
)
from pytest_storedog_gate.local_synthetics.assertions.xpath import compile_xpath, select_xpath
from pytest_storedog_gate.local_synthetics.javascript.regular_expressions import compile_javascript
from pytest_storedog_gate.local_synthetics.variables.variables import has_placeholder

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


def _as_in_api_tests(operator: str) -> Callable[[str, str], bool]:
    def compared(actual: str, wanted: str) -> bool:
        try:
            return COMPARISONS[operator](actual, wanted)
        except (NotComparable, ValueError):  # a variable made it so
            return False

    return compared


def _between(actual: str, wanted: str) -> bool:
    try:
        bounds = json.loads(wanted)
    except ValueError:  # a variable made it so
        return False
    least, value, most = (exact(one) for one in (bounds["min"], actual, bounds["max"]))
    return None not in (least, value, most) and least <= value <= most  # type: ignore[operator]


CHECKS: Mapping[str, Callable[[str, str], bool]] = {
    "equals": _as_in_api_tests("is"),
    "notEquals": _as_in_api_tests("isNot"),
    "contains": _as_in_api_tests("contains"),
    "notContains": _as_in_api_tests("doesNotContain"),
    "startsWith": str.startswith,
    "notStartsWith": lambda actual, wanted: not actual.startswith(wanted),
    "greater": _as_in_api_tests("moreThan"),
    "greaterEquals": _as_in_api_tests("moreThanOrEqual"),
    "lower": _as_in_api_tests("lessThan"),
    "lowerEquals": _as_in_api_tests("lessThanOrEqual"),
    "between": _between,
    "matchRegex": _as_in_api_tests("matches"),
    "isEmpty": lambda actual, _: not actual,
    "notIsEmpty": lambda actual, _: bool(actual),
}
WITHOUT_VALUE = frozenset({"isEmpty", "notIsEmpty"})
HOLD_OF_EMPTY = frozenset({"contains", "startsWith", "matchRegex"})
"""Those that hold of every text when the wanted value is empty."""
_COUNTS = frozenset(
    {"equals", "notEquals", "greater", "greaterEquals", "lower", "lowerEquals", "between"}
)


def unsupported_check(check: Any, value: Any) -> list[str]:
    """Refuse a check that is not known, or whose value it cannot have."""
    if not isinstance(check, str) or check not in CHECKS:
        return [f"check {check!r} is not supported"]
    if check in WITHOUT_VALUE:
        return []
    if value is None:
        return [f"check {check} needs a value"]
    if check == "between":
        return _unsupported_range(value)
    if not isinstance(value, str | int | float):
        return [f"check {check} needs a string or a number"]
    if check == "matchRegex" and isinstance(value, str) and not has_placeholder(value):
        try:
            compile_javascript(value)
        except ValueError as error:
            return [str(error)]
    return []


def unsupported_typed(place: str, check: Any) -> list[str]:
    """Refuse all but a check in an object, with the value that it needs."""
    if not isinstance(check, dict):
        return [f"{place} must be an object of type and value"]
    return unsupported_check(check.get("type"), check.get("value"))


def unsupported_count(place: str, count: Any) -> list[str]:
    """Refuse a comparison of numbers that is not known: `type` and `value`, or `min` and `max`."""
    if not isinstance(count, dict):
        return [f"{place} must be an object"]
    if not isinstance(count.get("type"), str) or count["type"] not in _COUNTS:
        return [f"{place}.type {count.get('type')!r} is not supported"]
    if count["type"] == "between":
        bounds = {key: value for key, value in count.items() if key != "type"}
        return [f"{place}: {problem}" for problem in _unsupported_range(bounds)]
    return [] if number(count.get("value")) is not None else [f"{place}.value must be a number"]


def counts(actual: int, count: Json, fill: Callable[[str], str]) -> bool:
    """Whether a number is as `unsupported_count` let it be wanted; `fill` replaces variables."""
    wanted = count if count["type"] == "between" else count["value"]
    return CHECKS[count["type"]](str(actual), wanted_text(wanted, fill))


def wanted_text(value: Any, fill: Callable[[str], str]) -> str:
    """What a check compares with. `fill` replaces variables."""
    if not isinstance(value, dict):
        return fill("" if value is None else as_text(value))
    # Bound by bound: what a page gave as the one must not write the other.
    bounds = {key: fill(one) if isinstance(one, str) else one for key, one in value.items()}
    return as_text(bounds)


def in_words(count: Json) -> str:
    """What is wanted, for a failure."""
    if count["type"] == "between":
        return f"between {count['min']} and {count['max']}"
    return f"{count['type']} {count['value']}"


def _unsupported_range(value: Any) -> list[str]:
    if not isinstance(value, dict) or value.keys() != {"min", "max"}:
        return ["check between needs an object of min and max"]
    least, most = (exact(value[key]) for key in ("min", "max"))
    if least is not None and most is not None:
        return [] if least <= most else ["check between: min is over max, so that nothing holds"]
    if any(number(one) is None and not _is_variable(one) for one in value.values()):
        return ["check between: min and max must be numbers"]
    return []


def _is_variable(value: Any) -> bool:
    return isinstance(value, str) and has_placeholder(value)


def unsupported_email(email: Any) -> list[str]:
    """Refuse all but checks of the parts of a mail."""
    if not isinstance(email, dict):
        return ["params.email must be an object"]
    return [
        problem
        for part, check in email.items()
        for problem in unsupported_typed(f"params.email.{part}", check)
    ]


def unsupported_pattern(pattern: Any) -> list[str]:
    """Refuse all but a regular expression or an XPath."""
    kind = pattern.get("type") if isinstance(pattern, dict) else None
    if kind not in ("regex", "x_path") or not isinstance(pattern.get("value"), str):
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
