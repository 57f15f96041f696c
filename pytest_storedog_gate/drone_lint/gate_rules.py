"""One gate's step: what keeps its exit status from failing the step, or the gate from deciding."""

from __future__ import annotations

import functools
import os
import re
import shlex
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint.recognised import pattern, text_of
from pytest_storedog_gate.drone_lint.rules import Level, finding
from pytest_storedog_gate.drone_lint.script import arguments, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.drone_lint.drone_file import Step
    from pytest_storedog_gate.drone_lint.rules import Finding
    from pytest_storedog_gate.drone_lint.script import Gate

_PLUGIN = re.compile(r"(?<![\w.-])pytest-storedog-gate(?![\w.-])")


def of_step(step: Step, gates: list[Step], root: Path) -> Iterator[Finding]:
    """What takes the teeth out of a step's gate, or has it skipped."""
    here = [g for g in gates if g.pipeline is step.pipeline and g.source is not step.source]
    if any(gate not in step.after for gate in here):
        for line, text in step.filled:
            ends = re.findall(r"\b(?:exit|return)[\s(\"']+(\d{1,9})\b", text)
            if any(int(status) % 256 == 78 for status in ends):
                yield finding(line, "exit-78")
    if not step.gate:
        return
    failure, detach = step.source.get("failure"), step.source.get("detach")
    if re.search(r"ignore|\$", failure.text or ""):
        yield finding(failure.line, "failure-ignored", step.name)
    if step.is_service or (detach.text or "false").lower() not in ("false", "no", "off", "n"):
        yield finding(step.line if step.is_service else detach.line, "detached", step.name)
    if any("success" not in statuses for statuses in step.statuses):
        yield finding(step.line, "only-on-failure", step.name)
    if words := step.gate.fault:
        yield finding(step.at, "own-step", words if len(words) <= 40 else f"{words[:37]}...")
    else:
        yield from _of_gate(step, step.gate)
        yield from (_of_pytest if step.gate.environment else _of_datadog_ci)(step, step.gate, root)


def _of_gate(step: Step, gate: Gate) -> Iterator[Finding]:
    program = "pytest" if gate.environment else "datadog-ci"
    for name in {**step.given, **gate.variables}:
        value = gate.variables.get(name, "$")  # as of a secret, whose value nobody sees
        steers = pattern("steering").fullmatch(name) or (
            pattern(f"{program}.variables").fullmatch(name)
            and not pattern(f"{program}.harmless").fullmatch(f"{name}={value}")
        )
        if steers and value is not None:
            line = step.given[name].line if name in step.given else gate.line
            yield finding(line, "variable", name)
    for option in _unclear(gate.arguments, program)[:1]:
        yield finding(gate.line, "unclear", option)


def _unclear(words: str, program: str) -> list[str]:
    """The options that are not known to leave the verdict as it is."""
    value = r"(?:=| (?![-*?\[]))(?:[^\s$]|\$\{)*"  # in which no variable is outside of quotes
    known = rf"(?:{text_of(f'{program}.values')}){value}|{text_of(f'{program}.flags')}"
    found = re.finditer(rf" (?:(?:{known})(?!\S)|(?P<unclear>\S*))", words)
    return [shown(each["unclear"]) for each in found if each["unclear"] is not None]


def _of_datadog_ci(step: Step, gate: Gate, _root: Path) -> Iterator[Finding]:
    wanted = ("--failOnCriticalErrors", "--failOnMissingTests")
    if missing := [option for option in wanted if option not in gate.arguments.split(" ")]:
        yield finding(gate.line, "datadog-ci-options", " and ".join(missing))
    if step.pipeline.get("concurrency").get("limit").text != "1":
        yield finding(step.pipeline.line, "no-concurrency")


def _of_pytest(step: Step, gate: Gate, root: Path) -> Iterator[Finding]:
    """What a file's addopts add, and PYTEST_ADDOPTS from elsewhere: it can take the plugin out."""
    file, addopts, required, hides = pytest_file(root, gate.folder, gate.arguments)
    if unclear := _unclear(addopts, "pytest"):
        level = Level.ERROR if any(map(pattern("off").fullmatch, unclear)) else Level.WARNING
        yield finding(gate.line, "addopts", f"{file}: {unclear[0]}", level=level)
    if "PYTEST_ADDOPTS" not in {**step.given, **gate.variables} and not _PLUGIN.search(required):
        level = Level.ERROR if hides else Level.WARNING if file else Level.NOTE
        hidden = f": {file} hides {hides}" if hides else ""
        yield finding(gate.line, "required-plugins", hidden, level=level)


@functools.cache
def pytest_file(root: Path, folder: PurePath, words: str) -> tuple[str, str, str, str]:
    """The configuration that pytest reads in that folder below `root` for these arguments.

    Its name, its addopts and required plugins as arguments, and a file that requires the plugin and
    is hidden by it; nothing where there is none.
    """
    paths = [root / folder / word.partition("::")[0] for word in words.split() if word[0] != "-"]
    paths = [path for path in paths if path.exists()] or [root / folder]
    base = Path(os.path.normpath(os.path.commonpath(paths)))
    # It has no public name, and to say it again here would be wrong with the next pytest.
    from _pytest.config.findpaths import locate_config  # noqa: PLC0415
    from _pytest.outcomes import Failed  # noqa: PLC0415

    try:
        _, path, settings, hidden = locate_config(base, [base])
        given = [
            settings[k].value if k in settings else "" for k in ("addopts", "required_plugins")
        ]
        texts = [arguments(e if isinstance(e, list) else shlex.split(str(e))) for e in given]
    except (Exception, Failed):  # noqa: BLE001
        return "", "", "", ""  # what pytest cannot read either does not end it with 0
    if not path or not path.is_relative_to(root) or (path.suffix == ".toml" and not settings):
        return "", "", "", ""
    hides = (n for n in hidden if _PLUGIN.search((path.parent / n).read_text("utf-8", "replace")))
    return path.name, texts[0], texts[1], next(hides, "")
