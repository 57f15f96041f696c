"""One gate's step: what keeps its exit status from failing the step, or the gate from deciding."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint.gates import steers
from pytest_storedog_gate.drone_lint.recognised import OFF, pattern
from pytest_storedog_gate.drone_lint.rules import Level, finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import PurePosixPath

    from pytest_storedog_gate.drone_lint.drone_file import Step
    from pytest_storedog_gate.drone_lint.gates import Gate
    from pytest_storedog_gate.drone_lint.pytest_file import PytestFile
    from pytest_storedog_gate.drone_lint.rules import Finding

    Files = Callable[[PurePosixPath, Sequence[str]], PytestFile | None]

_ENDS = re.compile(r"\b(?:exit|return)[\s(\"']+(\d{1,9})\b")
_THEIRS, _SAID = pattern("datadog-ci", "variables"), pattern("datadog-ci", "harmless")


def of_gates(step: Step, files: Files) -> Iterator[Finding]:
    """What takes the teeth out of a step's gates, with `files` of pytest's."""
    gates = step.gates
    failure, detach = step.source.get("failure"), step.source.get("detach")
    if re.search(r"ignore|\$", failure.text or ""):
        yield finding(failure.line, "failure-ignored", step.name)
    if step.is_service or (detach.text or "false").lower() not in ("false", "no", "off", "n"):
        line = step.line if step.is_service else detach.line
        yield finding(line, "detached", step.name)
    if any("success" not in statuses for statuses in step.statuses):
        yield finding(step.line, "only-on-failure", step.name)
    if gates.fault:
        line, words = gates.fault
        yield finding(line, "own-step", words if len(words) <= 40 else f"{words[:37]}...")
    for gate in gates.found:
        yield from _of_gate(step, gate, files)


def of_exit_78(step: Step, gates: list[Step]) -> Iterator[Finding]:
    """A step that Drone starts before the gate has ended, and that skips the gate with 78."""
    here = [g for g in gates if g.pipeline is step.pipeline and g.source is not step.source]
    if any(gate.name not in step.pipeline.waits_for[step.name] for gate in here):
        for line in step.filled:
            if any(int(status) % 256 == 78 for status in _ENDS.findall(line.text)):
                yield finding(line.number, "exit-78")


def _of_gate(step: Step, gate: Gate, files: Files) -> Iterator[Finding]:
    is_pytest = gate.environment is not None
    for name in {**step.given, **gate.variables}:
        value = gate.variables.get(name, "$")  # as of a secret, whose value nobody sees
        theirs = (
            not is_pytest and _THEIRS.fullmatch(name) and not _SAID.fullmatch(f"{name}={value}")
        )
        if value is not None and (steers(name) or theirs):
            line = step.given[name].line if name in step.given else gate.line
            yield finding(line, "variable", name)
    if judged := _judged(gate.arguments, "pytest" if is_pytest else "datadog-ci"):
        yield finding(gate.line, *judged)
    elif gate.loose:
        yield finding(gate.line, "unquoted")
    yield from _of_pytest(step, gate, files) if is_pytest else _of_datadog_ci(step, gate)


def _judged(words: Sequence[str], program: str) -> tuple[str, str] | None:
    """The rule for the worst option that could change the verdict, and what that option does."""
    values, flags = pattern(program, "values"), pattern(program, "flags")
    unclear, waiting = None, list(reversed(words))
    while waiting:
        word = waiting.pop()
        name, equals, value = word.partition("=")
        value = value if equals or not waiting else waiting[-1]
        both = f"{word} {value}"
        if values.fullmatch(name) and (equals or not re.match(r"[-*?\[]", value)):
            unclear = word if name == "--storedog-env" and "$" in value else unclear
        elif equals or not flags.fullmatch(both):
            if name in OFF and not flags.fullmatch(word):
                return "gate-off", f"{word} {OFF[name]}"
            unclear = unclear if flags.fullmatch(word) else word
            continue
        waiting[len(waiting) - (not equals) :] = []
    return None if unclear is None else ("unclear", unclear)


def _of_datadog_ci(step: Step, gate: Gate) -> Iterator[Finding]:
    wanted = ("--failOnCriticalErrors", "--failOnMissingTests")
    if missing := [option for option in wanted if option not in gate.arguments]:
        yield finding(gate.line, "datadog-ci-options", " and ".join(missing))
    if step.pipeline.source.get("concurrency").get("limit").text != "1":
        yield finding(step.pipeline.source.line, "no-concurrency")


def _of_pytest(step: Step, gate: Gate, files: Files) -> Iterator[Finding]:
    """What PYTEST_ADDOPTS and a file's addopts add: they can take the plugin out."""
    file = files(gate.folder, gate.arguments)
    if file and (judged := _judged(file.addopts, "pytest")):
        level = Level.ERROR if judged[0] == "gate-off" else Level.WARNING
        yield finding(gate.line, "addopts", f"{file.name}: {judged[1]}: it", level=level)
    given = step.given.get("PYTEST_ADDOPTS")
    if gate.variables.get("PYTEST_ADDOPTS", "?" if given else ""):
        yield finding(given.line if given else gate.line, "addopts", "PYTEST_ADDOPTS")
    elif "PYTEST_ADDOPTS" not in gate.variables and not (file and file.requires_plugin):
        hidden = f": {file.name} hides {file.hides}" if file and file.hides else ""
        level = Level.ERROR if hidden else Level.WARNING if file else Level.NOTE
        yield finding(gate.line, "required-plugins", hidden, level=level)
