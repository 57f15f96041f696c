"""For each `check` of a step what holds, and what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.local_synthetics.kinds.browser.steps.cases import content

if TYPE_CHECKING:
    from tests.local_synthetics.support.browser_tests import Json


_SHORT = 0.4  # s for what must not come about


def _on(selector: str, check: str, holds: Any, fails: Any) -> tuple[Json, Json]:
    return content(selector, check, holds), content(selector, check, fails, _SHORT)


# A step that passes and one that fails.
CASES: list[tuple[Json, Json]] = [
    _on("#title", "equals", "Good dogs", "Good"),
    _on("#title", "notEquals", "Good", "Good dogs"),
    _on("#title", "contains", "dogs", "cats"),
    _on("#title", "notContains", "cats", "dogs"),
    _on("#title", "startsWith", "Good", "dogs"),
    _on("#title", "notStartsWith", "dogs", "Good"),
    _on("#title", "matchRegex", "^Good dogs?$", "^dogs"),
    _on(".count", "greater", "41", "42"),
    _on(".count", "greaterEquals", "42", "43"),
    _on(".count", "lower", "43", "42"),
    _on(".count", "lowerEquals", "42", "41"),
    _on(".count", "between", {"min": 42, "max": 43}, {"min": 43, "max": 44}),
    (content("#said", "isEmpty", ""), content("#title", "isEmpty", "", _SHORT)),
    (content("#title", "notIsEmpty", ""), content("#said", "notIsEmpty", "", _SHORT)),
]
