"""What Datadog says of what is live, from its answers to the verdict."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.datadog.calling.clock import Clock
from pytest_storedog_gate.datadog.monitors import Monitor
from pytest_storedog_gate.datadog.watch import DeploymentGate, Watch
from pytest_storedog_gate.errors import NoVerdict
from pytest_storedog_gate.gate.outcomes import Outcomes
from pytest_storedog_gate.gate.watching import watchers
from pytest_storedog_gate.gate.watching.watching import Watching
from pytest_storedog_gate.gate.watching.window import Watcher, Window
from pytest_storedog_gate.secrets.masking import NO_SECRETS
from pytest_storedog_gate.verdicts.rule import State
from tests.datadog.fake import Answer, FakeDatadog
from tests.datadog.watched import (
    ALERT,
    EVALUATION,
    GROUP,
    MONITOR,
    PAGE,
    begun,
    evaluation,
    found,
    monitor,
    rule,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 0.2  # that it is watched; Datadog is asked all the time
LONG = 60.0
GATE = DeploymentGate("shop", "prod")
BEGIN, ASK = "/deployments/gates/evaluation", f"/evaluation/{EVALUATION}"


@pytest.fixture
def datadog(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDatadog]:
    monkeypatch.setattr(watchers, "_PAUSE", 0.01)
    fake = FakeDatadog()
    yield fake
    fake.close()


def watching(found: list[Watcher], seconds: float) -> Watching:
    return Watching(Window(seconds), found, NO_SECRETS, Outcomes(lambda _: None), lambda: None)


def watched(datadog: FakeDatadog, watch: Watch) -> tuple[State, str]:
    """What a run that asks this Datadog comes to."""
    synthetics = SimpleNamespace(backend="datadog", url=datadog.url, api_key="k" * 32, app_key="a")
    settings: Any = SimpleNamespace(watch=watch, synthetics=synthetics, redact=NO_SECRETS)
    with ExitStack() as resources:
        all_of_it = list(watchers.of(settings, None, lambda: "1.2", Clock(), resources))
        run = watching(all_of_it, watch.seconds)
        run.begin()
        (name,) = run.titles
        verdict = run.wait_for(name)
        run.stop()
    return verdict.state, verdict.reason


OK, CLOSED, UNSURE = State.OPEN, State.CLOSED, State.INCONCLUSIVE


@pytest.mark.parametrize(
    ("answers", "expected", "words"),
    [
        ([monitor("OK")], OK, ""),
        ([monitor("Warn")], OK, ""),
        ([monitor(), monitor(), ALERT], CLOSED,
         "'Errors of the shop' says Alert, and Alert in env:prod"),
        ([ALERT, monitor("OK")], OK, ""),
        ([ALERT], CLOSED, "Alert in env:prod, as it did before the deployment"),
        ([monitor(), monitor(state=GROUP)], CLOSED, "says OK, and Alert in env:prod"),
        ([ALERT, monitor("OK"), ALERT], CLOSED, "Alert in env:prod"),
        ([ALERT, monitor("No Data"), ALERT], CLOSED, "Alert in env:prod"),
        ([monitor("No Data"), monitor("OK")], OK, ""),
        ([monitor("OK"), monitor("No Data")], UNSURE, "says No Data, so it proves nothing"),
        ([monitor("Ignored")], UNSURE, "says Ignored, so it proves nothing"),
        ([monitor(None)], UNSURE, "says nothing, so it proves nothing"),
        (
            [monitor("OK"), monitor("Alert", options={"silenced": {"*": None}})],
            CLOSED,
            "says Alert, and is muted, which changes nothing",
        ),
        ([monitor("OK"), Answer({"errors": ["Monitor not found"]}, 404)], UNSURE, "has no monitor"),
        ([monitor("OK"), Answer({"errors": ["Forbidden"]}, 403)], UNSURE, "scope monitors_read"),
    ],
)  # fmt: skip
def test_monitors(datadog: FakeDatadog, answers: list[Answer], expected: State, words: str) -> None:
    datadog.script = {f"/monitor/{MONITOR}": list(answers)}
    # What goes wrong later is not waited for.
    seconds = LONG if expected is CLOSED and len(answers) > 1 else SECONDS
    state, reason = watched(datadog, Watch(seconds, (MONITOR,)))
    assert (state, words in reason) == (expected, True), reason
    asked = datadog.asked[0]
    assert (asked.method, asked.query) == ("GET", "group_states=alert&with_downtimes=true")
    assert asked.headers["DD-APPLICATION-KEY"] == "a"


@pytest.mark.parametrize(
    "state", ["OK", [GROUP], {"groups": [{"status": "Alert"}]}, {"groups": {"env:prod": "Alert"}}]
)
def test_groups_that_cannot_be_read_are_not_taken_for_none(state: object) -> None:
    with pytest.raises(TypeError):
        Monitor.from_json({"id": MONITOR, "overall_state": "OK", "state": state}, MONITOR)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (found(), "finds no monitor"),
        (found(1, 2, total=51), "finds 51 monitors"),
        (Answer({"errors": ["Forbidden"]}, 403), "scope monitors_read"),
    ],
)
def test_what_a_search_cannot_mean_is_told_before_anything_is_deployed(
    datadog: FakeDatadog, answer: Answer, words: str
) -> None:
    datadog.script = {"/monitor/search": [answer]}
    with pytest.raises(NoVerdict, match=words):
        watched(datadog, Watch(SECONDS, monitor_search="service:shop"))


def test_what_a_search_finds_is_watched(datadog: FakeDatadog) -> None:
    datadog.script = {
        "/monitor/search": [found(MONITOR)],
        f"/monitor/{MONITOR}": [monitor("OK")],
    }
    assert watched(datadog, Watch(SECONDS, monitor_search="service:shop")) == (OK, "")


def test_a_monitor_that_nobody_knows_is_told_before_anything_is_deployed(
    datadog: FakeDatadog,
) -> None:
    with pytest.raises(NoVerdict, match=f"has no monitor {MONITOR}: name another one"):
        watched(datadog, Watch(SECONDS, (MONITOR,)))


RUNS = evaluation("in_progress", rule("in_progress"))


@pytest.mark.parametrize(
    ("answers", "expected", "words"),
    [
        ([evaluation("pass")], OK, ""),
        ([RUNS, Answer(status=404), RUNS, evaluation("pass", rule(), rule())], OK, ""),
        (
            [RUNS, evaluation("fail", rule("fail"), rule())],
            CLOSED,
            f"failed: Check service monitors: One or more monitors in ALERT state; see {PAGE}",
        ),
        ([evaluation("fail")], CLOSED, "failed: no rule says why"),
        ([evaluation("pass", dry_run=True)], UNSURE, "it is in dry run"),
        ([evaluation("pass", rule("fail", dry_run=True))], UNSURE, "only because of a dry run"),
        ([evaluation("pass", rules=[])], UNSURE, "it has no rules"),
        ([evaluation("pass", rule(), rule("in_progress"))], UNSURE, "only 1 of 2 rules say so"),
        ([evaluation("pass", rules=[None])], UNSURE, "only 0 of 1 rules say so"),
        ([RUNS], UNSURE, "says in_progress after"),
        ([evaluation("PASS")], UNSURE, "says PASS after"),
        ([Answer({"errors": ["Forbidden"]}, 403)], UNSURE, "scope deployment_gates_evaluate"),
    ],
)
def test_deployment_gates(
    datadog: FakeDatadog, answers: list[Answer], expected: State, words: str
) -> None:
    datadog.script = {ASK: list(answers), BEGIN: [begun()]}
    timeout = SECONDS if " after" in words else LONG
    gate = DeploymentGate("shop", "prod", timeout=timeout)
    state, reason = watched(datadog, Watch(SECONDS, deployment_gate=gate))
    assert (state, words in reason) == (expected, True), reason
    attributes = {"service": "shop", "env": "prod", "version": "1.2"}
    said = {"data": {"type": "deployment_gates_evaluation_request", "attributes": attributes}}
    assert [asked.body for asked in datadog.asked if asked.method == "POST"] == [said]


def test_an_evaluation_that_may_have_begun_is_not_begun_again(datadog: FakeDatadog) -> None:
    datadog.script = {BEGIN: [Answer(status=500)]}
    state, reason = watched(datadog, Watch(SECONDS, deployment_gate=GATE))
    assert state is UNSURE
    assert "it may have been accepted" in reason
    assert datadog.count(BEGIN) == 1


def test_who_does_not_look_any_more_has_no_verdict() -> None:
    hangs = threading.Event()

    def looks(_window: Window) -> Iterator[dict[str, None]]:
        yield {"shop": None}
        hangs.wait()

    run = watching([Watcher({"shop": "all"}, looks, patience=0.1)], 0.1)
    run.begin()
    assert run.wait_for("shop").reason == "nobody has looked at it any more"
    hangs.set()
    run.stop()
    assert [each.state for each in run.verdicts()] == [UNSURE]
