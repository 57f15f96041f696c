"""The verdict as a comment in Gogs and in GitLab.

The server is a fake that stands for their APIs, for the faults that a test asks for.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.reports.delivered.comments import Thread, post
from pytest_storedog_gate.verdicts.rule import State, Verdict
from tests.reports.stand_ins import record_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import GateProject

_TOKEN = "0123456789abcdef"
_OPEN = "GATE OPEN for staging: 2/2 checks passed, exit status 0"


class FakeGogs:
    """Stands for Gogs: keeps the comments by path, and refuses a wrong token."""

    def __init__(self) -> None:
        self.comments: dict[str, str] = {}
        self.status = 201
        self.ends = True
        gogs = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                known = _TOKEN in (
                    self.headers["PRIVATE-TOKEN"],
                    (self.headers["Authorization"] or "").removeprefix("token "),
                )
                status = gogs.status if known else 401
                if status == 201:
                    gogs.comments[self.path] = json.loads(body)["body"]
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0" if gogs.ends else "1")
                self.end_headers()
                if not gogs.ends:
                    self.connection.recv(1)  # until the client hangs up

            def log_message(self, *_: object) -> None:
                """Says nothing: the test's output is not the place."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def gogs() -> Iterator[FakeGogs]:
    """A Gogs that takes comments."""
    fake = FakeGogs()
    thread = threading.Thread(target=fake.server.serve_forever, args=(0.02,))
    thread.start()
    yield fake
    fake.server.shutdown()
    thread.join()
    fake.server.server_close()


@pytest.fixture
def in_drone(project: GateProject, gogs: FakeGogs, monkeypatch: pytest.MonkeyPatch) -> GateProject:
    """The gate in a Drone build of a pull request."""
    facts = {"DRONE": "true", "DRONE_REPO": "storedog/discounts", "DRONE_PULL_REQUEST": "12"}
    for name, value in {**facts, "GOGS_TOKEN": _TOKEN}.items():
        monkeypatch.setenv(name, value)
    _configure(project, f'[gogs]\nurl = "{gogs.url}"\n')
    return project


def _configure(project: GateProject, more: str) -> None:
    file = project.path / "storedog.toml"
    file.write_text(file.read_text("utf-8") + more, encoding="utf-8")


def test_a_pull_request_is_told_the_verdict_and_what_failed(
    in_drone: GateProject, gogs: FakeGogs
) -> None:
    in_drone.shop.answers["/discount"] = (500, "{}")

    result = in_drone.run_at_a_service()

    (path,) = gogs.comments
    assert path == "/api/v1/repos/storedog/discounts/issues/12/comments"
    lines = gogs.comments[path].splitlines()
    assert lines[0] == "**GATE CLOSED for staging: 1/2 checks passed**"
    assert lines[-2].startswith("- FAILED [dis-cou-nts](http://127.0.0.1:")
    assert "`the list of discounts`: `statusCode: expected is 200, actual 500`" in lines[-2]
    assert lines[-1].startswith("- passed [hea-lth-chk](http://127.0.0.1:")
    assert (result.ret, _TOKEN in result.stdout.str()) == (1, False)


def test_what_a_container_has_written_is_no_markdown(gogs: FakeGogs) -> None:
    said = "discounts is not ready: its log: @admin ![](http://elsewhere.test/x.png)"
    record = record_on(Verdict(State.CLOSED, 1, (said,), ()))
    post(Thread.at_gogs(gogs.url, "storedog/discounts", 3, _TOKEN), record)
    (comment,) = gogs.comments.values()
    assert f"`{said}`" in comment.splitlines()


