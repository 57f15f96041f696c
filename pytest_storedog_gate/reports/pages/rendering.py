"""A page made of its template: one file that needs nothing beside it, and in which nothing runs.

Whatever is shown comes from targets, containers and services. The template library escapes all of
it, and each page forbids scripts, frames, forms and requests by its own policy
(https://www.w3.org/TR/CSP3/), so that an escape that was forgotten would run nothing either.
"""

from __future__ import annotations

import base64
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_storedog_gate.datadog.details import shown
from pytest_storedog_gate.outlets.plain_text import address, block, line

if TYPE_CHECKING:
    from datetime import datetime

    from jinja2 import Environment


_SHOWN = 0.0005  # s of a part that is shown
_LAST = 40  # lines of a log


def page(template: str, **values: object) -> str:
    """The page that a template of this room makes of the values."""
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    # A heavy import, for who asks for a page.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        line=line,
        block=block,
        log=_log,
        link=_link,
        anchor=_anchor,
        picture=_picture,
        seconds=_seconds,
        moment=_moment,
        shares=_shares,
        shown=shown,
    )
    return environment


def _harmless(value: object) -> object:
    """A text without characters that are no mark on paper; markup of our own as it is."""
    return block(value) if type(value) is str else value


def _log(text: str) -> str:
    """The last lines, each as long as a block may be: what went wrong stands in any of them."""
    from markupsafe import escape  # noqa: PLC0415  # with jinja2; what is harmless stays whole

    return escape("\n".join(map(block, text.splitlines()[-_LAST:])))


def _link(url: str) -> str:
    """An address that a browser may follow; empty for any other, as `javascript:` is one."""
    try:
        known = urlsplit(url).scheme in ("http", "https")
    except ValueError:
        known = False
    return address(url) if known else ""


def _anchor(text: str) -> str:
    """A name within a page, also for a text that has blanks."""
    return "".join(one if one.isalnum() or one in "-_" else "-" for one in text)


def _picture(jpeg: bytes) -> str:
    from markupsafe import Markup  # noqa: PLC0415  # with jinja2; what is harmless stays whole

    return Markup("data:image/jpeg;base64,") + base64.b64encode(jpeg).decode()


def _seconds(seconds: float) -> str:
    if seconds < 0.1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 10:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S %Z")


def _shares(parts: dict[str, float]) -> list[tuple[str, float, float, float]]:
    """Parts of a time that follow each other: name, value, begin and width in percent."""
    known = {name: value for name, value in parts.items() if value >= _SHOWN}
    whole = sum(known.values()) or 1.0
    parts_shown, begin = [], 0.0
    for name, value in known.items():
        width = 100 * value / whole
        parts_shown.append((name, value, begin, width))
        begin += width
    return parts_shown
