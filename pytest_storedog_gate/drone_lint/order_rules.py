"""Production and the gate: whether one can run though the other has not passed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .rules import finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .drone_file import DroneFile
    from .roles import Placed, Roles
    from .rules import Finding

# Drone's conditions but the status; it looks at no others, `paths` neither.
_CONDITIONS = {"branch", "event", "ref", "target", "cron", "action", "repo", "instance"}


def of_production(placed: Placed, roles: Roles, file: DroneFile) -> list[Finding]:
    """What lets this step run without the gate; with several gates, the one that holds best."""
    if roles.required(placed):
        return []  # it refuses a digest without a verdict, wherever it runs
    best: list[Finding] | None = None
    for gate in roles.gates:
        found = list(_of_pair(placed, gate, file))
        best = found if best is None or len(found) < len(best) else best
        if not best:
            break
    if best is None and placed.gate and placed.gate.environment:
        return [finding(placed.line, "not-required", placed.gate.environment)]
    return best or []


def missed(placed: Placed, gate: Placed) -> str | None:
    """A condition of the gate that is not production's as well: it may be skipped alone."""
    for needs in gate.conditions:
        for name, (include, exclude) in needs.items():
            has = [each[name] for each in placed.conditions if name in each]
            included = not include or any(h[0] and h[0] <= include for h in has)
            excluded = not exclude or any(exclude <= h[1] for h in has)
            if name in _CONDITIONS and not (included and excluded):
                return name
    return None


def runs_on(placed: Placed, of: int) -> set[str]:
    """The statuses in which its pipeline (0) or step (1) runs."""
    return placed.conditions[of].get("status", ({"success"}, set()))[0]


def _of_pair(placed: Placed, gate: Placed, file: DroneFile) -> Iterator[Finding]:
    step, name = placed.step, gate.step.name
    mine, other = placed.pipeline, gate.pipeline
    if condition := missed(placed, gate):
        yield finding(step.line, "gate-skipped", step.name, name, condition)
        return
    if mine is not other and other.name not in file.waits_for[mine.name]:
        yield finding(mine.source.line, "pipeline-not-after-gate", mine.name, other.name)
    elif step is gate.step:
        order = placed.gates.found
        if placed.gate and gate.gate and order.index(placed.gate) < order.index(gate.gate):
            yield finding(placed.line, "not-after-gate", "the script of " + name, name)
    elif mine is other and name not in mine.waits_for[step.name]:
        yield finding(step.line, "not-after-gate", step.name, name)
    if runs_on(placed, 1) != {"success"}:
        yield finding(step.line, "runs-on-failure", step.name)
    if mine is not other and runs_on(placed, 0) != {"success"}:
        yield finding(mine.source.get("trigger").line, "runs-on-failure", f"pipeline {mine.name}")
