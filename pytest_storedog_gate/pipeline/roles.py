"""Which steps of a pipeline file are the gate, and which put something into production."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate import configuration
from pytest_storedog_gate.errors import ConfigurationError

from .recognition import Gate, gate_in
from .script import substituted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_storedog_gate.configuration import Configuration

    from .drone_file import DroneFile, Pipeline, Step

_PRODUCTION = re.compile(r"(?<![a-z])(prod|production|live|promote|promotion|release)(?![a-z])")
_DEPLOY = re.compile(r"(?<![a-z])(deploy|deployment|rollout)(?![a-z])")
_ANOTHER = re.compile(
    r"staging|stage|test|dev|preview|qa|canary|notif|announce|report|build|gate|check|verify|"
    r"rollback|smoke"
)
_DEPLOYERS = ("kubectl", "helm", "nomad", "ansible-playbook")


@dataclass(frozen=True)
class Placed:
    """A step in its pipeline, with the command in it that is a gate, where one is."""

    pipeline: Pipeline
    step: Step
    gate: Gate | None = None

    @property
    def line(self) -> int:
        """The line to point at."""
        return self.gate.command.line if self.gate else self.step.line

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the file gives the step; a secret's value is not known."""
        given = {**self.pipeline.environment, **self.step.environment}
        return {name: substituted(value.text or f"${name}") for name, value in given.items()}

    def describe(self) -> str:
        """For the line that says what was found sound."""
        where = f"step {self.step.name} of pipeline {self.pipeline.name}"
        return f"{where} (line {self.line})"


@dataclass(frozen=True)
class Roles:
    """The steps that matter. `configuration` is the storedog.toml beside the pipeline file."""

    gates: tuple[Placed, ...]
    production: tuple[Placed, ...]
    configuration: Configuration | None

    def asks_for_verdict(self, placed: Placed) -> bool:
        """Whether it is a promotion: it refuses a digest without another environment's verdict."""
        if placed.gate is None or placed.gate.environment is None:
            return False
        if self.configuration is None:
            return True
        environment = self.configuration.environments.get(placed.gate.environment)
        return environment is not None and environment.requires is not None


def find(file: DroneFile) -> Roles:
    """Finds them by what the steps run, and where that says nothing, by their names."""
    beside = _configuration(file.path.parent)
    placed = [Placed(pipeline, step) for pipeline in file.pipelines for step in pipeline.steps]
    gates = [
        Placed(each.pipeline, each.step, gate)
        for each in placed
        for command in each.step.script.commands()
        if (gate := gate_in(command, each.environment)) is not None
    ]
    promoting = [each for each in gates if _promotes(each, beside)]
    running = [each.step for each in gates]
    others = [
        each for each in placed if each.step not in running and _deploys_by_name(each.step, placed)
    ]
    return Roles(
        gates=tuple(each for each in gates if each not in promoting),
        production=(*promoting, *others),
        configuration=beside,
    )


def _configuration(folder: Path) -> Configuration | None:
    try:
        path = configuration.find(folder, None, folder)
    except ConfigurationError:
        return None
    return configuration.read(path)


def _promotes(placed: Placed, beside: Configuration | None) -> bool:
    name = placed.gate.environment if placed.gate else None
    if name is None:
        return False
    known: Mapping[str, configuration.Environment] = beside.environments if beside else {}
    if name in known and known[name].requires is not None:
        return True
    return _PRODUCTION.search(name.lower()) is not None


def _deploys_by_name(step: Step, all_steps: list[Placed]) -> bool:
    name = step.name.lower()
    if _ANOTHER.search(name):
        return False
    if _PRODUCTION.search(name):
        return True
    named = any(_PRODUCTION.search(each.step.name.lower()) for each in all_steps)
    programs = {c.words[0] for c in step.script.commands() if c.words}
    deploys = _DEPLOY.search(name) is not None or not programs.isdisjoint(_DEPLOYERS)
    return deploys and not named
