"""The record as JUnit's test cases beside those of the items, in datadog-ci's vocabulary.

They are the deployment, the verdict, and what items do not show. Names and texts are harmless.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.outlets.plain_text import block, line, long_line
from pytest_storedog_gate.reports.failure_text import of_check, of_result
from pytest_storedog_gate.verdicts.record_json import facts, targets
from pytest_storedog_gate.verdicts.rule import STATE_OF, State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from pytest_storedog_gate.datadog.models import Result
    from pytest_storedog_gate.verdicts.record import Record
    from pytest_storedog_gate.verdicts.rule import CheckVerdict, WatchVerdict

Kind = Literal["passed", "failure", "error"]
Properties = list[tuple[str, str]]
KINDS: dict[State, Kind] = {
    State.CLOSED: "failure",
    State.INCONCLUSIVE: "error",
    State.OPEN: "passed",
}
_STATUS_OF = {state: status for status, state in STATE_OF.items()}


@dataclass(frozen=True)
class Case:
    """One test case; `seconds` is its time, `text` says why it did not pass.

    `about` is what the configuration calls it: a public ID, or the environment's name.
    """

    node_id: str
    kind: Kind
    about: str
    text: str = ""
    seconds: float = 0.0
    properties: Iterable[tuple[str, str]] = ()


def properties(result: Result) -> Properties:
    """One result's properties, with the copies that `datadog-ci junit upload` turns into tags."""
    known = {
        "public_id": result.public_id,
        "test_name": result.name,
        "result_id": result.result_id,
        "initial_result_id": result.initial_result_id,
        "result_url": result.result_url,
        "batch_id": result.batch_id,
        "location": result.location,
        "device": result.device,
        "execution_rule": result.execution_rule,
        "status": result.status.value,
        "retries": result.retries,
        "max_retries": result.max_retries,
        "timeout": result.timed_out,
        "type": result.type,
    }
    shown = _shown(known)
    tagged = ("public_id", "result_id", "result_url", "batch_id", "location", "device")
    tags = [(f"dd_tags[synthetics.{name}]", value) for name, value in shown if name in tagged]
    return [*shown, *tags]


def watch_properties(found: WatchVerdict) -> Properties:
    """What a test of the watch says of itself."""
    known = {
        "watch": found.name,
        "watch_title": found.title,
        "watch_seconds": f"{found.seconds:.1f}",
        "status": _STATUS_OF[found.state].value,
    }
    return _shown(known)


def cases(
    record: Record, node_ids: Mapping[str, str], passed_items: Collection[str] = ()
) -> Iterator[Case]:
    """The run's own test cases.

    `node_ids` are the checks' items, each with its public ID; `passed_items` are those among them
    whose call has passed.
    """
    file = next(iter(node_ids), "storedog").partition("::")[0]
    checks = {check.public_id: check for check in record.checks}
    taken = set(node_ids)
    for node_id, public_id in node_ids.items():
        if public_id in checks:
            check = checks[public_id]
            yield from _results(node_id, check, taken)
            if node_id in passed_items and check.required and check.state is not State.OPEN:
                yield _end(node_id, check, taken)
    if record.deploys:
        yield _deployment(record, f"{file}::deployment[{record.environment}]")
    yield _verdict(record, f"{file}::verdict[{record.environment}]")


def at_the_end(record: Record, file: str) -> Case:
    """The verdict that came of what followed the tests."""
    return _verdict(record, f"{file}::verdict[{record.environment} - at the end]")


def not_run(node_ids: Mapping[str, str], reason: str, called: str = "public_id") -> Iterator[Case]:
    """An error for each of these items, with what each is `called`, which have no report."""
    for node_id, name in node_ids.items():
        about = name if called == "public_id" else called
        yield Case(node_id, "error", about, block(reason), properties=_shown({called: name}))


def _deployment(record: Record, name: str) -> Case:
    if (done := record.deployment) is not None:
        seconds = (done.finished - done.started).total_seconds()
        known = [*_shown(facts(record)), *_targets(record)]
        return Case(name, "passed", record.environment, seconds=seconds, properties=known)
    closed = record.failure is not None and record.verdict.state is State.CLOSED
    return Case(
        name,
        "failure" if closed else "error",
        record.environment,
        block(record.failure or "the run ended before the deployment"),
        properties=_shown(facts(record)),
    )


def _targets(record: Record) -> Properties:
    """The digest that each target has got, where there are several."""
    return [(f"target[{name}]", str(done["digest"])) for name, done in targets(record).items()]


def _verdict(record: Record, name: str) -> Case:
    state = record.verdict.state
    return Case(
        name,
        KINDS[state],
        record.environment,
        block("\n".join(record.verdict.reasons)),
        properties=_shown({**facts(record), "verdict": state.value}),
    )


def _results(node_id: str, check: CheckVerdict, taken: set[str]) -> Iterator[Case]:
    """A case for each result, where there are several: the item has only the decisive one's."""
    results = check.outcome.results if check.outcome else ()
    for result in results if len(results) > 1 else ():
        parts = (line(result.location) or "unknown location", line(result.device))
        yield Case(
            _beside(node_id, " - ".join(filter(None, parts)), taken),
            KINDS[STATE_OF[result.status]],
            check.public_id,
            of_result(result),
            result.duration,
            properties(result),
        )


def _end(node_id: str, check: CheckVerdict, taken: set[str]) -> Case:
    """What became of a check after its item had passed, which nothing else would show."""
    outcome = check.outcome
    bad = outcome is not None and outcome.status is not Status.PASSED
    return Case(
        _beside(node_id, "at the end", taken),
        KINDS[check.state],
        check.public_id,
        of_check(outcome) if outcome and bad else block(check.reason),
        properties=properties(outcome.decisive) if outcome else (),
    )


def _beside(node_id: str, name: str, taken: set[str]) -> str:
    """The node ID of one more case of an item; no two are the same, whatever places are called."""
    stem, bracket = (node_id[:-1], " - ") if node_id.endswith("]") else (node_id, "[")
    number, found = 1, f"{stem}{bracket}{name}]"
    while found in taken:
        number += 1
        found = f"{stem}{bracket}{name} ({number})]"
    taken.add(found)
    return found


def _shown(known: Mapping[str, object]) -> Properties:
    """Those that say something; lists have no place there."""
    return [
        (name, str(value).lower() if isinstance(value, bool) else long_line(str(value)))
        for name, value in known.items()
        if value not in (None, "") and not isinstance(value, list)
    ]
