"""The verdict as a comment on an issue or pull request in Gogs.

Gogs knows no commit status, so this is where its users see what became of a push:
https://github.com/gogs/docs-api/tree/master/Issues
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests
from urllib3.exceptions import HTTPError

from pytest_storedog_gate.outlets.plain_text import line
from pytest_storedog_gate.reports import record_view
from pytest_storedog_gate.reports.record_view import address, no_markdown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.reports.record_view import CheckView

_TIMEOUT = 10.0  # s


class CommentFailed(Exception):
    """There is no comment, for the reason in the text; the verdict is what it is."""


@dataclass(frozen=True)
class Thread:
    """An issue or pull request of a repository (`owner/name`) at a Gogs."""

    url: str
    repository: str
    number: int
    token: str = field(repr=False)


def post(thread: Thread, record: Mapping[str, Any]) -> None:
    """Adds the comment. Raises CommentFailed."""
    address = f"/api/v1/repos/{thread.repository}/issues/{thread.number}/comments"
    where = f"issue {thread.number} of {thread.repository} at {thread.url}"
    try:
        # Nobody reads the rest of the answer, which may have no end.
        with requests.post(
            thread.url.rstrip("/") + address,
            json={"body": _markdown(record)},
            headers={"Authorization": f"token {thread.token}"},
            timeout=_TIMEOUT,
            allow_redirects=False,
            stream=True,
        ) as answer:
            status = answer.status_code
    # A host that no name can be is urllib3's own error.
    except (requests.RequestException, HTTPError) as error:
        raise CommentFailed(f"{where} has no comment: {type(error).__name__}") from None
    if status != 201:
        raise CommentFailed(f"{where} has no comment: Gogs answered {status}")


def _markdown(record: Mapping[str, Any]) -> str:
    facts = [
        f"image {_code(record['image'])}" if record["image"] else "",
        f"commit {_code(record['commit'])}" if record["commit"] else "",
        _link(f"build {record['build']}", record["build_link"]) if record["build_link"] else "",
        *(_link("results", url) for url in record["batch_url"].split()),
    ]
    lines = [f"**{record_view.headline(record)}**", ", ".join(filter(None, facts))]
    # What a container that failed has written may be in them.
    told = [*record_view.reasons(record), record["rolled_back"]]
    lines += [_code(one) for one in told if one]
    checks = [_line(check) for check in record_view.checks(record)]
    if more := record_view.left_out(record):
        checks.append(f"- and {more} more")
    return "\n\n".join([*filter(None, lines), "\n".join(checks)])


def _line(check: CheckView) -> str:
    public_id = _link(check.public_id, check.url) if check.url else no_markdown(check.public_id)
    reason = f": {_code(check.reason)}" if check.reason else ""
    return f"- {check.word} {public_id} {_code(check.name)}{reason}"


def _link(text: str, url: str) -> str:
    return f"[{no_markdown(line(text))}]({address(url)})"


def _code(text: str) -> str:
    """As a line of code, so that nothing in it is Markdown, a mention or a link."""
    return "`" + line(text).replace("`", "'") + "`"
