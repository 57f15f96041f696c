"""A limit on calls holds a run up: it says so, at each moment, and goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.datadog.fake import Answer, FakeDatadog
from tests.datadog.watched import passing
from tests.pytest_side.watched import IMAGE, ask, configure, said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import GateProject

# Whatever is waited for at all counts as long, and nobody waits for long.
AT_ONCE = """
from pytest_storedog_gate.datadog.calling import caller
caller._LONG = 0
"""
# A signal comes as soon as a limit is met, which would last for a minute.
ENDED = """
import os, signal
from pytest_storedog_gate.datadog.calling import caller, retries
real = retries.pause
def pause(attempt, method, answer, *more, **others):
    if answer is not None and answer.status_code == 429:
        os.kill(os.getpid(), signal.{signal})
    return real(attempt, method, answer, *more, **others)
retries.pause = pause
"""
SECRET = "hunter2-hunter2"
LIMITED = Answer({"errors": [f"too many calls with {SECRET}"]}, 429, {"Retry-After": "0"})


@pytest.fixture
def datadog() -> Iterator[FakeDatadog]:
    fake = FakeDatadog()
    yield fake
    fake.close()


def test_what_a_run_waits_for_is_told(
    by_turns: GateProject, datadog: FakeDatadog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the lock is held, and without a secret that the server repeats."""
    configure(by_turns)
    toml = by_turns.path / "storedog.toml"
    text = toml.read_text("utf-8").replace("variables = {", 'variables = { TOKEN = "${TOKEN}",')
    toml.write_text(text, "utf-8")
    monkeypatch.setenv("TOKEN", SECRET)
    ask(by_turns, datadog, monkeypatch)
    with (by_turns.path / "conftest.py").open("a") as file:
        file.write(AT_ONCE)
    script = passing("dis-cou-nts")
    datadog.script = {route: [LIMITED, *answers] for route, answers in script.items()}
    result = by_turns.run(IMAGE)
    output = result.stdout.str()
    assert result.ret == 0, output
    assert said(by_turns) == ["locked", "promoted", "concluded"]
    for call in ("GET", "POST"):
        line = f"storedog-gate: * answered 429 to {call} *; asking again in*"
        result.stdout.fnmatch_lines([line])
    assert "too many calls with ****" in output
    assert SECRET not in output + result.stderr.str()


@pytest.mark.parametrize(
    ("name", "route", "done"),
    [
        ("SIGTERM", "/tests/dis-cou-nts", ["put back"]),
        ("SIGINT", "/trigger/ci", ["promoted", "rolled back"]),
        ("SIGTERM", "/ci/batch/b-1", ["promoted", "rolled back"]),
    ],
)
def test_who_ends_a_run_that_waits_for_a_limit_waits_no_longer(
    by_turns: GateProject,
    datadog: FakeDatadog,
    monkeypatch: pytest.MonkeyPatch,
    *,
    name: str,
    route: str,
    done: list[str],
) -> None:
    configure(by_turns)
    ask(by_turns, datadog, monkeypatch)
    with (by_turns.path / "conftest.py").open("a") as file:
        file.write(ENDED.format(signal=name))
    datadog.script = passing("dis-cou-nts")
    datadog.script[route] = [Answer(status=429, headers={"Retry-After": "60"})]
    began = time.monotonic()
    result = by_turns.run(IMAGE)
    assert result.ret == 2, result.stdout.str()
    assert time.monotonic() - began < 60
    assert said(by_turns) == ["locked", *done]
    assert datadog.count(route) == 1
    assert by_turns.report()["state"] == "inconclusive"
