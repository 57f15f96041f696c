"""What is found in a pipeline file; here, what takes the teeth out of the gate of a step."""

from __future__ import annotations

import functools
import re
import shlex
from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint import drone_file, production
from pytest_storedog_gate.drone_lint.recognised import pattern
from pytest_storedog_gate.drone_lint.rules import Finding, Level, Report, applied, finding
from pytest_storedog_gate.drone_lint.script import arguments, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path, PurePath

    from pytest_storedog_gate.drone_lint.drone_file import Step


def lint(text: str, name: str, root: Path) -> Report:
    """Judges a file of that name; `root` is its folder, with storedog.toml and pytest's files.

    Raises ConfigurationError for what is no pipeline file, RecursionError for what is too deep.
    """
    root = root.absolute()
    steps, templates, first = drone_file.read(text, name)
    findings = {*production.mark(steps, text, root)}
    known = [step for step in steps if step.is_production]
    gates = [step for step in steps if step.program and not step.is_production]
    for step in steps:
        findings |= {*_of_step(step, gates, root), *production.of_step(step, gates)}
    for step in gates:
        findings |= {*production.of_image(step, steps)}
    findings |= {finding(line, "template") for line in templates}
    # Templates may hold the gate, and production.
    if not (templates or gates or any(step.is_refusing for step in known)):
        findings.add(finding(known[0].at if known else first, "no-gate"))
    if not (templates or known):
        findings.add(finding(first, "production-unknown"))
    found = applied(text, findings)
    sound = bool(known) and not templates and all(f.ignored or f.level == "note" for f in found)
    gate, last = (" and ".join(f"step {s.name} (line {s.line})" for s in e) for e in (gates, known))
    judged = f"the gate is {gate or 'not in this file'}; production is {last or 'not known'}"
    return Report(name, found, judged, sound)


def _of_step(step: Step, gates: list[Step], root: Path) -> Iterator[Finding]:
    """What keeps its gate's status from failing the step, or the gate from deciding."""
    here = [g for g in gates if g.pipeline is step.pipeline and g.source is not step.source]
    if any(gate not in step.after for gate in here):
        for line, text in step.filled:
            if any(int(status) % 256 == 78 for status in pattern("ends").findall(text)):
                yield finding(line, "exit-78")
    if not step.program:
        return
    failure, detach = step.source.get("failure"), step.source.get("detach")
    if re.search(r"ignore|\$", failure.text or ""):
        yield finding(failure.line, "failure-ignored", step.name)
    if step.is_service or (detach.text or "false").lower() not in ("false", "no", "off", "n"):
        yield finding(step.line if step.is_service else detach.line, "detached", step.name)
    if any("success" not in statuses for statuses in step.statuses):
        yield finding(step.line, "only-on-failure", step.name)
    if words := step.fault:
        yield finding(step.at, "own-step", words if len(words) <= 40 else f"{words[:37]}...")
    else:
        yield from _of_gate(step)
        yield from _of_pytest(step, root) if step.program == "pytest" else ()


def _of_gate(step: Step) -> Iterator[Finding]:
    is_own, harmless = (pattern(f"{step.program}.{key}") for key in ("variables", "harmless"))
    for name in {**step.given, **step.variables}:
        value = step.variables.get(name, "$")  # as of a secret, whose value nobody sees
        loosens = is_own.fullmatch(name) and not harmless.fullmatch(f"{name}={value}")
        steers = loosens or pattern("steering").fullmatch(name)
        if steers and value is not None:
            line = step.given[name].line if name in step.given else step.at
            yield finding(line, "variable", name)
    for option in _unclear(step.arguments, step.program)[:1]:
        yield finding(step.at, "unclear", option)
    if step.program == "datadog-ci":
        wanted = {"--failOnCriticalErrors", "--failOnMissingTests"}
        if missing := sorted(wanted - {*step.arguments.split(" ")}):
            yield finding(step.at, "datadog-ci-options", " and ".join(missing))
        if step.pipeline.get("concurrency").get("limit").text != "1":
            yield finding(step.pipeline.line, "no-concurrency")


def _unclear(words: str, program: str) -> list[str]:
    """The options that are not known to leave the verdict as it is."""
    found = (option["unclear"] for option in pattern(f"{program}.option").finditer(words))
    return [shown(each) for each in found if each is not None]


def _of_pytest(step: Step, root: Path) -> Iterator[Finding]:
    """What a file's addopts add, and PYTEST_ADDOPTS from elsewhere: it can take the plugin out."""
    file, addopts, required, hides = pytest_file(root, step.folder, step.arguments)
    if unclear := _unclear(addopts, "pytest"):
        level = Level.ERROR if any(map(pattern("off").fullmatch, unclear)) else Level.WARNING
        yield finding(step.at, "addopts", f"{file}: {unclear[0]}", level=level)
    given = {**step.given, **step.variables}
    if "PYTEST_ADDOPTS" not in given and not pattern("plugin").search(required):
        level = Level.ERROR if hides else Level.WARNING if file else Level.NOTE
        hidden = f": {file} hides {hides}" if hides else ""
        yield finding(step.at, "required-plugins", hidden, level=level)


@functools.cache
def pytest_file(root: Path, folder: PurePath, words: str) -> tuple[str, str, str, str]:
    """The name of what pytest reads in that folder below `root` for these arguments.

    Its addopts and required plugins as arguments, and a file that it hides and that requires ours.
    """
    # It has no public name, and to say it again here would be wrong with the next pytest.
    from _pytest.config.findpaths import determine_setup  # noqa: PLC0415
    from _pytest.outcomes import Failed  # noqa: PLC0415

    here, requires = root / folder, pattern("plugin").search
    found = pattern("pytest.option").finditer(words)
    paths = [str(here / each[0][1:]) for each in found if each[0][1:2] not in ("", "-")]
    none = {"inifile": None, "override_ini": None, "rootdir_cmd_arg": None}
    with suppress(Exception, Failed):  # what pytest cannot read either does not end it with 0
        _, path, settings, hidden = determine_setup(args=paths, invocation_dir=here, **none)
        if path and path.is_relative_to(root) and (settings or path.suffix != ".toml"):
            given = [getattr(settings.get(k), "value", "") for k in ("addopts", "required_plugins")]
            texts = [arguments(e if isinstance(e, list) else shlex.split(str(e))) for e in given]
            others = {name: (path.parent / name).read_text("utf-8", "replace") for name in hidden}
            hides = next((name for name, text in others.items() if requires(text)), "")
            return path.name, texts[0], texts[1], hides
    return "", "", "", ""
