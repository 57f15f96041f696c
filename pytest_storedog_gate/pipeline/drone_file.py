"""A Drone pipeline file as the linter sees it: pipelines and their steps, each with its line.

https://docs.drone.io/pipeline/docker/syntax/
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate.errors import ConfigurationError

from . import conditions
from .script import Script
from .yaml_source import documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from .conditions import Condition
    from .yaml_source import Located

_GENERATED = {".jsonnet": "drone jsonnet --stream", ".star": "drone starlark", ".script": "drone"}


@dataclass(frozen=True)
class Step:
    """One step, or a service, which Drone starts first and does not wait for."""

    name: str
    line: int
    script: Script
    environment: Mapping[str, Located]
    image: str
    settings: Mapping[str, Located]
    when: Mapping[str, Condition]
    depends_on: tuple[str, ...] | None
    detached: int | None
    ignored: int | None

    @property
    def on_failure(self) -> bool:
        """Whether it runs though a step before it has failed."""
        status = self.when.get("status")
        return status is not None and status.matches("failure")

    @property
    def on_success(self) -> bool:
        """Whether it runs while no step has failed."""
        return not self.on_failure or self.when["status"].matches("success")


@dataclass(frozen=True)
class Pipeline:
    """One pipeline of the file."""

    name: str
    line: int
    steps: tuple[Step, ...]
    trigger: Mapping[str, Condition]
    trigger_line: int
    depends_on: tuple[str, ...]
    environment: Mapping[str, Located]
    concurrency: int

    @property
    def is_graph(self) -> bool:
        """Whether `depends_on` stands at any step: then a step without one starts at once."""
        return any(step.depends_on for step in self.steps)

    def runs_after(self, step: Step, earlier: Step) -> bool:
        """Whether Drone starts `step` only when `earlier` has ended."""
        if not self.is_graph:
            return self.steps.index(earlier) < self.steps.index(step)
        return earlier.name in _waited_for(step, self.steps)


@dataclass(frozen=True)
class DroneFile:
    """The pipelines of a file, and the lines of its templates, which hold what is not seen here."""

    path: Path
    pipelines: tuple[Pipeline, ...] = ()
    templates: tuple[int, ...] = ()

    def runs_after(self, pipeline: Pipeline, earlier: Pipeline) -> bool:
        """Whether Drone starts `pipeline` only when `earlier` has ended."""
        return earlier.name in _waited_for(pipeline, self.pipelines)


def read(path: Path) -> DroneFile:
    """Reads it. Raises ConfigurationError for what is no pipeline file."""
    if path.suffix in _GENERATED:
        raise ConfigurationError(
            f"{path}: Starlark and Jsonnet are not read; lint the YAML that "
            f"`{_GENERATED[path.suffix]}` makes of it"
        )
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(
            f"{path}: cannot be read: {reason}; name a pipeline file"
        ) from None
    found = list(documents(text, str(path)))
    if not found:
        raise ConfigurationError(f"{path}: there is nothing in it; write `kind: pipeline`")
    for document in found:
        if document.get("kind").text is None:
            raise ConfigurationError(
                f"{path}:{document.line}: there is no `kind`, so Drone runs nothing of this; write "
                "`kind: pipeline`"
            )
    return DroneFile(
        path,
        tuple(_pipeline(d) for d in found if d.get("kind").text == "pipeline"),
        tuple(d.line for d in found if d.get("kind").text == "template"),
    )


def _waited_for(one: Step | Pipeline, others: Iterable[Step | Pipeline]) -> set[str]:
    """The names of all that it depends on, directly or not."""
    by_name = {each.name: each for each in others}
    found: set[str] = set()
    todo = list(one.depends_on or ())
    while todo:
        name = todo.pop()
        if name in by_name and name not in found:
            found.add(name)
            todo += by_name[name].depends_on or ()
    return found


def _pipeline(located: Located) -> Pipeline:
    limit = located.get("concurrency").get("limit").text or "0"
    services = [_step(item, service=True) for item in located.get("services").items()]
    return Pipeline(
        name=located.get("name").text or "default",
        line=located.line,
        steps=(*services, *(_step(i, service=False) for i in located.get("steps").items())),
        trigger=conditions.read(located.get("trigger")),
        trigger_line=located.get("trigger").line,
        depends_on=tuple(i.text or "" for i in located.get("depends_on").items()),
        environment=located.get("environment").entries(),
        concurrency=int(limit) if limit.isdecimal() else 0,
    )


def _step(located: Located, *, service: bool) -> Step:
    entries = located.entries()
    name = entries.get("name", located)
    failure = located.get("failure")
    detach = located.get("detach")
    return Step(
        name=name.text or "",
        line=name.line,
        script=_script(located),
        environment=located.get("environment").entries(),
        image=located.get("image").text or "",
        settings=located.get("settings").entries(),
        when=conditions.read(located.get("when")),
        depends_on=tuple(i.text or "" for i in entries["depends_on"].items())
        if "depends_on" in entries
        else None,
        detached=located.line if service else detach.line if detach.true else None,
        ignored=failure.line if failure.text == "ignore" else None,
    )


def _script(located: Located) -> Script:
    commands = located.get("commands").items()
    if commands:
        return Script.joined((item.text or "", item.text_lines()) for item in commands)
    # Without commands the container runs its own, which is no shell script.
    words = [*located.get("entrypoint").items(), *located.get("command").items()]
    text = shlex.join(word.text or "" for word in words)
    return Script(text, ((words[0] if words else located).line,))
