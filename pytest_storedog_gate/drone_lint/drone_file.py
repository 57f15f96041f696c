"""A Drone pipeline file as the linter sees it: the steps of its pipelines, each with its lines.

https://docs.drone.io/pipeline/docker/syntax/
"""

from __future__ import annotations

import functools
import re
import shlex
from dataclasses import dataclass, field, replace
from pathlib import PurePath, PurePosixPath

import yaml

from pytest_storedog_gate.drone_lint.recognised import RECOGNISED, pattern
from pytest_storedog_gate.drone_lint.script import Script, shown
from pytest_storedog_gate.errors import ConfigurationError


@dataclass(frozen=True)
class Node:
    """A value, that can be asked for anything: what it does not have is empty.

    `line`, from 1, is its key's, if it has one; `first` is its text's, and `last` its own last one.
    `written` is a scalar's text as it is in the file, and to the server, which starts pipelines.
    """

    line: int
    first: int = 0
    last: int = 0
    written: str | None = None
    sequence: tuple[Node, ...] = ()
    entries: dict[str, Node] = field(default_factory=dict)

    def get(self, key: str) -> Node:
        """The value of that key; an empty one where there is none."""
        return self.entries.get(key, Node(self.line))

    @property
    def items(self) -> tuple[Node, ...]:
        """A sequence's values; a scalar alone counts as a sequence of it."""
        return self.sequence if self.written is None else (self,)

    @property
    def text(self) -> str | None:
        """A scalar's text once Drone has put in `${NAME}`, as far as the file tells."""
        return None if self.written is None else _substituted(self.written)

    def texts(self, key: str) -> list[str]:
        return [item.text or "" for item in self.get(key).items]


def documents(text: str, file: str) -> list[Node]:
    """The documents of the file. Raises ConfigurationError for what is no YAML."""
    for what, misread in RECOGNISED["misread"].items():
        if found := re.search(misread, text.replace("$$", "  ")):
            line = text.count("\n", 0, found.start()) + 1
            raise ConfigurationError(f"{file}:{line}: {what}")
    try:
        return [each for each in yaml.load_all(text, _Loader) if each.entries or each.items]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        where = f"{file}:{mark.line + 1}" if mark else file
        raise ConfigurationError(f"{where}: not valid YAML: {problem}; correct it") from None


def _made(loader: _Loader, raw: yaml.Node) -> Node:
    """Each is made once, however often it is merged; what holds itself is an error of YAML."""
    first, block = raw.start_mark.line + 1, getattr(raw, "style", None) == "|"
    node = Node(first, first + block, raw.end_mark.line + (raw.end_mark.column > 0))
    if isinstance(raw, yaml.SequenceNode):
        parts = (loader.construct_object(each, deep=True) for each in raw.value)
        return replace(node, sequence=tuple(parts))
    if isinstance(raw, yaml.ScalarNode):
        is_null = raw.tag == "tag:yaml.org,2002:null"
        return replace(node, written=None if is_null else str(raw.value))
    for key, value in raw.value:
        made: Node = loader.construct_object(value, deep=True)
        # The last of several keys counts; what `<<` brings replaces the keys before it.
        if key.tag == "tag:yaml.org,2002:merge":
            for source in reversed(made.sequence or (made,)):
                node.entries.update(source.entries)
        elif re.search(r"\$\{(DRONE|CI)_", str(key.value)):
            # Drone puts in the value at first, and then this may be any key.
            raise yaml.MarkedYAMLError(problem="a key of Drone's own", problem_mark=key.start_mark)
        else:
            node.entries[_substituted(str(key.value))] = replace(made, line=key.start_mark.line + 1)
    return node


class _Loader(yaml.SafeLoader):
    yaml_constructors = {None: _made}  # noqa: RUF012  # for each tag


def _substituted(text: str) -> str:
    return pattern("substituted").sub(lambda v: "$" if v[0] == "$$" else v["default"] or "", text)


