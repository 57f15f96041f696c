"""Browser tests (`type: browser`) in Chromium, through Playwright."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, ClassVar

from pytest_storedog_gate.local_synthetics.assertions.operators import number
from pytest_storedog_gate.local_synthetics.chromium.engine import AT_ONCE, answered
from pytest_storedog_gate.local_synthetics.failures import CheckFailed, Failure, InvalidTest
from pytest_storedog_gate.local_synthetics.kinds.browser import artifacts
from pytest_storedog_gate.local_synthetics.kinds.browser.context import (
    asking_with,
    context_options,
    device_of,
    prepare,
    unsupported_domains,
    unsupported_proxy_or_headers,
)
from pytest_storedog_gate.local_synthetics.kinds.browser.player import Player, shown
from pytest_storedog_gate.local_synthetics.kinds.browser.session import Session
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.library import BrowserLibrary
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.params import LONGEST_STEP
from pytest_storedog_gate.local_synthetics.kinds.common import allowed, request_values
from pytest_storedog_gate.local_synthetics.kinds.http.connecting import unsupported_certificate
from pytest_storedog_gate.local_synthetics.kinds.protocol import Kind, Outcome, Run
from pytest_storedog_gate.secrets.places import mask_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.kinds import Equipment
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_FIRST_TIMEOUT = 60.0  # s, Datadog's
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_NOTHING_PROVED = Failure("INVALID_TEST", "No assertion passed, so that nothing was proved.")


def _method(request: Json, key: str) -> list[str]:
    method = request.get(key) or "GET"
    if method not in _METHODS:
        return [f"config.request.{key} must be one of {', '.join(_METHODS)}"]
    if method == "GET" and request.get("body"):
        return ["config.request.body: a browser sends none with GET"]
    return []


def _timeout(request: Json, key: str) -> list[str]:
    return allowed.seconds_up_to(LONGEST_STEP, request.get(key) or 0, f"config.request.{key}")


class BrowserCheck(Kind):
    """Plays the steps of a test in a context of its own."""

    fields: ClassVar[Mapping[str, allowed.Field]] = {
        "url": allowed.needed_text,
        "method": _method,
        "body": allowed.text,
        "headers": allowed.texts,
        "basicAuth": allowed.web_user,
        "timeout": _timeout,
        "proxy": unsupported_proxy_or_headers,
        "certificate": unsupported_certificate,
        "certificateDomains": unsupported_domains,
    }

    def __init__(self, equipment: Equipment) -> None:
        self._library = BrowserLibrary(equipment.kinds, equipment.tests)
        self._equipment = equipment
        self._engine = equipment.browsers.engine()
        # Of its own, as Chromium has the switch for all of its contexts.
        self._engine_without_cors = equipment.browsers.engine("--disable-web-security")
        self._slots = asyncio.Semaphore(AT_ONCE)

    def unsupported(self, definition: Definition) -> list[str]:
        return [
            *allowed.unsupported_parts(
                definition,
                self.fields,
                config=("request", "variables", "setCookie"),
                options=("checkCertificateRevocation",),
            ),
            *_unsupported_devices(definition.devices),
            *allowed.text(definition.config, "setCookie", "config"),
            *_unsupported_options(definition.options),
            *self._library.unsupported(definition),
        ]

    async def run(self, run: Run, variables: Variables) -> Outcome:
        definition = run.definition
        device = device_of(run.device)
        if device is None:
            raise InvalidTest(f"Refused: {_no_device(run.device)}")
        self._library.check_names(definition, variables, set())
        url = request_values.start_url(run, variables)
        request_values.checked_url(url, variables)
        without_cors = definition.options.get("disableCors")
        engine = self._engine_without_cors if without_cors else self._engine
        begun = time.perf_counter()
        async with (
            self._slots,
            engine.context(
                lambda version: context_options(definition, url, device, version, variables)
            ) as (context, version),
        ):
            await answered(prepare(context, run, url, variables))
            if self._equipment.artifacts:
                await answered(artifacts.begin(context))
            session = await Session.start(context)
            player = Player(self._library, session, variables, run, self._equipment)
            failure, steps = await _play(player, definition, url)
            kept = await self._keep(session, run, variables) if failure else []
        detail: Json = {
            "steps": steps,
            "start_url": mask_url(url),
            "device": {
                "id": run.device or device.id,
                "name": device.name,
                "resolution": {"width": device.width, "height": device.height},
                "is_mobile": device.is_mobile,
                "user_agent": device.user_agent(version),
                "browser": {"type": "chrome", "version": version},
            },
            "browser": {"type": "chrome", "version": version},
            "timings": {"total": round((time.perf_counter() - begun) * 1000, 3)},
        }
        if "time_to_interactive" in steps[0]:
            detail["time_to_interactive"] = steps[0]["time_to_interactive"]
        if variables.addresses:
            detail["received_email_count"] = len(variables.mails())
        if kept:
            detail["artifacts"] = kept
        return Outcome(failure, detail)

    async def _keep(self, session: Session, run: Run, variables: Variables) -> list[str]:
        attempts, attempt = self._equipment.artifacts, variables.attempt
        if attempts is None or attempt is None:
            return []
        name = "-".join(filter(None, (attempt.public_id, run.device, attempt.result_id)))
        kept = await artifacts.keep(session.context, session.page, attempts.folder / name)
        await asyncio.to_thread(attempts.forget)
        return kept


def _unsupported_devices(devices: list[str]) -> list[str]:
    """Refuse a test with no device that is known; of others, those with one that is not."""
    if any(device_of(device) for device in devices or [""]):
        return []
    return [_no_device(device) for device in devices]


def _no_device(device: str) -> str:
    return (
        f"device {device} is not supported: this service has Chromium only, as laptop_large, tablet"
        " and mobile_small"
    )


async def _play(
    player: Player, definition: Definition, url: str
) -> tuple[Failure | None, list[Json]]:
    request = definition.request
    method, body = request.get("method") or "GET", player.variables.fill(request.get("body") or "")
    async with asking_with(player.session.context, method, body):
        limit = definition.options.get("initialNavigationTimeout") or request.get("timeout")
        first = await player.navigate(url, float(number(limit or 0) or _FIRST_TIMEOUT))
    if found := first.get("failure"):
        # Nothing of the page is there to go on with.
        left = [{**shown(step), "status": "skipped"} for step in definition.steps]
        return Failure(found["code"], f"Start URL: {found['message']}"), [first, *left]
    played = await player.play(definition)
    documents = [first, *played.documents]
    if played.failure or played.proved:
        return played.failure, documents
    if not definition.clicks_through:
        return _NOTHING_PROVED, documents
    return await _clicked_through(player), documents


async def _clicked_through(player: Player) -> Failure | None:
    """What speaks against a test whose steps passed and that asserts nothing, as it is wanted."""
    try:
        await player.session.watched(player.session.settle())
    except CheckFailed as failed:
        return failed.failure
    if unopened := player.session.unopened:
        return Failure("OPEN_URL", player.variables.masked(f"{unopened} No step asserts more."))
    return None


def _unsupported_options(options: Json) -> list[str]:
    limit = options.get("initialNavigationTimeout") or 0
    problems = allowed.seconds_up_to(LONGEST_STEP, limit, "options.initialNavigationTimeout")
    blocked = options.get("blockedRequestPatterns") or []
    if not isinstance(blocked, list) or not all(isinstance(one, str) for one in blocked):
        problems.append("options.blockedRequestPatterns must be a list of strings")
    if options.get("httpVersion", "any") not in ("any", None, ""):
        problems.append("options.httpVersion: only any is supported")
    return problems
