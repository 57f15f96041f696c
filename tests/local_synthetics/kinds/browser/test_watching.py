"""`storedog-synthetics run` for who watches: pauses, slow motion, windows, pictures."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.support.browser_tests import browser_test, says, step
from tests.local_synthetics.support.processes import COMMANDS
from tests.local_synthetics.support.screens import screen
from tests.local_synthetics.support.service import DEADLINE, Target, until
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.local_synthetics.support.browser_tests import Json

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("chromium")]
BAD = step("assertPageContains", seconds=0.2, value="cats")
GOOD = step("assertPageContains", value="Good dogs")
ENTER = "until you press Enter"


class Terminal:
    """A command on a terminal of its own; its standard output is kept apart."""

    def __init__(self, process: subprocess.Popen[str], end: int) -> None:
        self.process, self._end = process, end

    def until(self, words: str) -> str:
        """What it says to the terminal up to these words."""
        said = ""
        while words not in said:
            said += os.read(self._end, 1000).decode()
        return said

    def rest(self) -> str:
        """What it says to the terminal before it ends."""
        said = ""
        with contextlib.suppress(OSError):  # the other end is closed
            while more := os.read(self._end, 1000):
                said += more.decode()
        return said

    def press_enter(self) -> None:
        os.write(self._end, b"\n")

    def ended(self) -> tuple[int, list[str]]:
        """The exit status, and the lines on standard output."""
        output, _ = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, output.splitlines()


@contextlib.contextmanager
def running(*arguments: str, **environment: str) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMANDS, "run", *arguments],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        start_new_session=True,
    ) as process:
        os.close(theirs)
        try:
            yield Terminal(process, ours)
        finally:
            process.kill()
            os.close(ours)


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., str]:
    """A file of browser tests."""

    def write(*tests: Json) -> str:
        path = tmp_path / "tests.synthetics.json"
        path.write_text(json.dumps({"tests": [{"localTestDefinition": one} for one in tests]}))
        return str(path)

    return write


def marked(mark: str) -> list[str]:
    """The command lines of what runs with this word in its environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            if mark.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
    return found


def test_the_page_of_a_failed_step_stays_open_until_enter(
    save: Callable[..., str], target: Target
) -> None:
    page = "<p id='said'>here</p><script>setInterval(() => fetch('/tick'), 20)</script>"
    target.answer("/", body=page, headers={"Content-Type": "text/html"})
    target.answer("/tick")
    secret = {"name": "TOKEN", "type": "text", "secure": True, "pattern": "sesame"}
    tests = [
        browser_test(target.url, says("{{ TOKEN }}", seconds=0.2), configVariables=[secret])
        for _ in range(2)
    ]
    with running(save(*tests), "--pause-on-failure") as person:
        for _ in tests:
            said = person.until(ENTER)
            assert "step assertElementContent failed: " in said
            assert "sesame" not in said
            before = len(target.requests)
            until(lambda n=before: len(target.requests) > n + 5, "the page's requests")  # type: ignore[misc]
            person.press_enter()
        status, lines = person.ended()
    assert (status, lines[-1]) == (1, "2 failed")


def test_a_pause_comes_once_for_a_sub_test_and_not_for_what_may_fail(
    save: Callable[..., str], site: str
) -> None:
    allowed = {**BAD, "allowFailure": True}
    inner = browser_test(site, allowed, BAD)
    outer = browser_test(
        site, step("playSubTest", subtestPublicId=inner["public_id"], playingTabId=0)
    )
    both = save(inner, outer)
    with running(outer["public_id"], "--definitions", both, "--pause-on-failure") as person:
        person.until(ENTER)
        person.press_enter()
        assert person.ended()[0] == 1
        assert ENTER not in person.rest()


def test_ctrl_c_in_a_pause_leaves_no_browser(save: Callable[..., str], site: str) -> None:
    mark = uuid.uuid4().hex
    # A variable that a browser inherits, too.
    with running(save(browser_test(site, BAD)), "--pause-on-failure", LOGNAME=mark) as person:
        person.until(ENTER)
        assert any("--user-data-dir" in one for one in marked(mark))
        # As a terminal does it: to every process in the foreground.
        os.killpg(person.process.pid, signal.SIGINT)
        assert person.ended() == (2, [])
        assert person.rest().strip() == ""
    until(lambda: not marked(mark), "the end of the browser")


def test_slow_motion_lets_the_page_stay_after_each_step(
    save: Callable[..., str], site: str
) -> None:
    with running(save(browser_test(site, GOOD, GOOD)), "--slow-mo", "700") as person:
        status, lines = person.ended()
    assert (status, lines[-1]) == (0, "1 passed")
    # The start URL is a step too.
    assert int(re.findall(r"(\d+) ms\)", lines[0])[0]) >= 3 * 700


def test_what_is_kept_of_a_failed_test_is_named(
    save: Callable[..., str], site: str, tmp_path: Path
) -> None:
    folder = tmp_path / "made" / "here"
    with running(save(browser_test(site, GOOD, BAD)), "--artifacts", str(folder)) as person:
        status, lines = person.ended()
    (attempt,) = folder.iterdir()
    kept = [f"  kept {attempt}/{name}" for name in ("page.html", "page.png", "trace.zip")]
    assert status == 1
    assert [line for line in lines if "kept" in line] == kept
    assert (attempt / "page.png").read_bytes().startswith(b"\x89PNG")


def test_windows_without_a_display_are_refused(save: Callable[..., str], site: str) -> None:
    with running(save(browser_test(site, GOOD)), "--headed", DISPLAY="") as person:
        status, lines = person.ended()
    assert status == 8
    assert "--headed needs a display, and DISPLAY is not set" in lines[1]


def test_a_window_is_on_the_display(
    save: Callable[..., str], target: Target, tmp_path: Path
) -> None:
    page = "<style>html { background: rgb(1, 254, 3) }</style>"
    target.answer("/", body=page, headers={"Content-Type": "text/html"})
    file = save(browser_test(target.url, BAD))
    with (
        screen(tmp_path) as shown,
        running(file, "--headed", "--pause-on-failure", DISPLAY=shown.display) as person,
    ):
        person.until(ENTER)
        until(
            lambda: shown.pixels.read_bytes().count(b"\3\xfe\1") > 1000, "the page on the display"
        )
        person.press_enter()
        assert person.ended()[0] == 1
