"""The whole of a pipeline file: what was found, and which steps were judged."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint import (
    comments,
    drone_file,
    gate_rules,
    image_rules,
    order_rules,
    pytest_file,
)
from pytest_storedog_gate.drone_lint.roles import Roles
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
    roles = Roles(file, root, said)
    found = sorted(said.applied({*_of_file(file, roles), *_of_steps(file, roles, root)}))
    known = roles.production and not file.templates
    sound = known and all(f.level == Level.NOTE or f.ignored for f in found)
    steps = [
        " and ".join(f"step {e.name} (line {e.line})" for e in those) or other
        for those, other in ((roles.gates, "not in this file"), (roles.production, "not known"))
    ]
    return Report(found, f"the gate is {steps[0]}; production is {steps[1]}", bool(sound))


def _of_file(file: DroneFile, roles: Roles) -> Iterator[Finding]:
    yield from (finding(line, "template") for line in file.templates)
    for line in roles.in_vain:
        yield finding(line, "comment", "`storedog: production` stands at no step")
    first = file.pipelines[0].source.line if file.pipelines else 1
    if not (roles.gates or any(map(roles.required, roles.production)) or file.templates):
        yield finding(next((each.at for each in roles.production), first), "no-gate")
    if not (roles.production or file.templates):
        yield finding(first, "production-unknown")


def _of_steps(file: DroneFile, roles: Roles, root: Path) -> Iterator[Finding]:
    files = functools.cache(functools.partial(pytest_file.read, root))
    for step in roles.with_gate:
        yield from gate_rules.of_gates(step, files)
    for step in roles.steps:
        yield from gate_rules.of_exit_78(step, roles.gates)
    for step in roles.gates:
        yield from image_rules.of_gate(step, roles)
    for step in roles.unsure:
        found = order_rules.of_production(step, roles, file)
        yield from (replace(each, level=Level.WARNING) for each in found)
    for step in roles.production:
        yield from order_rules.of_production(step, roles, file)
        if roles.gates and not (step.gates.found or step.gates.fault):
            yield from image_rules.of_deployment(step)