def test_without_a_pull_request_the_configured_issue_is_told(
    in_drone: GateProject, gogs: FakeGogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DRONE_PULL_REQUEST")
    assert in_drone.run().ret == 0
    assert gogs.comments == {}

    _configure(in_drone, "issue = 3\n")
    assert in_drone.run().ret == 0
    assert list(gogs.comments) == ["/api/v1/repos/storedog/discounts/issues/3/comments"]


@pytest.mark.parametrize(
    ("status", "reason"),
    [(500, "Gogs answered 500"), (302, "Gogs answered 302"), (401, "Gogs answered 401")],
)
def test_a_comment_that_fails_changes_nothing_but_a_line(
    in_drone: GateProject, gogs: FakeGogs, status: int, reason: str
) -> None:
    gogs.status = status

    result = in_drone.run()

    assert (result.ret, gogs.comments) == (0, {})
    where = f"issue 12 of storedog/discounts at {gogs.url}"
    assert result.outlines[-2:] == [f"{where} has no comment: {reason}", _OPEN]


def test_without_a_token_a_line_says_what_to_set(
    in_drone: GateProject, gogs: FakeGogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOGS_TOKEN")

    result = in_drone.run()

    assert result.outlines[-2:] == [f"no comment at {gogs.url}: GOGS_TOKEN is not set", _OPEN]


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1:1", "ConnectionError"),
        (f"http://{'g' * 64}.example", "LocationParseError"),
    ],
)
def test_a_gogs_that_is_not_there_changes_nothing_but_a_line(
    in_drone: GateProject, gogs: FakeGogs, url: str, error: str
) -> None:
    file = in_drone.path / "storedog.toml"
    file.write_text(file.read_text("utf-8").replace(gogs.url, url), "utf-8")

    result = in_drone.run()

    assert result.ret == 0
    assert result.outlines[-2].endswith(f"has no comment: {error}")


def test_an_answer_that_does_not_end_is_not_waited_for(
    in_drone: GateProject, gogs: FakeGogs
) -> None:
    gogs.ends = False

    result = in_drone.run()

    assert (result.ret, len(gogs.comments)) == (0, 1)
    assert "has no comment" not in result.stdout.str()


def test_outside_of_drone_there_is_no_comment(
    in_drone: GateProject, gogs: FakeGogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DRONE")

    assert (in_drone.run().ret, gogs.comments) == (0, {})


@pytest.fixture
def in_gitlab(project: GateProject, gogs: FakeGogs, monkeypatch: pytest.MonkeyPatch) -> GateProject:
    """The gate in a GitLab job of a merge request."""
    facts = {"GITLAB_CI": "true", "CI_PROJECT_ID": "7", "CI_MERGE_REQUEST_IID": "12"}
    api = f"{gogs.url}/api/v4"
    for name, value in {**facts, "CI_API_V4_URL": api, "GITLAB_TOKEN": _TOKEN}.items():
        monkeypatch.setenv(name, value)
    return project


def test_a_merge_request_is_told_the_verdict(in_gitlab: GateProject, gogs: FakeGogs) -> None:
    result = in_gitlab.run()
    (path,) = gogs.comments
    assert path == "/api/v4/projects/7/merge_requests/12/notes"
    assert gogs.comments[path].startswith("**GATE OPEN for staging: 2/2 checks passed**")
    assert (result.ret, _TOKEN in result.stdout.str()) == (0, False)


def test_a_merge_request_that_takes_no_comment_changes_nothing_but_a_line(
    in_gitlab: GateProject, gogs: FakeGogs
) -> None:
    gogs.status = 403
    result = in_gitlab.run()
    where = f"merge request 12 of project 7 at {gogs.url}/api/v4"
    assert result.outlines[-2:] == [f"{where} has no comment: GitLab answered 403", _OPEN]


@pytest.mark.parametrize("missing", ["GITLAB_TOKEN", "CI_MERGE_REQUEST_IID", "GITLAB_CI"])
def test_a_job_without_token_or_merge_request_has_no_comment(
    in_gitlab: GateProject, gogs: FakeGogs, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.delenv(missing)
    assert in_gitlab.run().outlines[-1] == _OPEN
    assert gogs.comments == {}
