"""Comments with the verdict on an issue or pull request in Gogs.

Gogs knows no commit status, so this is where its users see what became of a push:
https://github.com/gogs/docs-api/tree/master/Issues
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import requests
from urllib3.exceptions import HTTPError

from pytest_storedog_gate.reports.gogs_comment import markdown

if TYPE_CHECKING:
    from pytest_storedog_gate.settings.load import Settings
    from pytest_storedog_gate.verdicts.record import Record

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
        try:
            post(Thread(self._gogs.url, repository, number, self._token), record)
        except CommentFailed as error:
            return str(error)
        return None


def post(thread: Thread, record: Record) -> None:
    """Adds the comment. Raises CommentFailed."""
    address = f"/api/v1/repos/{thread.repository}/issues/{thread.number}/comments"
    where = f"issue {thread.number} of {thread.repository} at {thread.url}"
    try:
        # Nobody reads the rest of the answer, which may have no end.
        with requests.post(
            thread.url.rstrip("/") + address,
            json={"body": markdown(record)},
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
