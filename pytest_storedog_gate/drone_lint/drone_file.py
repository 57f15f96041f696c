"""A Drone pipeline file as the linter sees it: pipelines and their steps, each with its line.

https://docs.drone.io/pipeline/docker/syntax/
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate.errors import ConfigurationError

from .plain_commands import joined
from .yaml_source import documents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .yaml_source import Located

_GENERATED = {".jsonnet": "drone jsonnet --stream", ".star": "drone starlark", ".script": "drone"}


@dataclass(frozen=True)
class Step:
    """One step, or a service, which Drone starts first and does not wait for.

    `script` has each line of its commands, or of its container's, with the file's line.
    """

    name: str
    line: int
    source: Located
    script: tuple[tuple[int, str], ...]
    is_service: bool


@dataclass(frozen=True)
class Pipeline:
    """One pipeline of the file. `waits_for` has of each step the names of those before it."""

    name: str
    source: Located
    steps: tuple[Step, ...]
    waits_for: Mapping[str, set[str]]


@dataclass(frozen=True)
class DroneFile:
    """The pipelines of a file, and the lines of its templates, which hold what is not seen here."""

    pipelines: tuple[Pipeline, ...]
    templates: tuple[int, ...]
    waits_for: Mapping[str, set[str]]


def read(text: str, name: str) -> DroneFile:
    """Reads a file of that name. Raises ConfigurationError for what is no pipeline file."""
    for suffix, program in _GENERATED.items():
        if name.endswith(suffix):
            what = f"Starlark and Jsonnet are not read; lint the YAML that `{program}` makes of it"
            raise ConfigurationError(f"{name}: {what}")
    found = list(documents(text, name))
    if not found:
        raise ConfigurationError(f"{name}: there is nothing in it; write `kind: pipeline`")
    for document in found:
        if document.get("kind").text is None:
            raise ConfigurationError(f"{name}:{document.line}: {_without_kind(document)}")
    pipelines = tuple(_pipeline(d) for d in found if d.get("kind").text == "pipeline")
    templates = tuple(d.line for d in found if d.get("kind").text == "template")
    return DroneFile(pipelines, templates, _waits_for(pipelines))


def _without_kind(document: Located) -> str:
    entries = document.entries()
    jobs = [e.entries() for e in (*entries.values(), *document.get("jobs").entries().values())]
    if "jobs" in entries and ("on" in entries or any("runs-on" in job for job in jobs)):
        other = "a GitHub Actions workflow"
    elif "stages" in entries or any({"script", "extends"} & set(job) for job in jobs):
        other = "a GitLab CI file"
    elif "pipeline" in entries:
        other = "a file of Drone 0.8, or of an old Woodpecker"
    elif "steps" in entries:
        other = "a Woodpecker workflow, or a Drone pipeline without its `kind`"
    else:
        return "there is no `kind`, so Drone runs nothing of this; write `kind: pipeline`"
    return f"this is {other}; only pipelines of Drone 1 and 2 are read: `kind: pipeline`"


def _waits_for(these: Sequence[Step] | Sequence[Pipeline]) -> dict[str, set[str]]:
    """Of each by its name the names of all that it depends on, directly or not."""
    needs = {each.name: each.source.texts("depends_on") for each in these}
    found: dict[str, set[str]] = {}
    for name, needed in needs.items():
        found[name], todo = set(), [*needed]
        while todo:
            if (other := todo.pop()) in needs and other not in found[name]:
                found[name].add(other)
                todo += found.get(other, needs[other])
    return found


def _pipeline(located: Located) -> Pipeline:
    services = [_step(item, is_service=True) for item in located.get("services").items()]
    steps = (*services, *(_step(item) for item in located.get("steps").items()))
    if any(step.source.texts("depends_on") for step in steps):
        waits_for = _waits_for(steps)
    else:
        waits_for = {step.name: {s.name for s in steps[:at]} for at, step in enumerate(steps)}
    return Pipeline(located.get("name").text or "default", located, steps, waits_for)


def _step(located: Located, *, is_service: bool = False) -> Step:
    name = located.entries().get("name", located)
    lines = [
        (item.line + row + (getattr(item.node, "style", "") == "|"), line)
        for item in located.get("commands").items()
        for row, line in joined("`" if item.written is None else item.written.rstrip("\n"))
    ]
    # Without commands the container runs its own, which is no shell script.
    words = [*located.texts("entrypoint"), *located.texts("command")]
    script = tuple(lines) or ((name.line, shlex.join(words)),)
    return Step(name.text or "", name.line, located, script, is_service)
