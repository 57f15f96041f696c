"""The way of a rollback and of a look back through a run, with a deployer of the project's own."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy import Entry, ImageReference
from tests.pytest_side.hooks.pages import NEW, OLD, answers_with, configure, watching_conftest

if TYPE_CHECKING:
    from tests.conftest import GateProject

# It keeps its history in a file, and marks what is done by files.
REMEMBERS = """
import json
from pathlib import Path
from pytest_storedog_gate.deploy import Entry, History

KEPT, BACK = Path("history.json"), Path("going-back")

def history(self):
    entries = tuple(map(Entry.from_json, json.loads(KEPT.read_text())))
    live = next((each for each in entries if each.image.digest == self.answer()), None)
    return History(entries, live, running=True)

def go_back(self, version):
    BACK.touch()
    return self.fetch(version.image)

def remember(self, entry):
    kept = [entry, *history(self).entries]
    KEPT.write_text(json.dumps([each.as_json() for each in kept]))

Watcher.history, Watcher.go_back, Watcher.remember = history, go_back, remember
"""
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
ENTRIES = (
    Entry(
        ImageReference("r.example/shop", "2", NEW), NOON, "open", None, "c0ffee2", "42", by="ada"
    ),
    Entry(
        ImageReference("r.example/shop", "1", OLD), NOON, "open", None, "c0ffee1", "41", by="bob"
    ),
)


@pytest.fixture
def remembering(any_mode: GateProject) -> GateProject:
    """Production on the new version, after the old one; staging has let neither of them through."""
    configure(any_mode)
    (any_mode.path / "conftest.py").write_text(watching_conftest() + REMEMBERS)
    kept(any_mode, *ENTRIES)
    answers_with(any_mode, NEW)

    def deploy(_path: str) -> None:
        if (any_mode.path / "going-back").exists():
            answers_with(any_mode, OLD)

    any_mode.shop.before_answer = deploy
    return any_mode


def kept(project: GateProject, *entries: Entry) -> None:
    (project.path / "history.json").write_text(json.dumps([each.as_json() for each in entries]))


def remembered(project: GateProject) -> list[dict[str, object]]:
    data: list[dict[str, object]] = json.loads((project.path / "history.json").read_text())
    return data


@pytest.mark.parametrize("option", ["--storedog-rollback", "--storedog-rollback=aaaa"])
def test_a_version_comes_back_without_another_verdict(
    remembering: GateProject, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STOREDOG_IMAGE", "r.example/another:1")  # of the pipeline, for other steps
    monkeypatch.setenv("DRONE_BUILD_TRIGGER", "eve")
    result = remembering.run(option, env="production")
    assert result.ret == 0, result.stdout.str()
    back = "to 1@aaaaaaaaaaaa of 2026-01-02 12:00, build 41, from 2@bbbbbbbbbbbb of 2026-01-02"
    result.stdout.fnmatch_lines(
        [
            "storedog-gate: ROLLBACK to *: it was let through here before",
            f"storedog-gate: ROLLBACK {back} 12:00, build 42",
            f"rollback: {back} 12:00, build 42",
            "GATE OPEN for production: 1/1 checks passed, ROLLBACK, exit status 0",
        ]
    )
    report = remembering.report()
    assert report["rollback"] == f"{back} 12:00, build 42"
    assert (report["state"], report["digest"], report["override"]) == ("open", OLD, None)
    last = remembered(remembering)[0]
    assert (last["state"], last["image"]) == ("open", f"r.example/shop:1@{OLD}")
    assert (last["commit"], last["build"], last["by"]) == ("c0ffee1", "41", "eve")
    assert last["rollback"] == report["rollback"]


def test_what_comes_back_has_its_checks_again(remembering: GateProject) -> None:
    remembering.shop.answers["/discount"] = (500, "no")
    result = remembering.run("--storedog-rollback", env="production")
    assert result.ret == 1, result.stdout.str()
    last = remembered(remembering)[0]
    assert (last["state"], last["image"]) == ("closed", f"r.example/shop:1@{OLD}")
    assert last["rollback"]


REFUSED = {
    "there is nothing to go back to: the history has no other version that was let through here "
    "before bbbbbbbbbbbb; nothing changed": ("--storedog-rollback", ENTRIES[:1]),
    "cccc is unknown: the history has bbbbbbbbbbbb, aaaaaaaaaaaa to go back to; deploy another one "
    "as any, with --storedog-image; nothing changed": ("--storedog-rollback=cccc", ENTRIES),
    "2@bbbbbbbbbbbb of 2026-01-02 12:00, build 42 is live already; nothing changed": (
        "--storedog-rollback=bbbb",
        ENTRIES,
    ),
}


@pytest.mark.parametrize("said", REFUSED)
def test_nothing_is_touched_where_there_is_nothing_to_go_back_to(
    remembering: GateProject, said: str
) -> None:
    option, entries = REFUSED[said]
    kept(remembering, *entries)
    for plan in ([], ["--storedog-plan"]):
        result = remembering.run(option, *plan, env="production")
        assert result.ret == 4
        assert said in result.stdout.str()
    assert len(remembered(remembering)) == len(entries)
    assert not (remembering.path / "going-back").exists()


def test_what_was_mended_meanwhile_is_not_gone_back_from(remembering: GateProject) -> None:
    """A person saw the new version, whose run was killed; now the old one is live again."""
    mends = "\nWatcher.recover = lambda self: BACK.touch() or 'put the old one back'\n"
    with (remembering.path / "conftest.py").open("a") as conftest:
        conftest.write(mends)
    result = remembering.run("--storedog-rollback", env="production")
    assert result.ret == 4
    result.stdout.fnmatch_lines(
        [
            "storedog-gate: recovered: put the old one back",
            "when this run began, bbbbbbbbbbbb was live, and aaaaaaaaaaaa is now: *",
        ]
    )
    assert len(remembered(remembering)) == 2


def test_a_history_that_cannot_be_kept_changes_no_verdict(remembering: GateProject) -> None:
    with (remembering.path / "conftest.py").open("a") as conftest:
        conftest.write("\nWatcher.remember = lambda self, entry: 1 / 0\n")
    result = remembering.run("--storedog-rollback", env="production")
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines(["*the history does not tell of this run: division by zero"])


def test_what_never_had_traffic_is_told_too(remembering: GateProject) -> None:
    with (remembering.path / "conftest.py").open("a") as conftest:
        conftest.write(
            "\ndef stage(self):\n    raise DeploymentFailed('exits with 3')\n"
            "Watcher.stage = stage\n"
        )
    result = remembering.run(f"--storedog-image=r.example/shop@{OLD}")
    assert result.ret == 1, result.stdout.str()
    last = remembered(remembering)[0]
    assert (last["state"], last["image"], last["deploy_id"]) == (
        "closed", f"r.example/shop@{OLD}", None,
    )  # fmt: skip


def test_a_look_back_needs_no_key_and_changes_nothing(
    remembering: GateProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = (remembering.path / "storedog.toml").read_text()
    toml = toml.replace('"local"\n', '"datadog"\n')
    remembering.configuration(toml.replace("SHOP =", 'PASSWORD = "${NOWHERE}", SHOP ='))
    for name in ("DD_API_KEY", "DD_APP_KEY"):
        monkeypatch.delenv(name, raising=False)
    result = remembering.run("--storedog-history")
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines(
        [
            "storedog-gate: history only, nothing is changed; configuration storedog.toml",
            "storedog-gate: history of staging, service shop, newest first",
            "  when (UTC)       digest       tag           commit   build  verdict",
            "[*] 2026-01-02 12:00 bbbbbbbbbbbb 2             c0ffee2  42     open",
            "    by ada",
            "  2026-01-02 12:00 aaaaaaaaaaaa 1             c0ffee1  41     open",
            "    by bob",
            "[*] is live",
        ],
        consecutive=False,
    )
    report = remembering.report()
    assert (report["live"], report["environment"], report["service"]) == (NEW, "staging", "shop")
    told = report["history"]
    assert isinstance(told, list)
    assert [(each["digest"], each["live"], each["tag"]) for each in told] == [
        (NEW, True, "2"), (OLD, False, "1"),
    ]  # fmt: skip
    assert len(remembered(remembering)) == 2


@pytest.mark.parametrize("option", ["--storedog-rollback", "--storedog-history"])
def test_a_deployer_without_a_history_says_so(any_mode: GateProject, option: str) -> None:
    configure(any_mode)
    (any_mode.path / "conftest.py").write_text(watching_conftest())
    answers_with(any_mode, NEW)
    result = any_mode.run(option)
    assert result.ret == 4
    result.stdout.fnmatch_lines(
        ["*staging has a deployer that keeps no history: nothing tells what was there before; *"]
    )


@pytest.mark.parametrize("option", ["--storedog-rollback", "--storedog-history"])
def test_where_nothing_is_deployed_there_is_no_history(gate: GateProject, option: str) -> None:
    result = gate.run(option)
    assert result.ret == 4
    assert "staging deploys nothing, so that" in result.stdout.str() + result.stderr.str()


def test_why_an_older_commit_was_let_through_is_told(remembering: GateProject) -> None:
    """By the record and by the history, beside what the promotion's own rule says."""
    took_back = """
from dataclasses import replace as changed

def promote(self, real=Watcher.promote):
    real(self)
    self.deployment = changed(self.deployment, took_back="b00 is older than c0ffee")
    return self

Watcher.promote = promote
"""
    with (remembering.path / "conftest.py").open("a") as conftest:
        conftest.write(took_back)
    image = f"--storedog-image=r.example/shop@{NEW}"
    result = remembering.run(image, "--storedog-override=incident 4711", env="production")
    assert result.ret == 0, result.stdout.str()
    override = str(remembering.report()["override"])
    assert override.startswith(f"incident 4711; against: {NEW} has no open verdict of staging")
    assert override.endswith("; and b00 is older than c0ffee")
    assert remembered(remembering)[0]["override"] == override
    result.stdout.fnmatch_lines(["GATE OPEN for production: 1/1 *, PROMOTION OVERRIDDEN, *"])
