"""A Drone pipeline file as the linter sees it: pipelines and their steps, each with its line.

https://docs.drone.io/pipeline/docker/syntax/
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from pytest_storedog_gate.drone_lint import gates
from pytest_storedog_gate.drone_lint.plain_commands import joined
from pytest_storedog_gate.drone_lint.yaml_source import documents
from pytest_storedog_gate.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_storedog_gate.drone_lint.yaml_source import Located

# What ends a command and is none: comments with nothing in them that Drone or its `echo` reads.
_END = re.compile(r"(?:\n[ \t]*(?:\#[^\n`\\$]*)?)+\Z")
_GENERATED = {".jsonnet": "drone jsonnet --stream", ".star": "drone starlark", ".script": "drone"}

# What has no `kind` is known by keys at its top, or of one of its jobs.
_OTHERS: list[tuple[str, set[str], set[str]]] = [
    ("a GitHub Actions workflow", {"on"}, {"runs-on"}),
    ("a GitLab CI file", {"include", "spec", "workflow"}, {"script", "extends", "trigger"}),
    ("a file of Drone 0.8, or of an old Woodpecker", {"pipeline"}, set()),
    ("a Woodpecker workflow, or a Drone pipeline without its `kind`", {"steps"}, set()),
]


@dataclass(frozen=True)
class Pipeline:
    """One pipeline of the file. `waits_for` has of each step the names of those before it."""

    name: str
    source: Located
    waits_for: Mapping[str, set[str]]


class Line(NamedTuple):
    """A line of a script: its number in the file, and which of the step's commands has it."""

    number: int
    text: str
    command: int = 0


@dataclass(frozen=True)
class Step:
    """One step, or a service, which Drone starts first and does not wait for.

    `script` has the lines of its commands, or its container's own one. `gate` is the one of its
    gates that it is looked at for, if any.
    """

    pipeline: Pipeline
    name: str
    line: int
    source: Located
    script: tuple[Line, ...]
    is_service: bool
    gate: gates.Gate | None = None

    @property
    def at(self) -> int:
        """The line to point at."""
        return self.gate.line if self.gate else self.line

    @cached_property
    def conditions(self) -> list[dict[str, tuple[set[str], set[str]]]]:
        """Of the pipeline and of the step: by name what has to match, and what must not."""
        both = self.pipeline.source.get("trigger"), self.source.get("when")
        return [{name: _patterns(c) for name, c in each.entries().items()} for each in both]

    @property
    def statuses(self) -> list[set[str]]:
        """In which its pipeline, and in which it itself runs."""
        return [each.get("status", ({"success"}, set()))[0] for each in self.conditions]

    @cached_property
    def given(self) -> dict[str, Located]:
        """The variables that the file gives the step."""
        sources = (self.pipeline.source, self.source)
        return {n: v for each in sources for n, v in each.get("environment").entries().items()}

    @cached_property
    def variables(self) -> dict[str, str]:
        """Their values, without those that the file does not tell, as a secret's."""
        return {n: v.text for n, v in self.given.items() if v.text is not None}

    @cached_property
    def gates(self) -> gates.Gates:
        """The gates that the step runs."""
        return gates.Gates(self)

    @cached_property
    def filled(self) -> list[Line]:
        """The script with the values of its variables in it."""
        known = self.variables

        def value(name: re.Match[str]) -> str:
            return known.get(name[1] or name[2], name[0])

        variable = r"\$\$\{(\w+)\}|\$(\w+)"
        return [each._replace(text=re.sub(variable, value, each.text)) for each in self.script]


@dataclass(frozen=True)
class DroneFile:
    """A file's pipelines and steps, and the lines of its templates, which hold what is not seen."""

    pipelines: list[Pipeline]
    steps: list[Step]
    templates: list[int]
    waits_for: Mapping[str, set[str]]


def read(text: str, name: str) -> DroneFile:
    """Reads a file of that name. Raises ConfigurationError for what is no pipeline file."""
    if program := _GENERATED.get(PurePath(name).suffix):
        what = f"Starlark and Jsonnet are not read; lint the YAML that `{program}` makes of it"
        raise ConfigurationError(f"{name}: {what}")
    by_kind: dict[str, list[Located]] = {"pipeline": [], "template": []}
    for document in documents(text, name):
        if (kind := document.get("kind").text) is None:
            raise ConfigurationError(f"{name}:{document.line}: {_without_kind(document)}")
        by_kind.setdefault(kind, []).append(document)
    if not by_kind["pipeline"] + by_kind["template"]:
        raise ConfigurationError(
            f"{name}: there is nothing in it that Drone runs; write `kind: pipeline`"
        )
    pipelines = [
        Pipeline(p.get("name").text or "default", p, _before(_items(p)))
        for p in by_kind["pipeline"]
    ]
    steps = [
        _step(p, item, is_service=service) for p in pipelines for item, service in _items(p.source)
    ]
    waits_for = _waits_for((p.name, p.source) for p in pipelines)
    return DroneFile(pipelines, steps, [d.line for d in by_kind["template"]], waits_for)


def _without_kind(document: Located) -> str:
    entries = document.entries()
    jobs = [e.entries() for e in (*entries.values(), *document.get("jobs").entries().values())]
    for other, top, of_job in _OTHERS:
        if top & entries.keys() or any(of_job & job.keys() for job in jobs):
            return f"this is {other}; only pipelines of Drone 1 and 2 are read: `kind: pipeline`"
    return "there is no `kind`, so Drone runs nothing of this; write `kind: pipeline`"


def _waits_for(these: Iterable[tuple[str, Located]]) -> dict[str, set[str]]:
    """Of each by its name the names of all that it depends on, directly or not."""
    needs = {name: source.texts("depends_on") for name, source in these}
    found: dict[str, set[str]] = {}
    for name, needed in needs.items():
        before: set[str] = set()
        todo = [*needed]
        while todo:
            if (other := todo.pop()) in needs and other not in before:
                before |= {other, *found.get(other, ())}
                todo += () if other in found else needs[other]
        found[name] = before
    return found


def _items(pipeline: Located) -> list[tuple[Located, bool]]:
    """Its services and steps, and whether each is a service."""
    keys = ("services", "steps")
    return [(item, key == "services") for key in keys for item in pipeline.get(key).items()]


def _before(items: list[tuple[Located, bool]]) -> dict[str, set[str]]:
    """As `_waits_for`, or in their order where none says what it depends on."""
    named = [(item.get("name").text or "", item) for item, _ in items]
    if any(item.texts("depends_on") for _, item in named):
        return _waits_for(named)
    return {name: {other for other, _ in named[:at]} for at, (name, _) in enumerate(named)}


def _step(pipeline: Pipeline, located: Located, *, is_service: bool) -> Step:
    name = located.get("name")
    lines = [
        Line(item.line + row + (getattr(item.node, "style", "") == "|"), line, place)
        for place, item in enumerate(located.get("commands").items())
        for row, line in joined("`" if item.written is None else _END.sub("", item.written))
    ]
    # Without commands the container runs its own, which is no shell script.
    words = [*located.texts("entrypoint"), *located.texts("command")]
    script = tuple(lines) or (Line(name.line, shlex.join(words)),)
    return Step(pipeline, name.text or "", name.line, located, script, is_service)


def _patterns(condition: Located) -> tuple[set[str], set[str]]:
    parts = condition.entries()
    include = condition.texts("include") if parts else [i.text or "" for i in condition.items()]
    return set(include), set(condition.texts("exclude"))
