"""The whole of a pipeline file: what was found, and which steps were judged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint import drone_file, gate_rules, production
from pytest_storedog_gate.drone_lint.rules import Level, Report, applied, comments, finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_storedog_gate.drone_lint.drone_file import Step
    from pytest_storedog_gate.drone_lint.rules import Finding


def lint(text: str, name: str, root: Path) -> Report:
    """Judges a file of that name; `root` is its folder, with storedog.toml and pytest's files.

    Raises ConfigurationError for what is no pipeline file, RecursionError for what is too deep.
    """
    every, templates, first = drone_file.read(text, name)
    steps = _Steps(every, text, root.absolute())
    findings = {*steps.findings(), *(finding(line, "template") for line in templates)}
    if not templates:  # which may hold the gate, and production
        findings |= {*steps.missing(first)}
    found = sorted(applied(text, findings))
    known = steps.production and not templates
    sound = known and all(f.level == Level.NOTE or f.ignored for f in found)
    gate, deployed = (
        " and ".join(f"step {step.name} (line {step.line})" for step in those)
        for those in (steps.gates, steps.production)
    )
    judged = f"the gate is {gate or 'not in this file'}; production is {deployed or 'not known'}"
    return Report(name, found, judged, bool(sound))


class _Steps:
    """Which of a file's steps are the gate, and which are production."""

    def __init__(self, every: list[Step], text: str, root: Path) -> None:
        self._every, self._root = every, root
        lines = [about for _, about, said in comments(text) if said["production"]]
        named = {n: [s for s in every if s.source.line <= n <= s.source.last] for n in lines}
        self._in_vain = [line for line, steps in named.items() if not steps]
        elsewhere = next((path for *_, said in comments(text) if (path := said["config"])), "")
        self._refusing = {step for step in every if production.requires(step, root, elsewhere)}
        known = self._refusing | {steps[-1] for steps in named.values() if steps}
        guessed = {} if any(named.values()) else {s: production.purpose(s) for s in every}
        known |= {step for step, level in guessed.items() if level == Level.ERROR}
        self.production = [step for step in every if step in known]
        self.gates = [step for step in every if step.gate and step not in known]
        self._unsure = [step for step, level in guessed.items() if level == Level.WARNING]

    def missing(self, first: int) -> Iterator[Finding]:
        """That there is no gate or production, at the `first` line."""
        if not (self.gates or self._refusing):
            yield finding(next((step.at for step in self.production), first), "no-gate")
        if not self.production:
            yield finding(first, "production-unknown")

    def findings(self) -> Iterator[Finding]:
        """What takes the gate's teeth out, or lets production run without it."""
        for line in self._in_vain:
            yield finding(line, "comment", "`storedog: production` stands at no step")
        for step in self._every:
            yield from gate_rules.of_step(step, self.gates, self._root)
        for step in self.gates:
            yield from production.of_image(step, self._every, self.production)
        for step in self._unsure:
            found = production.of_order(step, self.gates)
            yield from (replace(each, level=Level.WARNING) for each in found)
        for step in self.production:
            if step not in self._refusing:  # which refuse a digest without a verdict anywhere
                yield from production.of_order(step, self.gates)
            if self.gates and not step.gate:
                yield from production.of_deployment(step)
