"""The whole of a pipeline file: what was found, or what was found sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import drone_file, image_rules, order_rules, roles, step_rules
from .findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .drone_file import DroneFile
    from .roles import Roles


@dataclass(frozen=True)
class Report:
    """The findings in the file's order; without any, `sound` says which steps they are about."""

    findings: tuple[Finding, ...]
    sound: str


def lint(path: Path) -> Report:
    """Reads the file and judges it. Raises ConfigurationError for what cannot be read."""
    file = drone_file.read(path)
    found = roles.find(file)
    findings = {*_of_file(file, found), *_of_gates(file, found), *_of_production(file, found)}
    return Report(tuple(sorted(findings)), _sound(found))


def _of_file(file: DroneFile, found: Roles) -> Iterator[Finding]:
    for line in file.templates:
        what = "cannot tell what this template holds"
        yield Finding(line, "template", what, "lint the pipeline that it makes")
    promoting = [each for each in found.production if found.asks_for_verdict(each)]
    if not (found.gates or promoting or file.templates):
        line = next((each.line for each in found.production), _first_line(file))
        what = "no step runs the gate (a script of its own is not looked into)"
        remedy = "add a step with `env -u PYTEST_ADDOPTS pytest --storedog-env=staging`"
        yield Finding(line, "no-gate", what, remedy)


def _of_gates(file: DroneFile, found: Roles) -> Iterator[Finding]:
    for placed in (*found.gates, *found.production):
        if placed.gate is not None:
            yield from step_rules.of_gate(placed, placed.gate, file.path.parent)
    for placed in found.gates:
        yield from image_rules.of_gate(placed, found)
        datadog_ci = placed.gate is not None and placed.gate.environment is None
        if datadog_ci and placed.pipeline.concurrency != 1:
            what = "two builds at once: datadog-ci may judge what the other one has deployed"
            remedy = "add `concurrency: {limit: 1}` to the pipeline"
            yield Finding(placed.pipeline.line, "no-concurrency", what, remedy)
    for pipeline in file.pipelines:
        for step in pipeline.steps:
            placed = roles.Placed(pipeline, step)
            yield from step_rules.of_other_commands(placed)
            yield from step_rules.of_exit_78(placed, list(found.gates))


def _of_production(file: DroneFile, found: Roles) -> Iterator[Finding]:
    for placed in found.production:
        yield from order_rules.of_production(placed, found, file)
        if found.gates:
            yield from image_rules.of_deployment(placed)


def _first_line(file: DroneFile) -> int:
    return file.pipelines[0].line if file.pipelines else 1


def _sound(found: Roles) -> str:
    gates = " and ".join(each.describe() for each in found.gates)
    production = " and ".join(each.describe() for each in found.production)
    if not gates:
        return f"production is {production}, which asks for a verdict from elsewhere"
    return f"the gate is {gates}; production is {production or 'not in this file'}"
