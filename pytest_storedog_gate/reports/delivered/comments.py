"""Comments with the verdict where people discuss the change: in Gogs and GitLab.

Gogs knows no commit status, so this is where its users see what became of a push:
https://github.com/gogs/docs-api/tree/master/Issues ; a merge request of GitLab has notes:
https://docs.gitlab.com/api/notes/
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_storedog_gate.reports.delivered import posting
from pytest_storedog_gate.reports.markdown import markdown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.settings.load import Settings
    from pytest_storedog_gate.verdicts.record import Record


class CommentFailed(Exception):
    """There is no comment, for the reason in the text; the verdict is what it is."""


@dataclass(frozen=True)
class Thread:
    """Where comments go: the API's address, what it is in words, and what opens it."""

    address: str
    name: str
    forge: str
    headers: Mapping[str, str] = field(repr=False)

    @classmethod
    def at_gogs(cls, url: str, repository: str, number: int, token: str) -> Thread:
        """An issue or pull request of a repository (`owner/name`) at a Gogs."""
        url = url.rstrip("/")
        return cls(
            f"{url}/api/v1/repos/{repository}/issues/{number}/comments",
            f"issue {number} of {repository} at {url}",
            "Gogs",
            {"Authorization": f"token {token}"},
        )

    @classmethod
    def at_gitlab(cls, api: str, project: str, number: str, token: str) -> Thread:
        """A merge request of a project (its ID or path) at a GitLab's API."""
        api = api.rstrip("/")
        where = f"{quote(project, safe='')}/merge_requests/{quote(number, safe='')}"
        return cls(
            f"{api}/projects/{where}/notes",
            f"merge request {number} of project {project} at {api}",
            "GitLab",
            {"PRIVATE-TOKEN": token},
        )


class Comments:
    """A report of the gate's own, in a Drone build of a repository at Gogs or a GitLab job."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def pytest_storedog_report(self, record: Record) -> str | None:
        """Comments on the build's pull or merge request, else on the configuration's issue."""
        said = []
        for found in (self._gogs(), self._gitlab()):
            if isinstance(found, Thread):
                try:
                    post(found, record)
                except CommentFailed as error:
                    said.append(str(error))
            elif found:
                said.append(found)
        return "; ".join(said) or None

    def _gogs(self) -> Thread | str | None:
        """The thread, or what is missing."""
        gogs, token = self._settings.gogs, self._settings.gogs_token
        repository, pull_request = (
            os.environ.get(name, "") for name in ("DRONE_REPO", "DRONE_PULL_REQUEST")
        )
        if os.environ.get("DRONE") != "true" or gogs is None or not repository:
            return None
        number = int(pull_request) if pull_request.isdecimal() else gogs.issue
        if number is None:
            return None
        if token is None:
            return f"no comment at {gogs.url}: GOGS_TOKEN is not set"
        return Thread.at_gogs(gogs.url, repository, number, token)

    def _gitlab(self) -> Thread | None:
        """The merge request of the job; who sets GITLAB_TOKEN wants a comment."""
        names = ("CI_API_V4_URL", "CI_PROJECT_ID", "CI_MERGE_REQUEST_IID")
        api, project, number = (os.environ.get(name, "") for name in names)
        token = self._settings.gitlab_token
        if os.environ.get("GITLAB_CI") != "true" or not (api and project and number and token):
            return None
        return Thread.at_gitlab(api, project, number, token)


def post(thread: Thread, record: Record) -> None:
    """Adds the comment. Raises CommentFailed."""
    try:
        status = posting.post(thread.address, {"body": markdown(record)}, thread.headers)
    except posting.Unreachable as error:
        raise CommentFailed(f"{thread.name} has no comment: {error}") from None
    if status != 201:
        raise CommentFailed(f"{thread.name} has no comment: {thread.forge} answered {status}")
