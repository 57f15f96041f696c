"""What the run says on the terminal: plain lines, and the verdict as the very last one."""

from __future__ import annotations

import shlex
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

from pytest_storedog_gate.gate.verdict import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from pytest_storedog_gate.gate.run import GateRun
    from pytest_storedog_gate.gate.verdict import CheckVerdict, Verdict

_MARKS = {State.OPEN: "passed", State.CLOSED: "FAILED", State.INCONCLUSIVE: "NO VERDICT"}


def progress(config: pytest.Config, text: str) -> None:
    """One line about what has just been done; from the main thread while a test runs in it."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")
    if reporter is None:
        raw(f"storedog-gate: {text}")
        return
    # A test may be waiting, and what is written then would be its captured output.
    with capture.global_and_fixture_disabled() if capture else nullcontext():
        reporter.ensure_newline()
        if config.get_terminal_writer().width_of_current_line:
            reporter.write_line("")  # xdist's dots: the reporter does not know of them
        reporter.write_line(f"storedog-gate: {text}")
        reporter.flush()  # who reads a pipe or a log waits for it


def raw(text: str) -> None:
    """One line past pytest's own reporter."""
    stream = sys.__stderr__
    if stream is not None:
        stream.write(text + "\n")
        stream.flush()


def flush(config: pytest.Config) -> None:
    """Ends the line that is being written, and lets nothing wait in a buffer."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.ensure_newline()
        reporter.flush()


def summary(
    config: pytest.Config, run: GateRun, verdict: Verdict, notes: Sequence[str] = ()
) -> None:
    """The checks, what was deployed, and the verdict with its reason; `notes` before that."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    *lines, last = _lines(config, run, verdict)
    lines = [*lines, *notes, last]
    if reporter is None:
        for line in lines:
            raw(line)
        return
    opened = verdict.state is State.OPEN
    reporter.section("storedog gate", green=opened, red=not opened)
    for line in lines[:-1]:
        reporter.write_line(line)
    reporter.write_line(lines[-1], bold=True, green=opened, red=not opened)


def _lines(config: pytest.Config, run: GateRun, verdict: Verdict) -> list[str]:
    redact = run.settings.redact
    names = {check.public_id: redact(check.definition.name) for check in run.checks}
    width = max((len(name) for name in names.values()), default=0)
    if run.failure is not None and not any(check.outcome for check in verdict.checks):
        lines = [f"no check was run: {', '.join(check.public_id for check in verdict.checks)}"]
    else:
        lines = [
            _check_line(check, f"{names.get(check.public_id, ''):<{width}}")
            for check in verdict.checks
        ]
    lines += [f"batch: {batch.url}" for batch in run.batches]
    if run.calls:
        lines.append(f"calls to Synthetics: {run.calls}")
    if run.deployment is not None:
        lines.append(f"deployed: {run.deployment.image}")
    if run.rolled_back:
        lines.append(run.rolled_back)
    if run.settings.report is not None:
        lines.append(f"report: {run.settings.report}")
    shown = {f"{check.public_id}: {check.reason}" for check in verdict.checks}
    lines += [reason for reason in verdict.reasons if reason not in shown]
    return [*lines, *again(config, verdict), _last_line(run, verdict)]


def again(config: pytest.Config, verdict: Verdict) -> list[str]:
    """A command line that runs just the checks that did not pass, and deploys nothing."""
    if not any(check.outcome for check in verdict.checks):
        return []  # it was not the checks that went wrong
    failed = [check.public_id for check in verdict.checks if check.state is not State.OPEN]
    if not failed:
        return []
    words = ["pytest", f"--storedog-env={config.getoption('storedog_env')}"]
    if (file := config.getoption("storedog_config")) is not None:
        words.append(f"--storedog-config={file}")
    words += ["--storedog-deploy=never", *(f"--synthetics-id={p}" for p in failed)]
    return ["run them again: " + shlex.join(words)]


def _check_line(check: CheckVerdict, name: str) -> str:
    line = f"{check.public_id}  {name}  {_MARKS[check.state]}"
    if not check.required:
        line += " (not required)"
    retries = max((r.retries for r in check.outcome.results), default=0) if check.outcome else 0
    if retries:
        line += f" after {retries + 1} attempts"
    if check.reason:
        line += "".join(f"\n    {part}" for part in check.reason.splitlines())
    return line


def _last_line(run: GateRun, verdict: Verdict) -> str:
    required = [check for check in verdict.checks if check.required]
    passed = sum(check.state is State.OPEN for check in required)
    count = f"{passed}/{len(required)} checks passed"
    where = run.settings.environment.name
    if not run.settings.deploy:
        kind = "CHECKS PASSED" if verdict.state is State.OPEN else "CHECKS DID NOT PASS"
        return f"{kind} on {where}: {count}; nothing was deployed or recorded"
    state = verdict.state.value.upper()
    return f"GATE {state} for {where}: {count}, exit status {verdict.exit_status:d}"
