"""What the controller adds to JUnit: the deployment, the verdict, and what items do not show."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.outlets.plain_text import block, line
from pytest_storedog_gate.pytest_side.reporting import junit
from pytest_storedog_gate.pytest_side.reporting.failure_text import of_check, of_result
from pytest_storedog_gate.verdicts.rule import State

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pytest_storedog_gate.deploy import Deployment
    from pytest_storedog_gate.gate.run import GateRun
    from pytest_storedog_gate.pytest_side.reporting.junit import Writers
    from pytest_storedog_gate.verdicts.rule import CheckVerdict, Verdict

_KINDS: dict[Status, junit.Kind] = {
    Status.PASSED: "passed",
    Status.FAILED: "failure",
    Status.NO_VERDICT: "error",
}
_VERDICT_KINDS: dict[State, junit.Kind] = {
    State.OPEN: "passed",
    State.CLOSED: "failure",
    State.INCONCLUSIVE: "error",
}


def report_to_junit(
    writers: Writers,
    run: GateRun,
    verdict: Verdict,
    node_ids: Mapping[str, str],
    passed_items: Collection[str] = (),
) -> None:
    """Adds the run's own test cases to the JUnit file.

    `node_ids` are the checks' items, each with its public ID; `passed_items` are those among them
    whose call has passed.
    """
    file = next(iter(node_ids), "storedog").partition("::")[0]
    environment = run.settings.environment.name
    checks = {check.public_id: check for check in verdict.checks}
    taken = set(node_ids)
    for node_id, public_id in node_ids.items():
        if public_id in checks:
            check = checks[public_id]
            _add_results(writers, node_id, check, taken)
            if node_id in passed_items and check.required and check.state is not State.OPEN:
                _add_end(writers, node_id, check, taken)
    if run.settings.environment.gated is not None:
        failed = run.failure if run.deployment is None else None
        closed = failed is not None and verdict.state is State.CLOSED
        writers.add_case(
            f"{file}::deployment[{environment}]",
            "failure" if closed else "error" if run.deployment is None else "passed",
            text=block(str(failed or "the run ended before the deployment")),
            seconds=_seconds(run.deployment),
            properties=run.properties(),
        )
    _add_verdict(writers, run, verdict, f"{file}::verdict[{environment}]")


def report_end(writers: Writers, run: GateRun, verdict: Verdict, file: str) -> None:
    """Writes the files anew with the verdict that came of what followed the tests.

    A file that cannot be written says nothing that the exit status does not.
    """
    name = f"{file}::verdict[{run.settings.environment.name} - at the end]"
    _add_verdict(writers, run, verdict, name)
    with suppress(OSError):
        writers.write_again()


def _add_verdict(writers: Writers, run: GateRun, verdict: Verdict, name: str) -> None:
    writers.add_case(
        name,
        _VERDICT_KINDS[verdict.state],
        text=block("\n".join(verdict.reasons)),
        properties=[*run.properties(), ("verdict", verdict.state.value)],
    )


def report_not_run(writers: Writers, node_ids: Mapping[str, str], reason: str) -> None:
    """Adds an error for each of these items (with their public IDs), which have no report."""
    for node_id, public_id in node_ids.items():
        known = [("public_id", public_id)]
        writers.add_case(node_id, "error", text=block(reason), properties=known)


def _add_results(writers: Writers, node_id: str, check: CheckVerdict, taken: set[str]) -> None:
    """A case for each result, where there are several: the item has only the decisive one's."""
    results = check.outcome.results if check.outcome else ()
    for result in results if len(results) > 1 else ():
        parts = (line(result.location) or "unknown location", line(result.device))
        writers.add_case(
            _beside(node_id, " - ".join(filter(None, parts)), taken),
            _KINDS[result.status],
            text=of_result(result),
            seconds=result.duration,
            properties=junit.properties(result),
        )


def _add_end(writers: Writers, node_id: str, check: CheckVerdict, taken: set[str]) -> None:
    """A case of what became of a check after its item had passed, which nothing else would show."""
    outcome = check.outcome
    bad = outcome is not None and outcome.status is not Status.PASSED
    writers.add_case(
        _beside(node_id, "at the end", taken),
        _VERDICT_KINDS[check.state],
        text=of_check(outcome) if outcome and bad else block(check.reason),
        properties=junit.properties(outcome.decisive) if outcome else (),
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


def _seconds(deployment: Deployment | None) -> float:
    return (deployment.finished - deployment.started).total_seconds() if deployment else 0.0
