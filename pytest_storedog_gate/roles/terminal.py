"""What the run says on the terminal: plain lines, and the verdict as the very last one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pytest_storedog_gate.gate.verdict import State

if TYPE_CHECKING:
    import pytest

    from pytest_storedog_gate.gate.run import GateRun
    from pytest_storedog_gate.gate.verdict import CheckVerdict, Verdict

_MARKS = {State.OPEN: "passed", State.CLOSED: "FAILED", State.INCONCLUSIVE: "NO VERDICT"}


def progress(config: pytest.Config, text: str) -> None:
    """One line about what has just been done."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        raw(f"storedog-gate: {text}")
    else:
        reporter.ensure_newline()
        reporter.write_line(f"storedog-gate: {text}")


def raw(text: str) -> None:
    """One line past pytest's own reporter."""
    stream = sys.__stderr__
    if stream is not None:
        stream.write(text + "\n")
        stream.flush()


def summary(config: pytest.Config, run: GateRun, verdict: Verdict) -> None:
    """The checks, what was deployed, and the verdict with its reason."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    lines = _lines(run, verdict)
    if reporter is None:
        for line in lines:
            raw(line)
        return
    opened = verdict.state is State.OPEN
    reporter.section("storedog gate", green=opened, red=not opened)
    for line in lines[:-1]:
        reporter.write_line(line)
    reporter.write_line(lines[-1], bold=True, green=opened, red=not opened)


def _lines(run: GateRun, verdict: Verdict) -> list[str]:
    width = max((len(check.name) for check in verdict.checks), default=0)
    if run.failure is not None and not any(check.outcome for check in verdict.checks):
        lines = [f"no check was run: {', '.join(check.public_id for check in verdict.checks)}"]
    else:
        lines = [_check_line(check, width) for check in verdict.checks]
    if run.batch is not None:
        lines.append(f"batch: {run.batch.url}")
    if run.deployment is not None:
        lines.append(f"deployed: {run.deployment.image}")
    if run.rolled_back:
        lines.append(run.rolled_back)
    if run.settings.report is not None:
        lines.append(f"report: {run.settings.report}")
    shown = {f"{check.public_id}: {check.reason}" for check in verdict.checks}
    lines += [reason for reason in verdict.reasons if reason not in shown]
    return [*lines, _last_line(run, verdict)]


def _check_line(check: CheckVerdict, width: int) -> str:
    line = f"{check.public_id}  {check.name:<{width}}  {_MARKS[check.state]}"
    attempts = (
        max((len(r.attempts) for r in check.outcome.results), default=1) if check.outcome else 1
    )
    if attempts > 1:
        line += f" after {attempts} attempts"
    if check.reason:
        line += "".join(f"\n    {part}" for part in check.reason.splitlines())
    return line


def _last_line(run: GateRun, verdict: Verdict) -> str:
    passed = sum(check.state is State.OPEN for check in verdict.checks)
    count = f"{passed}/{len(verdict.checks)} checks passed"
    where = run.settings.environment.name
    if not run.settings.deploy:
        kind = "CHECKS PASSED" if verdict.state is State.OPEN else "CHECKS DID NOT PASS"
        return f"{kind} on {where}: {count}; nothing was deployed or recorded"
    state = verdict.state.value.upper()
    return f"GATE {state} for {where}: {count}, exit status {verdict.exit_status:d}"
