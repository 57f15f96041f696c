"""The verdict as a card in Drone, written by a real run; and what the real runner makes of it."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.datadog.models import CheckOutcome, Result, Status
from pytest_storedog_gate.deploy import Build
from pytest_storedog_gate.reports.delivered import drone_card
from pytest_storedog_gate.verdicts.record import Subject
from pytest_storedog_gate.verdicts.rule import STATE_OF, CheckVerdict, State, Verdict
from tests.conftest import http_check
from tests.reports.stand_ins import record_on

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_storedog_gate.verdicts.record import Record
    from tests.conftest import GateProject

_CARD = re.compile(r"\x1b\]1338;([A-Za-z0-9+/=]+)\x1b\]0m")


@pytest.fixture
def in_drone(project: GateProject, monkeypatch: pytest.MonkeyPatch) -> GateProject:
    """The gate in a step of a Drone build that shows cards."""
    facts = {
        "DRONE": "true",
        "DRONE_CARD_PATH": "/dev/stdout",
        "DRONE_COMMIT_SHA": "0c1d2e",
    }
    for name, value in facts.items():
        monkeypatch.setenv(name, value)
    return project


def _card(result: pytest.RunResult) -> dict[str, Any]:
    (line,) = [line for line in result.outlines if "1338;" in line]
    match = _CARD.fullmatch(line)
    assert match is not None, "the runner takes a card only at the start of a line of its own"
    data: dict[str, Any] = json.loads(base64.b64decode(match[1]))["data"]
    return data


def test_a_card_says_verdict_checks_and_links(in_drone: GateProject) -> None:
    in_drone.shop.answers["/discount"] = (500, "{}")

    result = in_drone.run_at_a_service()

    data = _card(result)
    assert data["headline"] == "GATE CLOSED for staging: 1/2 checks passed"
    assert (data["colour"], data["commit"]) == ("attention", "0c1d2e")
    first, second = data["checks"]
    assert (first["public_id"], first["state"]) == ("dis-cou-nts", "FAILED")
    assert "expected is 200, actual 500" in first["reason"]
    assert first["url"].startswith("http://127.0.0.1:")
    assert (second["public_id"], second["state"], second["reason"]) == ("hea-lth-chk", "passed", "")
    assert result.outlines[-1] == "GATE CLOSED for staging: 1/2 checks passed, exit status 1"


@pytest.mark.parametrize("args", [["-p", "no:terminal"], ["-n2"], ["-s"], ["--capture=sys"]])
def test_a_card_is_a_line_of_its_own_whatever_writes_the_log(
    in_drone: GateProject, args: list[str]
) -> None:
    assert _card(in_drone.run(*args))["colour"] == "good"


def test_a_run_that_ends_before_its_checks_has_a_card_too(in_drone: GateProject) -> None:
    in_drone.checks(http_check("dis-cou-nts", "/discount", "the only one left"))

    result = in_drone.run()

    data = _card(result)
    assert result.ret == 8
    assert data["colour"] == "warning"
    assert "hea-lth-chk" in data["reasons"][0]["text"]


def test_a_card_that_cannot_be_written_changes_nothing_but_a_line(
    in_drone: GateProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRONE_CARD_PATH", "/nowhere/card")

    result = in_drone.run()

    assert result.ret == 0
    assert result.outlines[-2:] == [
        "no Drone card: /nowhere/card: No such file or directory",
        "GATE OPEN for staging: 2/2 checks passed, exit status 0",
    ]


@pytest.mark.parametrize("name", ["DRONE", "DRONE_CARD_PATH"])
def test_outside_of_drone_there_is_no_card(
    in_drone: GateProject, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)

    assert "1338;" not in in_drone.run().stdout.str()


def test_secrets_are_masked_in_a_card(
    in_drone: GateProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "hunter2hunter2")
    file = in_drone.path / "storedog.toml"
    secret = ', X = "${SHOP_TOKEN}" } }'
    file.write_text(file.read_text("utf-8").replace(" } }", secret), encoding="utf-8")
    in_drone.checks(
        http_check("dis-cou-nts", "/hunter2hunter2", "about hunter2hunter2"),
        http_check("hea-lth-chk", "/health", "the health route"),
    )

    result = in_drone.run()

    data = _card(result)
    assert data["checks"][0]["name"] == "about " + 8 * r"\*"
    assert "hunter2" not in json.dumps(data) + result.stdout.str()


def test_a_card_stays_small_whatever_a_run_says(tmp_path: Path) -> None:
    record = _record(500)

    drone_card.write(str(tmp_path / "card"), record)

    written = (tmp_path / "card").read_text()
    match = _CARD.match(written)
    assert match is not None
    assert len(written) < 100_000
    data = json.loads(base64.b64decode(match[1]))["data"]
    assert (len(data["checks"]), data["more"]) == (50, "and 450 more")
    assert {check["state"] for check in data["checks"]} == {"FAILED"}, "the failed ones come first"


def test_a_card_is_not_written_where_a_link_leads(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "card").symlink_to("precious")
    with pytest.raises(OSError, match="is a link, which is not followed"):
        drone_card.write(str(tmp_path / "card"), _record(1))
    assert (tmp_path / "precious").read_text() == "mine"


def test_the_template_asks_for_nothing_that_a_card_does_not_have(tmp_path: Path) -> None:
    drone_card.write(str(tmp_path / "card"), _record(1))
    match = _CARD.match((tmp_path / "card").read_text())
    assert match is not None
    card = json.loads(base64.b64decode(match[1]))
    known = {*card["data"], *card["data"]["checks"][0], "text"}

    address, template = card["schema"].split(",", 1)
    template = base64.b64decode(template).decode()

    assert address == "data:application/json;base64"
    assert len(card["schema"]) <= 2000, "Drone keeps no more of an address"
    assert json.loads(template)["type"] == "AdaptiveCard"
    assert set(re.findall(r"\$\{(\w+)", template)) - known == set()


def test_no_text_is_taken_for_markdown(tmp_path: Path) -> None:
    record = _record(2, "body $[*].code: [see](http://evil.test)")
    drone_card.write(str(tmp_path / "card"), record)
    match = _CARD.match((tmp_path / "card").read_text())
    assert match is not None
    first = json.loads(base64.b64decode(match[1]))["data"]["checks"][0]
    assert first["reason"] == r"body $\[\*\].code: \[see\]\(http://evil.test\)"


@pytest.mark.drone
def test_the_runner_takes_the_card_out_of_the_log(
    runner: Path, stand_in_image: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    drone_card.write(str(log), _record(500))
    log.write_text(log.read_text() + "after\n")
    # The runner may miss the log of a container that ends at once.
    (tmp_path / "card.yml").write_text(
        "kind: pipeline\nname: card\nsteps:\n"
        f"  - {{ name: show, image: {stand_in_image}, commands: [cat log, sleep 1] }}\n"
    )

    done = subprocess.run(
        [runner, "exec", "--stage-name=card", "card.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    shown = [line.partition("] ")[2] for line in done.stdout.splitlines()]
    assert shown == ["+ cat log", "before", "after", "+ sleep 1"], done.stderr


def _record(checks: int, reason: str = "because\n" * 100) -> Record:
    digest = "sha256:" + 64 * "a"
    verdicts = []
    for n in range(checks):
        public_id, url = f"abc-def-{n:03}", f"http://127.0.0.1:1/result/{n}"
        status = Status.FAILED if n % 5 else Status.PASSED
        result = Result(public_id, "n" * 1000, status, reason, result_url=url)
        outcome = CheckOutcome(public_id, (result,))
        verdicts.append(CheckVerdict(public_id, STATE_OF[status], reason, outcome))
    return record_on(
        Verdict(State.CLOSED, 1, ("x" * 5000,), tuple(verdicts)),
        subject=Subject(f"registry:5000/storedog/discounts:1@{digest}", digest),
        build=Build("0c1d2e"),
    )
