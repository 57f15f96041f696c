"""The table of a history: 80 columns, whatever stands in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from pytest_storedog_gate.deploy import Entry, History, ImageReference
from pytest_storedog_gate.reports import history

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
IMAGES = [ImageReference("r.example/shop", tag, f"sha256:{tag * 64}") for tag in "123"]
THIRD = Entry(IMAGES[2], NOON, "open", "d3", "c0ffee" * 6, "1234567", None, "ada", 0.123)
SECOND = Entry(IMAGES[1], NOON, "closed", "d2", None, None, rolled_back=f"put {IMAGES[0]} back")
FIRST = Entry(
    ImageReference("r.example/shop", "a-branch-with-a-long-name", IMAGES[0].digest),
    NOON, "inconclusive", None, override="incident 4711; against: " + "the rule says no " * 9,
)  # fmt: skip


def test_the_table() -> None:
    found = History((THIRD, SECOND, FIRST), THIRD, running=True)
    assert list(history.lines(found)) == [
        "  when (UTC)       digest       tag           commit   build  verdict",
        "* 2026-01-02 12:00 333333333333 3             c0ffeec0 12345~ open",
        "    by ada, nobody answered for 0.12 s",
        "  2026-01-02 12:00 222222222222 2             -        -      closed",
        "    rolled back: put r.example/shop:1@111111111111 back",
        "  2026-01-02 12:00 111111111111 a-branch-wit~ -        -      inconclusive",
        "    override: incident 4711; against: the rule says no the rule says no the rule",
        "      says no the rule says no the rule says no the rule says no the rule says",
        "      no the rule says no the rule says no",
        "* is live",
    ]


def test_what_is_not_recorded_and_what_does_not_run() -> None:
    live = replace(SECOND, deploy_id="other", state="not recorded")
    told = list(history.lines(History((THIRD,), live, unfinished=True)))
    assert told[1].startswith("* 2026-01-02 12:00 222222222222")
    assert told[3].startswith("  2026-01-02 12:00 333333333333")
    assert told[-2:] == [
        "* was live, and does not run",
        "the last deployment is not concluded: a run is at work, or the next one mends that",
    ]
    assert list(history.lines(History((THIRD,))))[-1] == "nothing is live"
    assert list(history.lines(History())) == ["nothing was deployed here yet, and nothing is live"]


def test_several_targets() -> None:
    """Each is told, and that they differ."""
    third, first = History((THIRD,), THIRD, running=True), History((FIRST,), FIRST, running=True)
    targets = {"us": third, "eu": third}
    found = History((THIRD,), THIRD, running=True, targets=targets)
    us, eu = "us: 333333333333 is live", "eu: 333333333333 is live"
    assert list(history.lines(found))[-3:] == ["* is live", us, eu]
    unlike = replace(found, live=None, targets={"us": third, "eu": first, "ap": History()})
    assert list(history.lines(unlike))[-4:] == [
        "the targets do not run the same",
        us,
        "eu: 111111111111 is live",
        "ap: nothing is live",
    ]
    data = history.as_json(unlike, "staging", "shop")
    assert data["targets"]["eu"]["live"] == FIRST.image.digest
    assert data["targets"]["ap"]["live"] is None


def test_no_text_steers_the_terminal_or_breaks_the_table() -> None:
    bad = "\x1b[2J\r\n* GATE OPEN\u202e" + "x" * 2000
    texts = dict.fromkeys(("commit", "build", "by", "override", "rollback", "rolled_back"), bad)
    odd = replace(THIRD, state=bad, **texts)  # type: ignore[arg-type]
    told = list(history.lines(History((odd,), odd)))
    assert max(map(len, told)) <= 80
    assert all(one.isprintable() for one in told)
    assert [one for one in told if one.startswith("*")] == [told[1], told[-1]]
    data = history.as_json(History((odd,), odd), "staging", "shop")
    assert data["history"][0]["by"].isprintable()
    assert Entry.from_json(odd.as_json()).by == bad[:500]
