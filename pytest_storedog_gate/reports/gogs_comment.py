"""The record as a comment, in Markdown, on an issue or pull request in Gogs.

Gogs knows no commit status, so this is where its users see what became of a push:
https://github.com/gogs/docs-api/tree/master/Issues
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import requests
from urllib3.exceptions import HTTPError

from pytest_storedog_gate.outlets.plain_text import line
from pytest_storedog_gate.reports import glance
from pytest_storedog_gate.reports.glance import address, no_markdown

if TYPE_CHECKING:
    from pytest_storedog_gate.settings.load import Settings
    from pytest_storedog_gate.verdicts.record import Record
    from pytest_storedog_gate.verdicts.rule import CheckVerdict

_TIMEOUT = 10.0  # s


class GogsComment:
    """A report of the gate's own, in a Drone build of a repository at Gogs."""

    def __init__(self, settings: Settings) -> None:
        self._gogs, self._token = settings.gogs, settings.gogs_token

    def pytest_storedog_report(self, record: Record) -> str | None:
        """Comments on the build's pull request, else on the configuration's issue."""
        repository, pull_request = (
            os.environ.get(name, "") for name in ("DRONE_REPO", "DRONE_PULL_REQUEST")
        )
        if os.environ.get("DRONE") != "true" or self._gogs is None or not repository:
            return None
        number = int(pull_request) if pull_request.isdecimal() else self._gogs.issue
        if number is None:
            return None
        if self._token is None:
            return f"no comment at {self._gogs.url}: GOGS_TOKEN is not set"
        return post(self._gogs.url, repository, number, self._token, record)


def post(url: str, repository: str, number: int, token: str, record: Record) -> str | None:
    """Adds the comment to an issue of a repository (`owner/name`); says why where it could not."""
    try:
        # Nobody reads the rest of the answer, which may have no end.
        with requests.post(
            f"{url.rstrip('/')}/api/v1/repos/{repository}/issues/{number}/comments",
            json={"body": markdown(record)},
            headers={"Authorization": f"token {token}"},
            timeout=_TIMEOUT,
            allow_redirects=False,
            stream=True,
        ) as answer:
            why = "" if answer.status_code == 201 else f"Gogs answered {answer.status_code}"
    # A host that no name can be is urllib3's own error.
    except (requests.RequestException, HTTPError) as error:
        why = type(error).__name__
    return f"issue {number} of {repository} at {url} has no comment: {why}" if why else None


def markdown(record: Record) -> str:
    build = record.build
    facts = [
        f"image {_code(record.subject.image)}" if record.subject.image else "",
        f"commit {_code(build.commit)}" if build.commit else "",
        _link(f"build {build.number}", build.link) if build.link else "",
        *(_link("results", batch.batch_url) for batch in record.batches),
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
    url, public_id = glance.url(check), check.public_id
    shown = _link(public_id, url) if url else no_markdown(line(public_id))
    reason = f": {_code(check.reason)}" if check.reason else ""
    return f"- {glance.word(check)} {shown} {_code(check.name)}{reason}"


def _link(text: str, url: str) -> str:
    return f"[{no_markdown(line(text))}]({address(url)})"


def _code(text: str) -> str:
    """As a line of code, so that nothing in it is Markdown, a mention or a link."""
    return "`" + line(text).replace("`", "'") + "`"
