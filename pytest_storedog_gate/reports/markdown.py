"""The record in Markdown: a comment, or a job's summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.outlets.plain_text import address, line
from pytest_storedog_gate.reports import glance
from pytest_storedog_gate.reports.glance import no_markdown

if TYPE_CHECKING:
    from pytest_storedog_gate.verdicts.record import Record
    from pytest_storedog_gate.verdicts.rule import CheckVerdict


def markdown(record: Record) -> str:
    """The text, in which nothing from outside is Markdown."""
    build = record.build
    facts = [
        f"image {_code(record.subject.image)}" if record.subject.image else "",
        f"commit {_code(build.commit)}" if build.commit else "",
        _link(f"build {build.number or ''}".rstrip(), build.link) if build.link else "",
        *(_link("results", url) for url in glance.batches(record)),
    ]
    lines = [f"**{glance.headline(record)}**", ", ".join(filter(None, facts))]
    # What a container that failed has written may be in them.
    told = [*glance.other_reasons(record), record.rolled_back]
    lines += [_code(one) for one in told if one]
    checks = [_line(check) for check in glance.checks(record)]
    if more := glance.more(record):
        checks.append(f"- {more}")
    return "\n\n".join([*filter(None, lines), "\n".join(checks)])


def _line(check: CheckVerdict) -> str:
    shown = _link(check.public_id, glance.url(check))
    reason = f": {_code(check.reason)}" if check.reason else ""
    return f"- {glance.word(check)} {shown} {_code(check.name)}{reason}"


def _link(text: str, url: str) -> str:
    shown = no_markdown(line(text))
    return f"[{shown}]({address(url)})" if glance.is_web(url) else shown


def _code(text: str) -> str:
    """As a line of code, so that nothing in it is Markdown, a mention or a link."""
    return "`" + line(text).replace("`", "'") + "`"
