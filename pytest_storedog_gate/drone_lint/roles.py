"""Which steps of a pipeline file are the gate, and which put something into production."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_storedog_gate import configuration
from pytest_storedog_gate.errors import ConfigurationError

from . import gates
from .recognised import pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from .comments import Comments
    from .drone_file import DroneFile, Pipeline, Step
    from .yaml_source import Located

_PRODUCTION, _ANOTHER, DEPLOYING = map(pattern, ("production", "another", "deploying"))


@dataclass(frozen=True)
class Placed:
    """A step in its pipeline with its gates, and the one that it is placed for, if any."""

    pipeline: Pipeline
    step: Step
    gate: gates.Gate | None = None

    @property
    def line(self) -> int:
        """The line to point at."""
        return self.gate.line if self.gate else self.step.line

    @cached_property
    def conditions(self) -> list[dict[str, tuple[set[str], set[str]]]]:
        """Of the pipeline and of the step: by name what has to match, and what must not."""
        both = self.pipeline.source.get("trigger"), self.step.source.get("when")
        return [{name: _patterns(c) for name, c in each.entries().items()} for each in both]

    @cached_property
    def given(self) -> dict[str, Located]:
        """The variables that the file gives the step."""
        sources = (self.pipeline.source, self.step.source)
        return {n: v for each in sources for n, v in each.get("environment").entries().items()}

    @cached_property
    def variables(self) -> dict[str, str]:
        """Their values, without those that the file does not tell, as a secret's."""
        return {n: v.text for n, v in self.given.items() if v.text is not None}

    @cached_property
    def gates(self) -> gates.Gates:
        """The gates that the step runs."""
        windows = self.pipeline.source.get("platform").get("os").text == "windows"
        return gates.read(self.step, self.variables, windows=windows)

    @cached_property
    def script(self) -> list[tuple[int, str]]:
        """Its lines with the values of its variables in them."""
        known = self.variables
        return [
            (line, re.sub(r"\$(\w+)", lambda match: known.get(match[1], match[0]), text))
            for line, text in self.step.script
        ]


class Roles:
    """The steps of a file, those with a gate, the gates, and what is production."""

    def __init__(self, file: DroneFile, root: Path, comments: Comments) -> None:
        self._root, self._elsewhere = root, comments.configuration
        self._requires: dict[tuple[str, str | None], Mapping[str, str | None]] = {}
        self.steps = [Placed(p, step) for p in file.pipelines for step in p.steps]
        self.with_gate = [each for each in self.steps if each.gates.found or each.gates.fault]
        runs = [replace(e, gate=gate) for e in self.with_gate for gate in e.gates.found]
        runs += [each for each in self.with_gate if each.gates.fault]  # what is not understood
        self.in_vain, marked = [], []
        for line, about in comments.production:
            inside = [each for each in self.steps if about in each.step.source.lines]
            at = inside[-1] if inside else None  # a step's end is where the next one begins
            self.in_vain += [] if at else [line]
            marked += [replace(at, gate=next(reversed(at.gates.found), None))] if at else []
        named = [
            run for run in runs
            if self.required(run)
            or (not marked and run.gate and _PRODUCTION.search(run.gate.environment or ""))
        ]  # fmt: skip
        self.production = [*marked, *(run for run in named if run not in marked)]
        self.gates = [run for run in runs if run not in self.production]
        if not marked:
            self.production += _recognised([e for e in self.steps if e not in self.with_gate])

    def required(self, run: Placed) -> str | None:
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


def _patterns(condition: Located) -> tuple[set[str], set[str]]:
    parts = condition.entries()
    include = condition.texts("include") if parts else [i.text or "" for i in condition.items()]
    return set(include), set(condition.texts("exclude"))


def _recognised(others: Iterable[Placed]) -> list[Placed]:
    others = [each for each in others if not _ANOTHER.search(each.step.name.lower())]
    named = [each for each in others if _PRODUCTION.search(each.step.name.lower())]
    return named or [each for each in others if _deploys(each.step)]


def _deploys(step: Step) -> bool:
    image = step.source.get("image").text or ""
    text = "\n".join([step.name.lower(), image, *(line for _, line in step.script)])
    return DEPLOYING.search(text) is not None and "staging" not in text
