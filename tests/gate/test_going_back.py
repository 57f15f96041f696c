"""Which run may put an older commit in the place of a newer one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from pytest_storedog_gate.gate.deploying import build_of
from pytest_storedog_gate.gate.recorder import Recorder

if TYPE_CHECKING:
    from pytest_storedog_gate.gate.provided import Provided
    from pytest_storedog_gate.settings.load import Settings


@pytest.mark.parametrize(
    ("requires", "override", "event", "may"),
    [
        (None, None, "push", True),
        ("staging", None, "push", False),
        ("staging", None, None, False),
        ("staging", None, "promote", True),
        ("staging", None, "rollback", True),
        ("staging", "incident 4711", "push", True),
    ],
)
def test_where_a_verdict_is_required_a_person_has_to_want_it(
    requires: str | None,
    override: str | None,
    event: str | None,
    may: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DRONE_BUILD_EVENT", raising=False)
    if event is not None:
        monkeypatch.setenv("DRONE_BUILD_EVENT", event)
    settings = cast(
        "Settings",
        SimpleNamespace(requires=requires, override=override, redeploy=False, rollback=None),
    )
    assert build_of(settings).may_go_back is may


@pytest.mark.parametrize(
    ("override", "against_rule", "more", "told"),
    [
        (None, None, None, None),
        (None, None, "b is older", "promoted in Drone; against: b is older"),
        ("incident 4711", None, None, None),
        ("incident 4711", None, "b is older", "incident 4711; against: b is older"),
        ("incident 4711", "no verdict", None, "incident 4711; against: no verdict"),
        ("incident 4711", "no verdict", "old", "incident 4711; against: no verdict; and old"),
    ],
)
def test_what_a_person_has_decided_is_in_the_record(
    override: str | None, against_rule: str | None, more: str | None, told: str | None
) -> None:
    recorder = Recorder(
        cast("Settings", SimpleNamespace(override=override)), cast("Provided", None)
    )
    recorder.overridden = f"{override}; against: {against_rule}" if against_rule else None
    assert recorder.decided_against(more) == told
