"""What the controller leaves in Drone and Gogs: a card, a comment, and a line where one failed.

Neither changes the verdict.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.reports import drone_card, gogs_comment
from pytest_storedog_gate.reports.gogs_comment import CommentFailed, Thread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_storedog_gate.settings.load import Settings


def report(settings: Settings, record: Mapping[str, Any]) -> list[str]:
    """Writes what is configured, in a Drone build; returns a line for each that failed."""
    if os.environ.get("DRONE") != "true":
        return []
    return [*_card(record), *_comment(settings, record)]


def _card(record: Mapping[str, Any]) -> Iterator[str]:
    path = os.environ.get("DRONE_CARD_PATH")
    if not path:
        return
    try:
        drone_card.write(path, record)
    except OSError as error:
        yield f"no Drone card: {path}: {error.strerror}"


def _comment(settings: Settings, record: Mapping[str, Any]) -> Iterator[str]:
    gogs, repository = settings.gogs, os.environ.get("DRONE_REPO")
    if gogs is None or not repository:
        return
    pull_request = os.environ.get("DRONE_PULL_REQUEST", "")
    number = int(pull_request) if pull_request.isdecimal() else gogs.issue
    if number is None:
        return
    if settings.gogs_token is None:
        yield f"no comment at {gogs.url}: GOGS_TOKEN is not set"
        return
    try:
        gogs_comment.post(Thread(gogs.url, repository, number, settings.gogs_token), record)
    except CommentFailed as error:
        yield settings.redact(str(error))
