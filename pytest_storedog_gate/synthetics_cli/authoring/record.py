"""`storedog-synthetics record`: what a person does in a browser becomes a browser test.

It is Playwright's own recorder, on which its codegen stands too; codegen itself opens no Chromium
but the one that Playwright has installed, and tells elements by selectors that only Playwright has.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playwright.async_api import Error
from playwright.async_api import TimeoutError as PlaywrightTimeout

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.errors import ConfigurationError, NoVerdict
from pytest_storedog_gate.local_synthetics.chromium.engine import Engine
from pytest_storedog_gate.local_synthetics.chromium.loading import loaded
from pytest_storedog_gate.local_synthetics.failures import CheckFailed, InvalidTest
from pytest_storedog_gate.local_synthetics.kinds.browser.context import device_of
from pytest_storedog_gate.local_synthetics.running.event_loop import run_to_end
from pytest_storedog_gate.outlets.new_files import refuse_taken, write_new
from pytest_storedog_gate.outlets.plain_text import command_line, long_line
from pytest_storedog_gate.synthetics_cli.authoring import first_check
from pytest_storedog_gate.synthetics_cli.authoring.init import address, missing_schemas, test_file
from pytest_storedog_gate.synthetics_cli.authoring.replay import Steps, replayed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from playwright.async_api import BrowserContext, Page

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

    Person = Callable[[Page], Awaitable[None]]

_NEW = """
(before) => document.body.innerText.split("\\n").map((text) => text.trim())
  .find((text) => text && text.length <= 100 && !text.includes("{{") && !before.includes(text))
"""
_PATIENCE = 10_000  # ms for an element to be there again
_QUIET = 5_000  # ms that are waited at most for the network to be quiet


@dataclass
class _Heard:
    """What Playwright's recorder tells; of what is typed each state, of which the last counts."""

    actions: list[Json] = field(default_factory=list)
    windows: set[int] = field(default_factory=set)

    def action_added(self, page: Any, action: Json, _code: Any) -> None:
        self.windows.add(id(page))
        self.actions.append(action)

    def action_updated(self, _page: Any, action: Json, _code: Any) -> None:
        self.actions[-1] = action


def record(url: str, output: Path, person: Person | None = None) -> int:
    """Write a browser test of what is done until the window is closed; returns the exit status.

    What was done is done twice more: to find the elements again, and to see that the test passes.
    `person` acts in the place of one at a window. Raises ConfigurationError, also where the file is
    there, and NoVerdict where what was done cannot be repeated.
    """
    refuse_taken([output])
    start = address(url)
    try:
        steps, texts = run_to_end(_recorded(start, person))
    except (CheckFailed, InvalidTest) as failed:
        raise ConfigurationError(failed.failure.message) from None
    except Error as error:
        why = long_line(error.message)
        raise NoVerdict(f"what was done at {start} cannot be done again: {why}") from None
    check = _passing(start, steps, texts)
    write_new({output: test_file(check, output), **missing_schemas()})
    given = [f"--variable={name}=..." for name in steps.secrets]
    run = command_line(("storedog-synthetics", "run", str(output)))
    sys.stdout.write(f"wrote {output}: {len(check['steps'])} steps, {check['public_id']}\n")
    sys.stdout.write(f"next:\n  {' '.join((run, *given))}\n")
    return 0


def _passing(url: str, steps: Steps, texts: list[str]) -> Json:
    """The test that asserts the first of the texts which is shown each time."""
    reason = ""
    for text in texts:
        shows = first_check.step("assertPageContains", f"The page shows {text}", value=text)
        check = first_check.browser(url, *steps.made, shows)
        check["config"]["variables"] = [
            {"name": name, "type": "text", "secure": True} for name in steps.secrets
        ]
        result = first_check.played(check, steps.secrets)
        if result.status is Status.PASSED:
            return check
        reason = long_line(result.reason)
    raise NoVerdict(f"the test of what was done does not pass, and nothing is written: {reason}")


async def _recorded(url: str, person: Person | None) -> tuple[Steps, list[str]]:
    """The steps, and texts that the page shows at their end, what it did not show before first."""
    engine = Engine(headed=person is None)
    device = device_of("")
    assert device is not None  # noqa: S101 there is a default
    size = {"width": device.width, "height": device.height}
    try:
        async with engine.context(lambda _version: {"viewport": size}) as (context, _):
            actions = await _heard(context, url, person or _until_closed)
        async with engine.context(lambda _version: {"viewport": size}) as (context, _):
            page = await context.new_page()
            page.set_default_timeout(_PATIENCE)
            await loaded(lambda: page.goto(url))
            before = await page.evaluate("() => document.body.innerText")
            steps = await replayed(page, actions)
            with contextlib.suppress(PlaywrightTimeout):  # some pages never cease to ask
                await page.wait_for_load_state("networkidle", timeout=_QUIET)
            new = await page.evaluate(_NEW, before)
            stable = await page.evaluate(f"() => {{{first_check.SHOWN}}}")
    finally:
        await engine.close()
    texts = [str(text) for text in dict.fromkeys((new, stable)) if text]
    if not texts:
        raise NoVerdict(f"the page shows no text after what was done at {url}: nothing to assert")
    return steps, texts


async def _heard(context: BrowserContext, url: str, person: Person) -> list[Json]:
    heard = _Heard()
    start = getattr(context._impl_obj, "_start_recording", None)  # noqa: SLF001 codegen's own
    if start is None:
        raise ConfigurationError("this Playwright cannot record: pip install 'playwright>=1.65'")
    await start({"language": "jsonl"}, heard)
    page = await context.new_page()
    await loaded(lambda: page.goto(url))
    await person(page)
    if len(heard.windows) > 1:
        raise ConfigurationError("the recording has two windows: record it in one")
    return heard.actions


async def _until_closed(page: Page) -> None:
    sys.stderr.write("recording: close the window when you are done\n")
    await page.wait_for_event("close", timeout=0)
