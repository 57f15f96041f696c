"""One gate's step: what keeps its exit status from failing the step."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .findings import Finding
from .recognition import gate_in, is_only_named, mentions_gate, reads_input
from .shell import leaks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .recognition import Gate
    from .roles import Placed
    from .shell import Leak

_HIDDEN = {
    "||": ("what follows `||` decides instead", "leave it out, or let it end with `exit 1`"),
    "&&": (
        "`set -e` does not hold before `&&`, so the script goes on",
        "write what follows `&&` as a command of its own",
    ),
    "|": ("a pipe has the exit status of its last command", "write the output to a file"),
    "&": ("nobody waits for a command in the background", "leave the `&` out"),
    "!": ("`!` turns it round", "leave the `!` out"),
    "$()": ("the command around `$(...)` decides instead", "run it as a command of its own"),
    "if": ("it only decides which branch is taken", "run it as a command of its own"),
    "loop": ("it only decides how often the loop runs", "run it as a command of its own"),
    "case": ("it only decides which branch is taken", "run it as a command of its own"),
    "set -e": (
        "`set -e` does not hold in what `||`, `&&`, `!` or `if` looks at",
        "run it as a command of its own",
    ),
    "set +e": ("after `set +e` the script goes on", "leave `set +e` out"),
    "exit": ("the script ends with another exit status", "leave the `exit` out"),
    "trap": ("the trap ends the script with another one", "leave the `exit` out of the trap"),
    "?": ("this part of the script is not understood", "run the gate as a command of its own"),
}
_CONFIGURATIONS = (
    *("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini"),
    *("pyproject.toml", "tox.ini", "setup.cfg"),
)
_REQUIRED = re.compile(r"^\s*required_plugins\s*=[^=]*pytest-storedog-gate", re.MULTILINE)


def of_gate(placed: Placed, gate: Gate, folder: Path) -> Iterator[Finding]:
    """What takes the teeth out of one gate's command; `folder` has pytest's configuration."""
    step = placed.step
    if step.ignored is not None:
        what = f"`failure: ignore`: the steps after {step.name} run though it fails"
        yield Finding(step.ignored, "failure-ignored", what, "leave it out")
    if step.detached is not None:
        what = f"{step.name} is detached (or a service): nobody waits for it"
        remedy = "make it a step without `detach`"
        yield Finding(step.detached, "detached", what, remedy)
    if not step.on_success:
        what = f"{step.name} runs only where a step before it has failed"
        yield Finding(step.line, "only-on-failure", what, "leave `when.status` out")
    for leak in leaks(step.script, gate.command, gate.statuses):
        yield _of_leak(leak, gate)
    if gate.unclear is not None:
        what = f"{gate.unclear} can be any option, also one that ends pytest before it begins"
        yield Finding(gate.command.line, "unclear", what, "write the options out")
    yield from _of_input(placed, gate)
    yield from _of_datadog_ci(gate) if gate.environment is None else _of_pytest(gate)
    if gate.environment is not None:
        yield from _additions(placed, gate, folder)


def of_other_commands(placed: Placed) -> Iterator[Finding]:
    """Commands that name a gate and are not understood."""
    step = placed.step
    for command in step.script.commands():
        told = gate_in(command, placed.environment) is not None or is_only_named(command)
        if mentions_gate(" ".join(command.words)) and not told and not _holds_script(command.words):
            what = f"cannot tell what `{command.words[0]}` makes of the gate's exit status"
            remedy = "run pytest or datadog-ci as a command of its own"
            yield Finding(command.line, "unclear", what, remedy)
    if (line := step.script.unreadable) is not None and mentions_gate(step.script.text):
        what = "the script with the gate is no shell script from here on"
        yield Finding(line, "unclear", what, "correct it")


def of_exit_78(placed: Placed, gates: list[Placed]) -> Iterator[Finding]:
    """A step that Drone starts before the gate has ended, and that skips the gate with 78."""
    here = [g for g in gates if g.pipeline is placed.pipeline and g.step is not placed.step]
    if not any(not placed.pipeline.runs_after(placed.step, g.step) for g in here):
        return
    for command in placed.step.script.commands():
        if command.words[:2] == ("exit", "78"):
            what = "exit status 78 skips the gate and leaves the build green"
            yield Finding(command.line, "exit-78", what, "use `when` or `trigger` for that")


def _holds_script(words: tuple[str, ...]) -> bool:
    return any(re.fullmatch(r"-\w*c\w*", word) for word in words[1:3])


def _of_leak(leak: Leak, gate: Gate) -> Finding:
    if leak.status == 78:
        what = "exit status 78 is a pass to Drone: what follows is skipped, the build is green"
        return Finding(leak.line, "exit-78", what, "use another exit status")
    what, remedy = _HIDDEN[leak.how]
    if leak.how == "?":
        return Finding(leak.line, "unclear", what, remedy)
    if not leak.statuses:
        what = f"there is a way through the script on which the gate is not run (`{leak.how}`)"
        return Finding(leak.line, "skipped-in-script", what, "run it whatever else happens")
    hidden = "its exit status"
    if len(leak.statuses) < len(gate.statuses):
        hidden = f"exit status {', '.join(map(str, leak.statuses))}"
    return Finding(leak.line, "status-hidden", f"the gate's step hides {hidden}: {what}", remedy)


def _of_input(placed: Placed, gate: Gate) -> Iterator[Finding]:
    """Drone gives the script to the shell as standard input, and a command may read on there."""
    for command in placed.step.script.commands():
        if command == gate.command:
            return
        if not command.fed and reads_input(command):
            what = (
                f"`{command.words[0]}` may read the rest of the script as its input, and the step "
                "then ends with 0 before the gate where bash is /bin/sh"
            )
            yield Finding(command.line, "reads-script", what, "add `< /dev/null`")


def _of_pytest(gate: Gate) -> Iterator[Finding]:
    line = gate.command.line
    words = gate.arguments
    if off := [w for w in words if w == "--version" or re.fullmatch(r"-V+", w)]:
        yield Finding(line, "gate-off", f"{off[0]} ends pytest with 0", "leave it out")
    if "--storedog-plan" in words:
        what = "--storedog-plan only says what a run would do"
        yield Finding(line, "gate-off", what, "leave it out")
    if gate.option("--storedog-deploy") == "never":
        what = "--storedog-deploy=never checks what stands there, not the image of this build"
        yield Finding(line, "gate-off", what, "leave it out")
    without = re.search(r"(^| )-p ?no:(storedog[_-]gate|pytest_storedog_gate)", " ".join(words))
    if without and {"-h", "--help"} & set(words):
        what = "without the plugin, --help ends pytest with 0"
        yield Finding(line, "gate-off", what, "leave both out")


def _of_datadog_ci(gate: Gate) -> Iterator[Finding]:
    wanted = ("--failOnCriticalErrors", "--failOnMissingTests")
    if missing := [option for option in wanted if option not in gate.arguments]:
        what = f"without {' and '.join(missing)} datadog-ci can end with 0 without results"
        yield Finding(gate.command.line, "datadog-ci-options", what, "add what is missing")
    if "--no-failOnTimeout" in gate.arguments:
        what = "with --no-failOnTimeout datadog-ci ends with 0 though results are missing"
        yield Finding(gate.command.line, "datadog-ci-options", what, "leave it out")


def _additions(placed: Placed, gate: Gate, folder: Path) -> Iterator[Finding]:
    """PYTEST_ADDOPTS can take the plugin out, and ask for pytest's help instead of a run."""
    if "PYTEST_ADDOPTS" in gate.unset:
        return
    remedy = "run `env -u PYTEST_ADDOPTS pytest ...`"
    given = {**placed.pipeline.environment, **placed.step.environment}.get("PYTEST_ADDOPTS")
    in_script = re.search(r"\bPYTEST_ADDOPTS=['\"]?[^\s'\"]", placed.step.script.text)
    if in_script or (given is not None and given.text != ""):
        line = gate.command.line if given is None else given.line
        what = "PYTEST_ADDOPTS adds options to the gate that its command line does not show"
        yield Finding(line, "addopts", what, remedy)
    elif given is None and not _plugin_is_required(folder):
        what = (
            "a PYTEST_ADDOPTS from elsewhere (image, runner, `drone build promote --param`) ends "
            "pytest with 0 where the plugin is missing or taken out"
        )
        add = 'or add required_plugins = ["pytest-storedog-gate"] to pytest\'s configuration'
        yield Finding(gate.command.line, "required-plugins", what, f"{remedy}, {add}")


def _plugin_is_required(folder: Path) -> bool:
    files = [folder / name for name in _CONFIGURATIONS]
    return any(_REQUIRED.search(f.read_text("utf-8", "replace")) for f in files if f.is_file())
