"""The whole of a pipeline file: what was found, and which steps were judged."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint import (
    comments,
    drone_file,
    gate_rules,
    production_rules,
    pytest_file,
)
from pytest_storedog_gate.drone_lint.production import Steps
from pytest_storedog_gate.drone_lint.rules import Level, finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_storedog_gate.drone_lint.drone_file import DroneFile
    from pytest_storedog_gate.drone_lint.rules import Finding


@dataclass(frozen=True)
class Report:
    """The findings in the file's order; `judged` says which steps they are about.

    `sound`: gate and production are known, and there is no error or warning.
    """

    findings: list[Finding]
    judged: str
    sound: bool

    def count(self, level: Level) -> int:
        """How many findings of that level nobody ignores."""
        return sum(f.level == level and not f.ignored for f in self.findings)


def lint(text: str, name: str, root: Path) -> Report:
    """Judges a file of that name; `root` is its folder, with storedog.toml and pytest's files.

    Raises ConfigurationError for what is no pipeline file, RecursionError for what holds itself.
    """
    file, said = drone_file.read(text, name), comments.read(text)
    steps = Steps(file, root, said)
    found = sorted(said.applied({*_of_file(file, steps), *_of_steps(file, steps, root)}))
    known = steps.production and not file.templates
    sound = known and all(f.level == Level.NOTE or f.ignored for f in found)
    judged = [
        " and ".join(f"step {e.name} (line {e.line})" for e in those) or other
        for those, other in ((steps.gates, "not in this file"), (steps.production, "not known"))
    ]
    return Report(found, f"the gate is {judged[0]}; production is {judged[1]}", bool(sound))


def _of_file(file: DroneFile, steps: Steps) -> Iterator[Finding]:
    for line in file.templates:
        yield finding(line, "template")
    for line in steps.in_vain:
        yield comments.unheard(line, "`storedog: production` stands at no step")
    if file.templates:
        return  # which may hold the gate, and production
    first = file.pipelines[0].source.line
    if not (steps.gates or any(map(steps.required, steps.production))):
        yield finding(next((each.at for each in steps.production), first), "no-gate")
    if not steps.production:
        yield finding(first, "production-unknown")


def _of_steps(file: DroneFile, steps: Steps, root: Path) -> Iterator[Finding]:
    files = functools.cache(functools.partial(pytest_file.read, root))
    for step in steps.with_gate:
        yield from gate_rules.of_gates(step, files)
    for step in steps.all:
        yield from gate_rules.of_exit_78(step, steps.gates)
    for step in steps.gates:
        yield from production_rules.of_image(step, steps)
    for step in steps.unsure:
        found = production_rules.of_order(step, steps, file)
        yield from (replace(each, level=Level.WARNING) for each in found)
    for step in steps.production:
        yield from production_rules.of_order(step, steps, file)
        if steps.gates and not (step.gates.found or step.gates.fault):
            yield from production_rules.of_deployment(step)
