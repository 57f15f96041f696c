"""Production and the gate: whether one can run though the other has not passed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import conditions
from .findings import Finding
from .shell import leaks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .conditions import Condition
    from .drone_file import DroneFile
    from .roles import Placed, Roles

_GAP = "gate-skipped"


def of_production(placed: Placed, roles: Roles, file: DroneFile) -> list[Finding]:
    """What lets this step run without the gate; with several gates, the one that holds best."""
    found = [_of_pair(placed, gate, file) for gate in roles.gates]
    if roles.asks_for_verdict(placed):
        # It refuses a digest without a verdict, so it needs no gate in the same build.
        found = [[f for f in findings if f.rule != _GAP] for findings in found]
        return min(found, key=len, default=[])
    if placed.gate is not None and not found:
        return [_without_requires(placed)]
    return min(found, key=len, default=[])


def _of_pair(placed: Placed, gate: Placed, file: DroneFile) -> list[Finding]:
    whole, needed = _conditions(placed), _conditions(gate)
    if not conditions.overlap([*whole, *needed]):
        return [_never_together(placed, gate)]
    same = placed.pipeline is gate.pipeline
    order = _of_step_order(placed, gate) if same else _of_pipeline_order(placed, gate, file)
    found = list(order)
    if missed := conditions.gap(whole, needed):
        what = f"{placed.step.name} runs in builds in which {gate.step.name} does not: {missed}"
        remedy = "give both the same conditions"
        found.append(Finding(placed.step.line, _GAP, what, remedy))
    return found


def _conditions(placed: Placed) -> Sequence[Mapping[str, Condition]]:
    return (placed.pipeline.trigger, placed.step.when)


def _of_step_order(placed: Placed, gate: Placed) -> Iterator[Finding]:
    step, name = placed.step, gate.step.name
    if step is gate.step:
        yield from _of_one_script(placed, gate)
    elif not placed.pipeline.runs_after(step, gate.step):
        what = f"{step.name} does not wait for {name}"
        remedy = f"put it after {name}"
        if placed.pipeline.is_graph:
            what += ": where `depends_on` stands at any step, a step starts once its own are done"
            remedy = f"add `depends_on: [{name}]` to it"
        yield Finding(step.line, "not-after-gate", what, remedy)
    if step.on_failure:
        what = f"{step.name} runs also (or only) where {name} has failed"
        yield Finding(step.line, "runs-on-failure", what, "leave `when.status` out")


def _of_one_script(placed: Placed, gate: Placed) -> Iterator[Finding]:
    if placed.gate is None or gate.gate is None:
        return
    command, goal = gate.gate.command, placed.gate.command
    if leaks(placed.step.script, command, gate.gate.statuses, goal=goal):
        what = f"the script of {placed.step.name} can reach this though the gate has not passed"
        yield Finding(goal.line, "not-after-gate", what, "give production a step of its own")


def _of_pipeline_order(placed: Placed, gate: Placed, file: DroneFile) -> Iterator[Finding]:
    mine, other = placed.pipeline, gate.pipeline
    if not file.runs_after(mine, other):
        what = f"pipeline {mine.name} does not wait for pipeline {other.name}, which has the gate"
        remedy = f"add `depends_on: [{other.name}]` to pipeline {mine.name}"
        yield Finding(mine.line, "pipeline-not-after-gate", what, remedy)
    status = mine.trigger.get("status")
    if status is not None and status.matches("failure"):
        what = f"pipeline {mine.name} runs also (or only) where a pipeline before it has failed"
        yield Finding(mine.trigger_line, "runs-on-failure", what, "leave `trigger.status` out")


def _never_together(placed: Placed, gate: Placed) -> Finding:
    if placed.gate is not None:
        return _without_requires(placed)
    what = f"{placed.step.name} never runs in a build in which {gate.step.name} runs"
    remedy = "deploy with `pytest --storedog-env=...` and an environment that `requires` the gate's"
    return Finding(placed.step.line, _GAP, what, remedy)


def _without_requires(placed: Placed) -> Finding:
    name = placed.gate.environment if placed.gate else ""
    what = f"{name} requires no other environment's verdict, and no gate runs in the same build"
    return Finding(placed.line, _GAP, what, f'add requires = "..." to [environments.{name}]')
