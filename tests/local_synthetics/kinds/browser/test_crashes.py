"""Pages, browsers and drivers that hang, crash or are not there."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from tests.local_synthetics.chromium.browsers_of_tests import (
    chromium_of_this_process,
    renderers_of_this_process,
)
from tests.local_synthetics.support.browser_tests import HAS_HEADING, browser_test, css, step
from tests.local_synthetics.support.service import serving

if TYPE_CHECKING:
    from tests.local_synthetics.support.browser_tests import Json
    from tests.local_synthetics.support.service import Service


pytestmark = pytest.mark.browser


def test_a_page_that_hangs_costs_one_test(browser_service: Service, site: str) -> None:
    hang = step("click", seconds=1, element=css("#hang"), clickWithJavascript=True)
    busy = browser_test(site + "/busy", hang, HAS_HEADING)
    batch = browser_service.trigger(
        {"local_test_definition": busy}, {"local_test_definition": browser_test(site, HAS_HEADING)}
    )
    first, second = browser_service.final(batch)["results"]
    assert [first["status"], second["status"]] == ["failed", "passed"]
    assert browser_service.result(first["result_id"])["failure"]["code"] == "STEP_TIMEOUT"


def test_without_a_chromium_the_test_is_refused_and_says_what_to_do(
    chromium: None, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STOREDOG_CHROMIUM", "/absent/chromium")
    with serving() as service:
        result = service.run(browser_test(site, HAS_HEADING))
    assert (result["failure"]["code"], result["inconclusive"]) == ("INVALID_TEST", True)
    assert "STOREDOG_CHROMIUM is '/absent/chromium'" in result["failure"]["message"]


def test_without_a_driver_there_is_no_verdict_and_it_says_how_to_find_out(
    chromium: None, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where a library that Playwright's Node needs is missing.
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", "/bin/false")
    with serving() as service:
        result = service.run(browser_test(site, HAS_HEADING))
    assert (result["failure"]["code"], result["inconclusive"]) == ("UNAVAILABLE_BROWSER", True)
    assert "'playwright --version' shows why" in result["failure"]["message"]


def _told_of_navigation(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once a test has opened its start URL."""
    player = pytest.importorskip("pytest_storedog_gate.local_synthetics.kinds.browser.player")
    navigated, original = threading.Event(), player.Player.navigate

    async def navigate(self: Any, url: str, limit: float) -> Json:
        document: Json = await original(self, url, limit)
        navigated.set()
        return document

    monkeypatch.setattr(player.Player, "navigate", navigate)
    return navigated


def test_a_browser_that_crashes_gives_no_verdict_at_once_and_is_started_again(
    chromium: None, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    navigated = _told_of_navigation(monkeypatch)
    before = set(chromium_of_this_process())
    with serving() as service:
        may_fail = step("wait", value=300, flow={"allowFailure": True})
        batch = service.trigger(
            {"local_test_definition": browser_test(site, may_fail, HAS_HEADING)}
        )
        assert navigated.wait(20)
        for pid in set(chromium_of_this_process()) - before:
            with suppress(ProcessLookupError):  # some come and go
                os.kill(pid, signal.SIGKILL)
        (entry,) = service.final(batch)["results"]
        result = service.result(entry["result_id"])
        assert result["failure"]["code"] == "UNAVAILABLE_BROWSER", result["failure"]
        assert result["inconclusive"] is True
        assert [one["status"] for one in result["steps"]] == ["passed", "failed", "skipped"]
        assert service.run(browser_test(site, HAS_HEADING))["status"] == "passed"
    left = set(chromium_of_this_process()) - before
    assert not {pid for pid in left if Path(f"/proc/{pid}").exists()}


def test_a_crash_of_the_browser_is_retried(
    chromium: None, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    navigated = _told_of_navigation(monkeypatch)
    before = set(chromium_of_this_process())
    with serving() as service:
        waiting = browser_test(
            site, step("wait", value=4), HAS_HEADING, options={"retry": {"count": 1}}
        )
        batch = service.trigger({"local_test_definition": waiting})
        assert navigated.wait(20)
        for pid in set(chromium_of_this_process()) - before:
            with suppress(ProcessLookupError):  # some come and go
                os.kill(pid, signal.SIGKILL)
        (entry,) = service.final(batch)["results"]
    assert (entry["status"], entry["retries"]) == ("passed", 1)


def test_a_page_that_crashes_fails_the_test_at_once(
    chromium: None, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killing its process stands for what a page does to itself when it takes all memory."""
    navigated = _told_of_navigation(monkeypatch)
    before = set(renderers_of_this_process())
    with serving() as service:
        waiting = browser_test(site, step("wait", value=300), HAS_HEADING)
        batch = service.trigger({"local_test_definition": waiting})
        assert navigated.wait(20)
        for pid in set(renderers_of_this_process()) - before:
            os.kill(pid, signal.SIGKILL)
        (entry,) = service.final(batch)["results"]
        result = service.result(entry["result_id"])
    assert result["failure"]["message"] == "Step 1 (wait): The page crashed."
    assert result["inconclusive"] is False


def test_a_browser_that_does_not_answer_is_unavailable(
    chromium: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent() -> None:
        await asyncio.Event().wait()

    engine = pytest.importorskip("pytest_storedog_gate.local_synthetics.chromium.engine")
    monkeypatch.setattr(engine, "_STARTING", 0.01)
    with pytest.raises(CheckFailed, match="Chromium crashed"):
        asyncio.run(engine.answered(silent()))
