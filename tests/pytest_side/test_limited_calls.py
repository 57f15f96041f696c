"""A limit on calls holds a run up: it says so, at each moment, and goes on."""

from __future__ import annotations

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
