"""Whose run it is, by what the CI system says."""

from __future__ import annotations

import getpass
import socket

import pytest

from pytest_storedog_gate.reading.ci.people import started_by


@pytest.mark.parametrize(
    ("environ", "who"),
    [
        ({"DRONE_BUILD_TRIGGER": "ada", "DRONE_COMMIT_AUTHOR": "bob"}, "ada"),
        ({"GITHUB_ACTOR": "ada", "USER": "runner"}, "ada"),
        ({"GITLAB_USER_LOGIN": "ada"}, "ada"),
        ({"DRONE_BUILD_TRIGGER": "", "BUILD_USER_ID": "ada"}, "ada"),
    ],
)
def test_who_started_the_build(environ: dict[str, str], who: str) -> None:
    assert started_by(environ) == who


def test_outside_of_a_build_it_is_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "laptop")
    monkeypatch.setattr(getpass, "getuser", lambda: "ada")
    assert started_by({}) == "ada@laptop"

    def nameless() -> str:
        raise OSError("no user 4711")

    monkeypatch.setattr(getpass, "getuser", nameless)
    monkeypatch.setattr("os.getuid", lambda: 4711)
    assert started_by({}) == "4711@laptop"