class Step:
    """One step, or a service, which Drone starts first and does not wait for.

    `commands` are its script's items with their lines, and `filled` the same with the values of
    `variables`, those of the `given` ones that the file tells. `conditions`, the pipeline's and its
    own, are a name, what has to match and what must not; both run in their `statuses`.

    One that runs several gates counts as several, each up to its own, in line `at`: by `program`,
    pytest or datadog-ci, with its `arguments`, or unknown with the `fault` before it. Its
    `variables` are then those of the process, None where taken away, and it runs in `folder`.
    """

    program = arguments = fault = ""
    environment: str | None = None  # that pytest's gate is about
    is_refusing = False
    is_production: bool | None = False  # None where nobody knows

    def __init__(self, pipeline: Node, source: Node, *, is_service: bool) -> None:
        self.pipeline, self.source, self.is_service = pipeline, source, is_service
        self.needs: list[Step] = []
        self.name, self.line = source.get("name").text or "", source.get("name").line
        folder = re.sub(r"^/+drone/+src(?![^/])/*", "", source.get("working_dir").text or "")
        self.at, self.folder = self.line, PurePosixPath(folder)
        self.given = pipeline.get("environment").entries | source.get("environment").entries
        told = {name: node.text for name, node in self.given.items() if node.text is not None}
        self.variables: dict[str, str | None] = {**told}
        asked = [pipeline.get("trigger").entries, source.get("when").entries]
        self.conditions = [(name, *_patterns(c)) for each in asked for name, c in each.items()]
        self.statuses = [_patterns(e["status"])[0] if "status" in e else {"success"} for e in asked]
        # Without commands the container runs its own, which is no shell script.
        words = [*source.texts("entrypoint"), *source.texts("command")]
        commands = source.get("commands").items
        items = [(c.first, "`" if c.written is None else c.written) for c in commands]
        self.commands = items = items or [(self.line, shlex.join(words))]
        sub, get = pattern("variable").sub, told.get
        self.filled = [(n, sub(lambda v: get(v[0].strip("${}"), v[0]), t)) for n, t in items]

    def option(self, name: str) -> str | None:
        """The value of the gate's last `--name=value` or `--name value`."""
        found = re.findall(rf"(?<!\S){name}[= ](\S*)", self.arguments)
        return shown(found[-1]) if found else None

    @functools.cached_property
    def after(self) -> set[Step]:
        """The steps that have passed before it."""
        found: set[Step] = set()
        todo = [*self.needs]
        while todo:
            if (step := todo.pop()) not in found:
                found.add(step)
                todo += step.needs
        return found


def read(text: str, name: str) -> tuple[list[Step], list[int], int]:
    """The steps of a file of that name, the lines of its templates, and that of the first of both.

    Raises ConfigurationError for what is no pipeline file.
    """
    if PurePath(name).suffix in (".jsonnet", ".star", ".script"):
        what = "Starlark and Jsonnet are not read; lint the YAML that `drone` makes of it"
        raise ConfigurationError(f"{name}: {what}")
    found = [(document.get("kind").text, document) for document in documents(text, name)]
    for kind, document in found:
        if kind is None:
            raise ConfigurationError(f"{name}:{document.line}: {_without_kind(document)}")
    lines = [each.line for kind, each in found if kind in ("pipeline", "template")]
    if not lines:
        what = "there is nothing in it that Drone runs; write `kind: pipeline`"
        raise ConfigurationError(f"{name}: {what}")
    templates = [each.line for kind, each in found if kind == "template"]
    return _steps([each for kind, each in found if kind == "pipeline"]), templates, min(lines)


def _without_kind(document: Node) -> str:
    if document.items:
        return "this is no mapping, so no pipeline; write `kind: pipeline`"
    below = [*document.entries.values(), *document.get("jobs").entries.values()]
    keys = {key for each in (document, *below) for key in each.entries}
    for other, theirs in RECOGNISED["others"].items():
        if keys & {*theirs}:
            return f"this is {other}; only pipelines of Drone 1 and 2 are read: `kind: pipeline`"
    return "there is no `kind`, so Drone runs nothing of this; write `kind: pipeline`"


def _steps(pipelines: list[Node]) -> list[Step]:
    """The steps of all pipelines; each knows those that it waits for."""
    groups = [(each, _parts(each)) for each in pipelines]
    by_pipeline = {each.get("name").written or "default": steps for each, steps in groups}
    for pipeline, steps in groups:
        before = pipeline.get("depends_on").items
        earlier = [step for each in before for step in by_pipeline.get(each.written or "", [])]
        named = {step.name: step for step in steps}
        asked = [step.source.texts("depends_on") for step in steps]
        for last, step, names in zip([None, *steps], steps, asked, strict=False):
            # In the file's order where no step says what it depends on.
            if last and (last.source is step.source or not any(asked)):
                step.needs = [last]
            else:
                step.needs = [named[name] for name in names if name in named] or earlier
    return [step for _, steps in groups for step in steps]


def _parts(pipeline: Node) -> list[Step]:
    """The services and steps of a pipeline, each as often as it runs a gate."""
    sources = [(each, key) for key in ("services", "steps") for each in pipeline.get(key).items]
    steps = [Step(pipeline, each, is_service=key == "services") for each, key in sources]
    return [part for step in steps for part in [*Script(step).gates()] or [step]]


def _patterns(condition: Node) -> tuple[set[str], set[str]]:
    both = condition.get("include").items or condition.items, condition.get("exclude").items
    include, exclude = ({item.written or "" for item in items} for items in both)
    return include, exclude
