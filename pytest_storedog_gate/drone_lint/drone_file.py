"""A Drone pipeline file as the linter sees it: the steps of its pipelines, each with its lines.

https://docs.drone.io/pipeline/docker/syntax/
"""

from __future__ import annotations

import copy
import re
import shlex
from pathlib import PurePath
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint.recognised import RECOGNISED
from pytest_storedog_gate.drone_lint.script import gates
from pytest_storedog_gate.drone_lint.yaml_source import documents
from pytest_storedog_gate.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_storedog_gate.drone_lint.script import Gate
    from pytest_storedog_gate.drone_lint.yaml_source import Node


class Step:
    """One step, or a service, which Drone starts first and does not wait for.

    One that runs several gates counts as several, each up to its `gate`; `at` is the line to point
    at. `commands` are the items of its script with their first lines, and `filled` the same with
    the values of its variables.
    `given` are those, and `variables` the values that the file tells, not those of secrets.
    `conditions` are the pipeline's and its own: the name, what has to match and what must not.
    `statuses` are those in which the two run, and `after` the steps that have passed before it.
    """

    gate: Gate | None = None

    def __init__(self, pipeline: Node, source: Node, *, is_service: bool) -> None:
        self.pipeline, self.source, self.is_service = pipeline, source, is_service
        self.name, self.line = source.get("name").text or "", source.get("name").line
        self.at = self.line
        self.after: set[Step] = set()
        both = [pipeline.get("environment"), source.get("environment")]
        self.given = {name: value for each in both for name, value in each.entries.items()}
        self.variables = {n: v.text for n, v in self.given.items() if v.text is not None}
        asked = [pipeline.get("trigger").entries, source.get("when").entries]
        self.conditions = [(name, *_patterns(c)) for each in asked for name, c in each.items()]
        self.statuses = [
            _patterns(each["status"])[0] if "status" in each else {"success"} for each in asked
        ]
        # Without commands the container runs its own, which is no shell script.
        words = [*source.texts("entrypoint"), *source.texts("command")]
        commands = source.get("commands").items
        items = [(c.first, "`" if c.written is None else c.written) for c in commands]
        self.commands = items or [(self.line, shlex.join(words))]
        variable = re.compile(r"\$\$\{(\w+)\}|\$(\w+)")
        self.filled = [
            (line, variable.sub(lambda v: self.variables.get(v[1] or v[2], v[0]), text))
            for line, text in self.commands
        ]


def read(text: str, name: str) -> tuple[list[Step], list[int], int]:
    """The steps of a file of that name, the lines of its templates, and that of the first of both.

    Raises ConfigurationError for what is no pipeline file.
    """
    if PurePath(name).suffix in (".jsonnet", ".star", ".script"):
        what = "Starlark and Jsonnet are not read; lint the YAML that `drone` makes of it"
        raise ConfigurationError(f"{name}: {what}")
    by_kind: dict[str, list[Node]] = {"pipeline": [], "template": []}
    for document in documents(text, name):
        if (kind := document.get("kind").text) is None:
            raise ConfigurationError(f"{name}:{document.line}: {_without_kind(document)}")
        by_kind.setdefault(kind, []).append(document)
    pipelines, templates = by_kind["pipeline"], [each.line for each in by_kind["template"]]
    if not (pipelines or templates):
        what = "there is nothing in it that Drone runs; write `kind: pipeline`"
        raise ConfigurationError(f"{name}: {what}")
    return _steps(pipelines), templates, min([*templates, *(each.line for each in pipelines)])


def _without_kind(document: Node) -> str:
    below = [*document.entries.values(), *document.get("jobs").entries.values()]
    keys = {key for each in (document, *below) for key in each.entries}
    for other, theirs in RECOGNISED["others"].items():
        if keys & {*theirs}:
            return f"this is {other}; only pipelines of Drone 1 and 2 are read: `kind: pipeline`"
    return "there is no `kind`, so Drone runs nothing of this; write `kind: pipeline`"


def _steps(pipelines: list[Node]) -> list[Step]:
    """The steps of all pipelines; each knows those that it waits for."""
    groups = [(each, list(_parts(each))) for each in pipelines]
    by_pipeline = {each.get("name").text or "default": steps for each, steps in groups}
    needs: dict[Step, list[Step]] = {}
    for pipeline, steps in groups:
        earlier = [s for name in pipeline.texts("depends_on") for s in by_pipeline.get(name, [])]
        named = {step.name: step for step in steps}
        asked = [step.source.texts("depends_on") for step in steps]
        before = None
        for step, names in zip(steps, asked, strict=True):
            # In the file's order where no step says what it depends on.
            if before and (before.source is step.source or not any(asked)):
                needs[step] = [before]
            else:
                needs[step] = [named[name] for name in names if name in named] or earlier
            before = step
    for step, needed in needs.items():
        todo = [*needed]
        while todo:
            if (other := todo.pop()) not in step.after:
                step.after |= {other, *other.after}
                todo += needs[other]
    return [*needs]


def _parts(pipeline: Node) -> Iterator[Step]:
    """The services and steps of a pipeline, each as often as it runs a gate."""
    for key in ("services", "steps"):
        for item in pipeline.get(key).items:
            step = Step(pipeline, item, is_service=key == "services")
            runs: Sequence[Gate | None] = gates(step)
            for gate in runs or [None]:
                part = copy.copy(step)
                part.gate, part.after = gate, set()
                part.at = gate.line if gate else step.line
                yield part


def _patterns(condition: Node) -> tuple[set[str], set[str]]:
    include = condition.texts("include") or [item.text or "" for item in condition.items]
    return set(include), set(condition.texts("exclude"))
