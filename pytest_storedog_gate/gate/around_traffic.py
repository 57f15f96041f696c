"""Which checks run before the candidate has traffic and which after, and at what address."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog.overrides import merged
from pytest_storedog_gate.deploy.environment import EVERYWHERE
from pytest_storedog_gate.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pytest_storedog_gate.deploy.environment import Address
    from pytest_storedog_gate.gate.selection import PlannedCheck
    from pytest_storedog_gate.settings.load import Settings

ADDRESS = "STOREDOG_ADDRESS"
"""The variable in which a check finds HOST:PORT of the service under the gate."""


def before(settings: Settings, checks: Iterable[PlannedCheck]) -> tuple[PlannedCheck, ...]:
    """Those that run against the preview, aimed at it; none where there is no preview."""
    preview = settings.environment.preview
    if not settings.previews or preview is None:
        return ()
    address = settings.environment.reached(preview)
    only_after = settings.after_traffic - settings.twice
    found = (check for check in checks if check.public_id not in only_after)
    return tuple(_aimed(settings, check, address) for check in found)


def after(settings: Settings, checks: Iterable[PlannedCheck]) -> tuple[PlannedCheck, ...]:
    """Those that run against what is live: all of them where there is no preview."""
    live, only = _published(settings), settings.after_traffic
    if live and live.host in EVERYWHERE:
        live = None  # nobody can ask there; what a check declares itself holds
    found = (check for check in checks if not settings.previews or check.public_id in only)
    return tuple(_aimed(settings, check, live) if live else check for check in found)


def rounds(
    settings: Settings,
    checks: Iterable[PlannedCheck],
    when: Callable[[Settings, Iterable[PlannedCheck]], tuple[PlannedCheck, ...]],
) -> dict[str, tuple[PlannedCheck, ...]]:
    """The checks `before` or `after`, once for each target; without targets once, for "".

    At each target they are told what its `overrides` say, and where it is reached.
    """
    planned = tuple(checks)
    if not settings.environment.targets:
        return {"": when(settings, planned)}
    own = settings.environment.targets
    found = {
        target: when(there, _told(there, own[target]["overrides"], planned))
        for target, there in settings.each.items()
    }
    _refuse_told_alike(found)
    return found


def anywhere(_settings: Settings, checks: Iterable[PlannedCheck]) -> tuple[PlannedCheck, ...]:
    """Of checks that a test triggers: all of them, whatever has the traffic."""
    return tuple(checks)


def _refuse_told_alike(rounds: Mapping[str, tuple[PlannedCheck, ...]]) -> None:
    """Else both would ask one target: values from outside may be alike, or an address of two."""
    for (one, here), (other, there) in combinations(rounds.items(), 2):
        for check, same in zip(here, there, strict=True):
            if check.payload == same.payload:
                raise ConfigurationError(
                    f"{check.public_id} is told the same at {other} as at {one}, so that nothing "
                    "would be proved of one of them: say in each target's overrides.variables how "
                    f"it is reached, and see what its variables hold; {ADDRESS} is the gate's own"
                )


def _told(
    target: Settings, overrides: Mapping[str, Any], checks: Iterable[PlannedCheck]
) -> Iterator[PlannedCheck]:
    live = _published(target)
    for check in checks:
        told = replace(check, payload=merged(check.payload, overrides))
        yield _aimed(target, told, live) if live else told


def _aimed(settings: Settings, check: PlannedCheck, at: Address) -> PlannedCheck:
    """The check with the address in its variable, and in the place of the published one."""
    payload, published, address = dict(check.payload), _published(settings), str(at)
    if published and published != at:
        pattern = rf"{re.escape(str(published))}(?!\d)"  # no port that only begins so
        for key in ("startUrl", "variables", "headers"):
            if key in payload:
                payload[key] = _replaced(payload[key], pattern, address)
        over_http = check.definition.kind == "browser" or check.definition.subtype == "http"
        if over_http and "startUrlSubstitutionRegex" not in payload:
            # It is applied to the check's own start URL, when its variables are filled in.
            payload["startUrlSubstitutionRegex"] = f"{pattern}|{address}"
    return replace(check, payload=merged(payload, {"variables": {ADDRESS: address}}))


def _published(settings: Settings) -> Address | None:
    environment = settings.environment
    return environment.reached(environment.published) if environment.published else None


def _replaced(value: Any, pattern: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(each, pattern, new) for key, each in value.items()}
    return re.sub(pattern, lambda _: new, value) if isinstance(value, str) else value
