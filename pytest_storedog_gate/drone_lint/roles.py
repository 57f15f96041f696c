"""Which steps of a pipeline file are the gate, and which put something into production."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint.deployments import is_production, purpose
from pytest_storedog_gate.drone_lint.rules import Level
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.settings import file as configuration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_storedog_gate.drone_lint.comments import Comments
    from pytest_storedog_gate.drone_lint.drone_file import DroneFile, Step


class Roles:
    """The steps of a file, those with a gate, the gates, and what is, or may be, production."""

    def __init__(self, file: DroneFile, root: Path, comments: Comments) -> None:
        self._root, self._elsewhere = root, comments.configuration
        self._requires: dict[tuple[str, str | None], Mapping[str, str | None]] = {}
        self.steps = file.steps
        self.with_gate = [each for each in self.steps if each.gates.found or each.gates.fault]
        runs = [replace(e, gate=gate) for e in self.with_gate for gate in e.gates.found]
        runs += [each for each in self.with_gate if each.gates.fault]  # what is not understood
        self.in_vain, marked = [], []
        for line, about in comments.production:
            inside = [each for each in self.steps if about in each.source.lines]
            at = inside[-1] if inside else None  # a step's end is where the next one begins
            self.in_vain += [] if at else [line]
            marked += [replace(at, gate=next(reversed(at.gates.found), None))] if at else []
        named = [
            run for run in runs
            if self.required(run)
            or (not marked and run.gate and is_production(run.gate.environment or ""))
        ]  # fmt: skip
        self.production = [*marked, *(run for run in named if run not in marked)]
        self.gates = [run for run in runs if run not in self.production]
        others = [] if marked else [e for e in self.steps if not (e.gates.found or e.gates.fault)]
        known = [(each, purpose(each)) for each in others]
        self.production += [each for each, level in known if level == Level.ERROR]
        self.unsure = [each for each, level in known if level == Level.WARNING]

    def required(self, run: Step) -> str | None:
        """Whose verdict the run's environment requires, as far as its storedog.toml tells."""
        gate = run.gate
        if gate is None or gate.environment is None:
            return None
        folder, named = self._root / gate.folder, gate.option("--storedog-config")
        if (str(folder), named) not in self._requires:
            try:
                path = configuration.find(folder, named, folder)
            except ConfigurationError:
                path = folder if named else self._root / self._elsewhere
            known = configuration.read(path).environments if path.is_file() else {}
            self._requires[str(folder), named] = {n: e.requires for n, e in known.items()}
        return self._requires[str(folder), named].get(gate.environment)
