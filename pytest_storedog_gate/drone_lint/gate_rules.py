"""One gate's step: what keeps its exit status from failing the step, or the gate from deciding."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint import pytest_file
from pytest_storedog_gate.drone_lint.recognised import pattern, text_of
from pytest_storedog_gate.drone_lint.rules import Level, finding
from pytest_storedog_gate.drone_lint.script import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_storedog_gate.drone_lint.drone_file import Step
    from pytest_storedog_gate.drone_lint.rules import Finding
    from pytest_storedog_gate.drone_lint.script import Gate


def of_step(step: Step, gate: Gate, root: Path) -> Iterator[Finding]:
    """What takes the teeth out of a step's gate."""
    failure, detach = step.source.get("failure"), step.source.get("detach")
    if re.search(r"ignore|\$", failure.text or ""):
        yield finding(failure.line, "failure-ignored", step.name)
    if step.is_service or (detach.text or "false").lower() not in ("false", "no", "off", "n"):
        yield finding(step.line if step.is_service else detach.line, "detached", step.name)
    if any("success" not in statuses for statuses in step.statuses):
        yield finding(step.line, "only-on-failure", step.name)
    if gate.fault:
        words = gate.fault
        yield finding(gate.line, "own-step", words if len(words) <= 40 else f"{words[:37]}...")
        return
    program = "pytest" if gate.environment else "datadog-ci"
    for name in {**step.given, **gate.variables}:
        value = gate.variables.get(name, "$")  # as of a secret, whose value nobody sees
        steers = pattern("steering").fullmatch(name) or (
            pattern(f"{program}.variables").fullmatch(name)
            and not pattern(f"{program}.harmless").fullmatch(f"{name}={value}")
        )
        if steers and value is not None:
            line = step.given[name].line if name in step.given else gate.line
            yield finding(line, "variable", name)
    for option in _unclear(gate.arguments, program)[:1]:
        yield finding(gate.line, "unclear", option)
    yield from _of_pytest(step, gate, root) if gate.environment else _of_datadog_ci(step, gate)


def of_exit_78(step: Step, gates: list[Step]) -> Iterator[Finding]:
    """A step that Drone starts before the gate has ended, and that skips the gate with 78."""
    here = [g for g in gates if g.pipeline is step.pipeline and g.source is not step.source]
    if any(gate not in step.after for gate in here):
        for line, text in step.filled:
            ends = re.findall(r"\b(?:exit|return)[\s(\"']+(\d{1,9})\b", text)
            if any(int(status) % 256 == 78 for status in ends):
                yield finding(line, "exit-78")


def _unclear(arguments: str, program: str) -> list[str]:
    """The options that are not known to leave the verdict as it is."""
    value = r"(?:=| (?![-*?\[]))(?:[^\s$]|\$\{)*"  # in which no variable is outside of quotes
    known = rf"(?:{text_of(f'{program}.values')}){value}|{text_of(f'{program}.flags')}"
    found = re.finditer(rf" (?:(?:{known})(?!\S)|(?P<unclear>\S*))", arguments)
    return [shown(each["unclear"]) for each in found if each["unclear"] is not None]


def _of_datadog_ci(step: Step, gate: Gate) -> Iterator[Finding]:
    wanted = ("--failOnCriticalErrors", "--failOnMissingTests")
    if missing := [option for option in wanted if option not in gate.arguments.split(" ")]:
        yield finding(gate.line, "datadog-ci-options", " and ".join(missing))
    if step.pipeline.get("concurrency").get("limit").text != "1":
        yield finding(step.pipeline.line, "no-concurrency")


def _of_pytest(step: Step, gate: Gate, root: Path) -> Iterator[Finding]:
    """What a file's addopts add, and PYTEST_ADDOPTS from elsewhere: it can take the plugin out."""
    file = pytest_file.read(root, gate.folder, gate.arguments)
    if file and (unclear := _unclear(file.addopts, "pytest")):
        level = Level.ERROR if any(map(pattern("off").fullmatch, unclear)) else Level.WARNING
        yield finding(gate.line, "addopts", f"{file.name}: {unclear[0]}", level=level)
    known = "PYTEST_ADDOPTS" in {**step.given, **gate.variables}
    if not known and not (file and file.requires_plugin):
        hidden = f": {file.name} hides {file.hides}" if file and file.hides else ""
        level = Level.ERROR if hidden else Level.WARNING if file else Level.NOTE
        yield finding(gate.line, "required-plugins", hidden, level=level)
