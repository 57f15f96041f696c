"""The page that scripts run on: alone, without a network, and started again."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_synthetics.chromium.browsers_of_tests import chromium_of_this_process
from tests.local_synthetics.kinds.browser.scripts.scripted import javascript, reason
from tests.local_synthetics.support.browser_tests import browser_test, step
from tests.local_synthetics.support.multistep_tests import multi
from tests.local_synthetics.support.multistep_tests import step as http_step
from tests.local_synthetics.support.service import (
    Target,
    http_test,
    serving,
)
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_synthetics.support.browser_tests import Json
    from tests.local_synthetics.support.service import Service

    Judge = Callable[..., Json]


pytestmark = pytest.mark.browser
PACKAGE = "pytest_storedog_gate.local_synthetics"
_SANDBOX = f"{PACKAGE}.chromium.sandbox"  # imported only where it can run


def test_scripts_share_nothing(browser_service: Service, shop: Target) -> None:
    first = javascript("globalThis.left = localStorage.left = 'x'; dd.expect(1).to.equal(1)")
    second = javascript(
        "dd.expect([globalThis.left, localStorage.left]).to.eql([undefined, undefined])"
    )
    result = browser_service.run(http_test(f"{shop.url}/", first, second))
    assert result["status"] == "passed", result["failure"]


def test_a_script_that_hangs_costs_one_assertion(
    judge: Judge, browser_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = pytest.importorskip(_SANDBOX)
    judge("dd.expect(1).to.equal(1)")  # the browser runs
    with monkeypatch.context() as patch:
        patch.setattr(sandbox, "_LIMIT", 1.0)
        for endless in ("for (;;);", "await new Promise(() => {});"):
            told = reason(judge(f"dd.expect(1).to.equal(1); {endless}"))
            assert told == "it took over 1 s"
    assert judge("dd.expect(1).to.equal(1)")["status"] == "passed"


def test_a_browser_that_crashes_costs_one_test_and_is_started_again(
    chromium: None, shop: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = pytest.importorskip("playwright.async_api").Page
    begun, evaluate = threading.Event(), page.evaluate

    async def evaluating(self: Any, *given: Any) -> Any:
        begun.set()
        return await evaluate(self, *given)

    monkeypatch.setattr(page, "evaluate", evaluating)
    before = set(chromium_of_this_process())
    with serving() as service:
        waits = javascript("dd.expect(1).to.equal(1); await new Promise(() => {})")
        batch = service.trigger({"local_test_definition": http_test(shop.url, waits)})
        assert begun.wait(20)
        for pid in set(chromium_of_this_process()) - before:
            # One of them only starts another one, and ends with it.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        (entry,) = service.final(batch)["results"]
        assert "it broke the page that it ran on" in reason(service.result(entry["result_id"]))
        good = javascript("dd.expect(1).to.equal(1)")
        assert service.run(http_test(shop.url, good))["status"] == "passed"


@pytest.mark.parametrize(
    "attempt",
    [
        "await fetch('{url}').catch(() => 0)",
        "await fetch('{url}', {{ mode: 'no-cors' }}).catch(() => 0)",
        "await import('{url}x.js').catch(() => 0)",
        "await new Promise((end) => Object.assign(new Image(), {{ onerror: end, src: '{url}' }}))",
        "await new Promise((turn) => {{ new WebSocket('{ws}').onerror = turn }})",
        "open('{url}'); await new Promise((turn) => setTimeout(turn, 300))",
        "navigator.sendBeacon('{url}'); await new Promise((turn) => setTimeout(turn, 300))",
    ],
)
def test_a_script_reaches_no_network(judge: Judge, attempt: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        address = f"127.0.0.1:{server.getsockname()[1]}/"
        code = attempt.format(url=f"http://{address}", ws=f"ws://{address}")
        result = judge(f"try {{ {code} }} catch {{}} dd.expect(1).to.equal(1)")
        assert result["status"] == "passed", result["failure"]
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_browser_test_that_waits_for_a_script_does_not_hold_it_up(
    browser_service: Service, site: str, shop: Target
) -> None:
    """More of them at once than the browser has places."""
    request = {
        "subtype": "http",
        "config": {
            "request": {"method": "GET", "url": f"{shop.url}/"},
            "assertions": [javascript("dd.expect(dd.response.statusCode).to.equal(200)")],
        },
    }
    tests = [browser_test(site, step("runApiTest", request=request)) for _ in range(6)]
    batch = browser_service.trigger(*({"local_test_definition": one} for one in tests))
    entries = browser_service.final(batch)["results"]
    results = [browser_service.result(one["result_id"]) for one in entries]
    assert [one.get("failure") for one in results] == [None] * 6
    assert {one["status"] for one in entries} == {"passed"}


# ---- without a browser --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["assertion", "before", "after"])
def test_without_a_chromium_nothing_is_sent(
    chromium: None, shop: Target, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("STOREDOG_CHROMIUM", "/nowhere/chromium")
    definition = {
        "assertion": http_test(f"{shop.url}/", javascript("dd.expect(1).to.equal(1)")),
        "before": http_test(f"{shop.url}/", config={"variablesFromScript": "1"}),
        "after": multi(http_step(shop.url), http_step(shop.url, extractedValuesFromScript="1")),
    }[kind]
    before = len(shop.requests)
    with serving() as service:
        result = service.run(definition)
        plain = service.run(http_test(f"{shop.url}/"))
    assert (result["failure"]["code"], result["inconclusive"]) == ("INVALID_TEST", True)
    assert "STOREDOG_CHROMIUM is '/nowhere/chromium'" in result["failure"]["message"]
    assert plain["status"] == "passed"
    assert len(shop.requests) == before + 1


def test_without_playwright_scripts_are_refused_by_name() -> None:
    code = (
        "import sys; sys.modules['playwright'] = None\n"
        f"from {PACKAGE}.definitions.definition import parse\n"
        f"from {PACKAGE}.kinds import all_kinds\n"
        "request = {'method': 'GET', 'url': 'http://a'}\n"
        "script = [{'type': 'javascript', 'code': 'dd.expect(1).to.equal(1)'}]\n"
        "for assertions in (script, [{'type': 'statusCode', 'operator': 'is', 'target': 1}]):\n"
        "    config = {'request': request, 'assertions': assertions}\n"
        "    test = parse({'type': 'api', 'subtype': 'http', 'name': 'a', 'config': config})\n"
        "    print(*all_kinds()['api', 'http'].unsupported(test))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.stdout == (
        "scripts run in a browser: playwright is not installed; run:"
        " pip install 'pytest-storedog-gate[browser]'\n\n"
    ), done.stderr
