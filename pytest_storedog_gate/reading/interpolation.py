"""`${NAME:-default}` in a text, as compose files have it.

https://docs.docker.com/reference/compose-file/interpolation/
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Filled(str):
    """A text whose variables have their values already: a `${` in it is none."""

    __slots__ = ()


_START = re.compile(
    r"\$(?:(?P<dollar>\$)|(?P<name>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*))", re.ASCII
)
_OPERATOR = re.compile(r":?[-?+]")


def interpolated(text: str, value_of: Callable[[str], str | None]) -> str:
    """The text with the values of its variables.

    ValueError has the sentence: a variable without a value, where the text has none for that case
    (compose takes an empty text, and warns), or a `$` that begins nothing.
    """
    done, at = [], 0
    while (dollar := text.find("$", at)) >= 0:
        done.append(text[at:dollar])
        start = _START.match(text, dollar)
        if start is None:
            raise ValueError("has a $ that begins no variable; write $$ for a dollar sign")
        at = start.end()
        if start["dollar"]:
            done.append("$")
        elif start["name"]:
            done.append(_value(start["name"], "", "", value_of))
        else:
            end = _end(text, at)
            operator = _OPERATOR.match(text, at, end)
            if operator is None and at < end:
                raise ValueError(
                    f"{text[dollar : end + 1]} is no variable; write ${{NAME:-default}}"
                )
            rest = text[operator.end() : end] if operator else ""
            done.append(_value(start["braced"], operator[0] if operator else "", rest, value_of))
            at = end + 1
    return "".join(done) + text[at:]


def _end(text: str, start: int) -> int:
    """Where the brace closes that is open at `start`."""
    depth = 0
    for found in re.compile(r"\$\{|\}").finditer(text, start):
        depth += 1 if found[0] == "${" else -1
        if depth < 0:
            return found.start()
    raise ValueError("has a ${ without its }; close it, or write $$ for a dollar sign")


def _value(name: str, operator: str, rest: str, value_of: Callable[[str], str | None]) -> str:
    value = value_of(name)
    # With a colon an empty value is as good as none.
    missing = value is None or (operator.startswith(":") and not value)
    if operator.endswith("+"):
        return "" if missing else interpolated(rest, value_of)
    if value is not None and not missing:
        return value
    if operator.endswith("-"):
        return interpolated(rest, value_of)
    if operator.endswith("?") and rest:
        # As it stands: a value in it may be secret.
        raise ValueError(f"${{{name}}} is not set: {rest}")
    raise ValueError(
        f"${{{name}}} is not set in the process environment, nor in .env beside the file; set it, "
        f"or write ${{{name}:-}} where it may be empty"
    )
