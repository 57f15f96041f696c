"""Production and the gate: whether one can run though the other has not passed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint.rules import finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.drone_lint.drone_file import DroneFile, Step
    from pytest_storedog_gate.drone_lint.roles import Roles
    from pytest_storedog_gate.drone_lint.rules import Finding

# Drone's conditions but the status; it looks at no others, `paths` neither.
_CONDITIONS = {"branch", "event", "ref", "target", "cron", "action", "repo", "instance"}


def of_production(step: Step, roles: Roles, file: DroneFile) -> list[Finding]:
    """What lets this step run without the gate; with several gates, the one that holds best."""
    if roles.required(step):
        return []  # it refuses a digest without a verdict, wherever it runs
    best: list[Finding] | None = None
    for gate in roles.gates:
        found = list(_of_pair(step, gate, file))
        best = found if best is None or len(found) < len(best) else best
        if not best:
            break
    if best is None and step.gate and step.gate.environment:
        return [finding(step.at, "not-required", step.gate.environment)]
    return best or []


def missed(step: Step, gate: Step) -> str | None:
    """A condition of the gate that is not production's as well: it may be skipped alone."""
    for needs in gate.conditions:
        for name, (include, exclude) in needs.items():
            has = [each[name] for each in step.conditions if name in each]
            included = not include or any(h[0] and h[0] <= include for h in has)
            excluded = not exclude or any(exclude <= h[1] for h in has)
            if name in _CONDITIONS and not (included and excluded):
                return name
    return None


def runs_on(step: Step, of: int) -> set[str]:
    """The statuses in which its pipeline (0) or step (1) runs."""
    return step.conditions[of].get("status", ({"success"}, set()))[0]


def _of_pair(step: Step, gate: Step, file: DroneFile) -> Iterator[Finding]:
    name = gate.name
    mine, other = step.pipeline, gate.pipeline
    if condition := missed(step, gate):
        yield finding(step.line, "gate-skipped", step.name, name, condition)
        return
    if mine is not other and other.name not in file.waits_for[mine.name]:
        yield finding(mine.source.line, "pipeline-not-after-gate", mine.name, other.name)
    elif step.source is gate.source:
        order = step.gates.found
        if step.gate and gate.gate and order.index(step.gate) < order.index(gate.gate):
            yield finding(step.at, "not-after-gate", "the script of " + name, name)
    elif mine is other and name not in mine.waits_for[step.name]:
        yield finding(step.line, "not-after-gate", step.name, name)
    if runs_on(step, 1) != {"success"}:
        yield finding(step.line, "runs-on-failure", step.name)
    if mine is not other and runs_on(step, 0) != {"success"}:
        yield finding(mine.source.get("trigger").line, "runs-on-failure", f"pipeline {mine.name}")
