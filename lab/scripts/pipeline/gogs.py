"""Gogs: its administrator, and the repository of the discounts service.

The API is https://github.com/gogs/docs-api.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import requests

from lab.scripts.pipeline import compose
from lab.scripts.pipeline.settings import FOLDER
from lab.scripts.pipeline.waiting import wait_for
from lab.scripts.state import write_secret

if TYPE_CHECKING:
    from lab.scripts.pipeline.settings import Settings

REPOSITORY = "discounts"
ISSUE = 1  # where the gate comments
_TOKEN = FOLDER / "gogs-token"


def ensure(settings: Settings) -> str:
    """Makes the user, the repository and the issue for verdicts, where they are missing.

    Returns the token with which the gate comments on that issue.
    """
    wait_for(settings.gogs, "Gogs")
    login = (settings.user, settings.password)
    api = f"{settings.gogs}/api/v1"
    if not _admits(settings, settings.password):
        _create_administrator(settings)
    found = requests.get(f"{api}/repos/{settings.user}/{REPOSITORY}", timeout=30)
    if found.status_code == requests.codes.not_found:
        requests.post(
            f"{api}/admin/users/{settings.user}/repos",
            json={"name": REPOSITORY},
            auth=login,
            timeout=30,
        ).raise_for_status()
    token = _token(settings)
    _ensure_issue(f"{api}/repos/{settings.user}/{REPOSITORY}/issues", token)
    return token


def _ensure_issue(url: str, token: str) -> None:
    session = requests.Session()
    session.headers["Authorization"] = f"token {token}"
    known = session.get(url, timeout=30)
    known.raise_for_status()
    if not known.json():
        made = session.post(url, json={"title": "Verdicts of the gate"}, timeout=30)
        made.raise_for_status()


def _token(settings: Settings) -> str:
    if not _TOKEN.exists():
        made = requests.post(
            f"{settings.gogs}/api/v1/users/{settings.user}/tokens",
            json={"name": f"gate-{secrets.token_hex(4)}"},  # it refuses a name a second time
            auth=(settings.user, settings.password),
            timeout=30,
        )
        made.raise_for_status()
        write_secret(_TOKEN, made.json()["sha1"])  # Gogs shows it once
    return _TOKEN.read_text()


def _admits(settings: Settings, password: str) -> bool:
    url = f"{settings.gogs}/api/v1/users/{settings.user}/tokens"
    answer = requests.get(url, auth=(settings.user, password), timeout=30)
    return bool(answer.ok)


def _create_administrator(settings: Settings) -> None:
    # Arguments can be seen by others on this machine, so this password is changed at once. It is
    # kept, as this may be killed in between.
    first = settings.first_password
    if not _admits(settings, first):
        new = (f"--name={settings.user}", f"--email={settings.email}", f"--password={first}")
        compose.run_in("gogs", "git", "/app/gogs/gogs", "admin", "create-user", "--admin", *new)
    requests.patch(
        f"{settings.gogs}/api/v1/admin/users/{settings.user}",
        json={
            "email": settings.email,
            "password": settings.password,
            "admin": True,
            "active": True,
        },
        auth=(settings.user, first),
        timeout=30,
    ).raise_for_status()
