"""The whole of a pipeline file: what was found, and which steps were judged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint import comments, drone_file, gate_rules, production
from pytest_storedog_gate.drone_lint.rules import Level, Report, finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_storedog_gate.drone_lint.drone_file import DroneFile
    from pytest_storedog_gate.drone_lint.rules import Finding


def lint(text: str, name: str, root: Path) -> Report:
    """Judges a file of that name; `root` is its folder, with storedog.toml and pytest's files.

    Raises ConfigurationError for what is no pipeline file, RecursionError for what is too deep.
    """
    file, said = drone_file.read(text, name), list(comments.read(text))
    steps = _Steps(file, said, root.absolute())
    found = sorted(comments.applied(said, {*steps.of_file(), *steps.of_each()}))
    known = steps.production and not file.templates
    sound = known and all(f.level == Level.NOTE or f.ignored for f in found)
    gate, deployed = (
        " and ".join(f"step {step.name} (line {step.line})" for step in those)
        for those in (steps.gates, steps.production)
    )
    judged = f"the gate is {gate or 'not in this file'}; production is {deployed or 'not known'}"
    return Report(name, found, judged, bool(sound))


class _Steps:
    """Which of a file's steps are the gate, and which are production."""

    def __init__(self, file: DroneFile, said: list[comments.Comment], root: Path) -> None:
        self._file, self._root = file, root
        lines = [comment.about for comment in said if comment.says["production"]]
        named = {n: [s for s in file.steps if s.source.line <= n <= s.source.last] for n in lines}
        self._in_vain = [line for line, steps in named.items() if not steps]
        elsewhere = next((path for comment in said if (path := comment.says["config"])), "")
        self._refusing = {s for s in file.steps if production.requires(s, root, elsewhere)}
        known = self._refusing | {steps[-1] for steps in named.values() if steps}
        guessed = {} if any(named.values()) else {s: production.purpose(s) for s in file.steps}
        known |= {s for s, level in guessed.items() if level == Level.ERROR}
        self.production = [s for s in file.steps if s in known]
        self.gates = [s for s in file.steps if s.gate and s not in known]
        self._unsure = [s for s, level in guessed.items() if level == Level.WARNING]

    def of_file(self) -> Iterator[Finding]:
        """What is to be said of no single step."""
        first = self._file.line
        for line in self._in_vain:
            yield comments.unheard(line, "`storedog: production` stands at no step")
        for line in self._file.templates:
            yield finding(line, "template")  # it may hold the gate, and production
        if not (self._file.templates or self.gates or self._refusing):
            yield finding(next((s.at for s in self.production), first), "no-gate")
        if not (self._file.templates or self.production):
            yield finding(first, "production-unknown")

    def of_each(self) -> Iterator[Finding]:
        """What takes the gate's teeth out, or lets production run without it."""
        for step in self._file.steps:
            if step.gate:
                yield from gate_rules.of_step(step, step.gate, self._root)
            yield from gate_rules.of_exit_78(step, self.gates)
        for step in self.gates:
            yield from production.of_image(step, self._file.steps, self.production)
        for step in self._unsure:
            found = production.of_order(step, self.gates)
            yield from (replace(each, level=Level.WARNING) for each in found)
        for step in self.production:
            if step not in self._refusing:  # which refuse a digest without a verdict anywhere
                yield from production.of_order(step, self.gates)
            if self.gates and not step.gate:
                yield from production.of_deployment(step)
