"""Which steps of a pipeline file are the gate, and which put something into production."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint import plain_commands
from pytest_storedog_gate.drone_lint.plain_commands import NotPlain
from pytest_storedog_gate.drone_lint.recognised import pattern
from pytest_storedog_gate.drone_lint.rules import Level
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.settings import file as configuration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_storedog_gate.drone_lint.comments import Comments
    from pytest_storedog_gate.drone_lint.drone_file import DroneFile, Step

_HARMLESS, _ENDS = pattern("commands"), re.compile(r"[;|`()]+|&&|&(?=\s|$)")
_DOCKERS = ("DOCKER_HOST", "DOCKER_CONTEXT")
_BY, _CALLED, _IMAGES, _LOOKS, _ABOUT, _PRODUCTION, _ELSEWHERE = (
    pattern("deployments", name)
    for name in ("by", "called", "images", "looks", "about", "production", "elsewhere")
)


class Steps:
    """A file's steps: those with a gate, the gates, and what is, or may be, production."""

    def __init__(self, file: DroneFile, root: Path, comments: Comments) -> None:
        self._root, self._elsewhere = root, comments.configuration
        self._requires: dict[tuple[str, str | None], Mapping[str, str | None]] = {}
        self.all = file.steps
        self.with_gate = [each for each in self.all if each.gates.found or each.gates.fault]
        runs = [replace(e, gate=gate) for e in self.with_gate for gate in e.gates.found]
        runs += [each for each in self.with_gate if each.gates.fault]  # what is not understood
        self.production, self.in_vain = [], []
        for line, about in comments.production:
            inside = [each for each in self.all if about in each.source.lines]
            if inside:  # a step's end is where the next one begins
                last = inside[-1]
                self.production += [replace(last, gate=next(reversed(last.gates.found), None))]
            else:
                self.in_vain.append(line)
        guessed = not self.production
        self.production += [
            run for run in runs
            if run not in self.production and (self.required(run) or (
                guessed and run.gate and is_production(run.gate.environment or "")
            ))
        ]  # fmt: skip
        self.gates = [run for run in runs if run not in self.production]
        others = [each for each in self.all if guessed and each not in self.with_gate]
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


def is_production(name: str) -> bool:
    """Whether a name has a word for production in it."""
    return _PRODUCTION.search(_words(name)) is not None


def commands(step: Step) -> list[str]:
    """What the step runs and is not known to leave everything as it is; a plugin's settings."""
    settings = step.source.get("settings")
    if settings.node is not None and step.source.get("commands").node is None:
        given = [f"{key}={text}" for key in settings.entries() for text in settings.texts(key)]
        return [" ".join([step.source.get("image").text or "", *given])]
    texts = [text for line in step.filled for text in _not_harmless(line.text)]
    texts += [f"{n}={v}" for n, v in step.variables.items() if n in _DOCKERS]
    found = (" ".join(re.sub("['\"]", "", part).split()) for t in texts for part in _ENDS.split(t))
    return [each for each in found if each[:1] not in ("", "#") and not _HARMLESS.fullmatch(each)]


def _not_harmless(line: str) -> list[str]:
    """The commands that may change something, of a line whose commands are known; else the line."""
    try:
        plain = [" ".join(command.fill({})) for command in plain_commands.read(line)]
    except NotPlain:
        return [line]
    return [each for each in plain if not _HARMLESS.fullmatch(each)]


def deploying(step: Step) -> list[str]:
    """Those of its commands that deploy."""
    found = commands(step)
    own = step.source.get("commands").node is None  # the image's program runs, not a shell
    if own and _IMAGES.search(step.source.get("image").text or ""):
        return found or [""]
    return [each for each in found if _BY.search(each) and not _LOOKS.search(each)]


def purpose(step: Step) -> Level | None:
    """How bad it is that the step runs without the gate: a warning where that is not known."""
    name, found = _words(step.name), deploying(step)
    if is_production(name):
        if found or not _ABOUT.search(name):
            return Level.ERROR
        return Level.WARNING if any(not _LOOKS.search(c) for c in commands(step)) else None
    if not found and (_ABOUT.match(name) or not _CALLED.search(name)):
        return None
    targets = [t for each in step.conditions for t in each.get("target", (set(), set()))[0]]
    named = _is_elsewhere(name) or (targets and all(map(_is_elsewhere, targets)))
    if any(map(is_production, found)):
        return Level.WARNING if named else Level.ERROR
    return None if named or (found and all(map(_is_elsewhere, found))) else Level.ERROR


def _is_elsewhere(name: str) -> bool:
    return _ELSEWHERE.search(_words(name)) is not None


def _words(name: str) -> str:
    """In small letters, and `deployToProd` in three words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
