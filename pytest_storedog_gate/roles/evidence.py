"""What the controller adds to JUnit: the deployment, the verdict, and results beyond the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.gate.verdict import State

from . import junit
from .failure_text import of_result

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from pytest_storedog_gate.deploy import Deployment
    from pytest_storedog_gate.gate.run import GateRun
    from pytest_storedog_gate.gate.verdict import Verdict

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
    config: pytest.Config, run: GateRun, verdict: Verdict, node_ids: Mapping[str, str]
) -> None:
    """Adds the run's own test cases to the JUnit file."""
    file = next(iter(node_ids), "storedog").partition("::")[0]
    environment = run.settings.environment.name
    outcomes = {check.public_id: check.outcome for check in verdict.checks}
    for name, public_id in node_ids.items():
        outcome = outcomes.get(public_id)
        for result in outcome.results if outcome and len(outcome.results) > 1 else ():
            place = " - ".join(part for part in (result.location, result.device) if part)
            junit.add_case(
                config,
                f"{name.removesuffix(']')} - {place}]",
                _KINDS[result.status],
                text=of_result(result),
                seconds=result.duration,
                properties=junit.properties(result),
            )
    if run.settings.environment.gated is not None:
        failed = run.failure if run.deployment is None else None
        closed = failed is not None and verdict.state is State.CLOSED
        junit.add_case(
            config,
            f"{file}::deployment[{environment}]",
            "failure" if closed else "error" if run.deployment is None else "passed",
            text=str(failed or "the run ended before the deployment"),
            seconds=_seconds(run.deployment),
            properties=run.properties(),
        )
    junit.add_case(
        config,
        f"{file}::verdict[{environment}]",
        _VERDICT_KINDS[verdict.state],
        text="\n".join(verdict.reasons),
        properties=[*run.properties(), ("verdict", verdict.state.value)],
    )


def _seconds(deployment: Deployment | None) -> float:
    return (deployment.finished - deployment.started).total_seconds() if deployment else 0.0
