"""What a check is told when it runs before the candidate has traffic, and after."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pytest_storedog_gate.datadog.models import Check
from pytest_storedog_gate.deploy.environment import Address, Environment
from pytest_storedog_gate.gate import around_traffic
from pytest_storedog_gate.gate.selection import PlannedCheck

PREVIEW = Address("127.0.0.1", 81)


def settings(published: Address, preview: Address | None = PREVIEW) -> Any:
    environment = Environment("live", gate="shop", publish={"shop": published}, preview=preview)
    ids = frozenset({"both-ways-one"} if preview else ())
    previews = preview is not None
    return SimpleNamespace(environment=environment, previews=previews, after_traffic=ids, twice=ids)


def planned(payload: dict[str, Any], subtype: str = "http") -> PlannedCheck:
    told = {"public_id": "both-ways-one", "type": "api", "subtype": subtype, "name": "a check"}
    return PlannedCheck(Check.from_json(told), "blocking", payload)


def test_the_preview_stands_in_the_place_of_the_published_address() -> None:
    said = {
        "startUrl": "http://127.0.0.1:80/path?of=127.0.0.1:8080",
        "variables": {"SHOP": "http://127.0.0.1:80", "OTHER": "http://127.0.0.1:8000"},
    }
    asked = settings(Address("127.0.0.1", 80))
    (before,) = around_traffic.before(asked, [planned(said)])
    assert before.payload == {
        "startUrl": "http://127.0.0.1:81/path?of=127.0.0.1:8080",
        "variables": {
            "SHOP": "http://127.0.0.1:81",
            "OTHER": "http://127.0.0.1:8000",
            "STOREDOG_ADDRESS": "127.0.0.1:81",
        },
        "startUrlSubstitutionRegex": r"127\.0\.0\.1:80(?!\d)|127.0.0.1:81",
    }
    (after,) = around_traffic.after(asked, [planned(said)])
    variables = {**said["variables"], "STOREDOG_ADDRESS": "127.0.0.1:80"}  # type: ignore[dict-item]
    assert after.payload == {**said, "variables": variables}


def test_what_has_no_start_url_is_told_the_address_alone() -> None:
    asked = settings(Address("127.0.0.1", 80))
    (before,) = around_traffic.before(asked, [planned({}, "tcp")])
    assert before.payload == {"variables": {"STOREDOG_ADDRESS": "127.0.0.1:81"}}


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]"])  # noqa: S104
def test_all_addresses_of_a_machine_are_asked_at_the_previews(host: str) -> None:
    (after,) = around_traffic.after(settings(Address(host, 80)), [planned({})])
    assert after.payload == {"variables": {"STOREDOG_ADDRESS": "127.0.0.1:80"}}


def test_without_a_preview_the_published_address_is_told() -> None:
    asked = settings(Address("10.0.0.7", 30080), None)
    assert around_traffic.before(asked, [planned({})]) == ()
    (after,) = around_traffic.after(asked, [planned({})])
    assert after.payload == {"variables": {"STOREDOG_ADDRESS": "10.0.0.7:30080"}}


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]"])  # noqa: S104
def test_all_addresses_of_a_machine_are_told_to_nobody_without_a_preview(host: str) -> None:
    """Nothing can be asked there: what the check declares itself holds."""
    (after,) = around_traffic.after(settings(Address(host, 80), None), [planned({})])
    assert after.payload == {}
