"""The reports as text, JSON, SARIF 2.1.0, or GitLab's code quality report."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.drone_lint.rules import RULES, Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.drone_lint.lint import Report

    Reports = Mapping[str, Report | str]  # by file; a text says why it could not be judged

_GITLAB = {Level.ERROR: "critical", Level.WARNING: "minor", Level.NOTE: "info"}


def text(reports: Reports, _version: str) -> str:
    """A line for each finding, as compilers write it, and for each file that is sound."""
    lines, judged = [], [r for r in reports.values() if not isinstance(r, str)]
    for file, report in reports.items():
        for f in [] if isinstance(report, str) else report.findings:
            ignored = f" (ignored: {f.ignored})" if f.ignored else ""
            lines.append(f"{file}:{f.line}: {f.level}[{f.rule}]{ignored}: {f.what}; {f.remedy}")
        if not isinstance(report, str) and report.sound:
            lines.append(f"{file}: sound: {report.judged}")
    counts = {level: sum(report.count(level) for report in judged) for level in Level}
    found = [f"{n} {level}{'s' * (n > 1)}" for level, n in counts.items() if n]
    lines += [f"{', '.join(found)}; docs/lint.md explains them"] if found else []
    # Names come from the file: what is in them must not steer a terminal.
    shown = ("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line) for line in lines)
    return "".join(f"{line}\n" for line in shown)


def as_json(reports: Reports, version: str) -> str:
    """All that is known, for programs."""
    files = [
        {"file": file, **({"error": r} if isinstance(r, str) else asdict(r))}
        for file, r in reports.items()
    ]
    return json.dumps({"version": version, "files": files}, indent=2) + "\n"


def sarif(reports: Reports, version: str) -> str:
    """For code scanning; what is ignored is suppressed there, with its reason."""
    errors = [each for each in reports.values() if isinstance(each, str)]
    results: list[dict[str, Any]] = [
        {
            "ruleId": f.rule,
            "level": f.level,
            "message": {"text": f"{f.what}; {f.remedy}"},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": file}, "region": {"startLine": f.line},
            }}],
            "suppressions": [{"kind": "inSource", "justification": f.ignored}] * bool(f.ignored),
        }
        for file, report in reports.items() if not isinstance(report, str)
        for f in report.findings
    ]  # fmt: skip
    rules = [{"id": r, "help": {"text": RULES[r]["remedy"]}} for r in RULES]
    driver = {"name": "storedog-gate lint", "version": version, "rules": rules}
    notes = [{"level": "error", "message": {"text": sentence}} for sentence in errors]
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": not errors, "toolExecutionNotifications": notes}],
        "results": results,
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def gitlab(reports: Reports, _version: str) -> str:
    """For a merge request; what is ignored is left out, as GitLab knows no such thing."""
    found = [
        (file, f.line, f.rule, f"{f.what}; {f.remedy}", _GITLAB[f.level])
        for file, report in reports.items() if not isinstance(report, str)
        for f in report.findings if not f.ignored
    ]  # fmt: skip
    unread = [
        (file, 1, "no-file", r, "blocker") for file, r in reports.items() if isinstance(r, str)
    ]
    issues = [
        {
            "description": said,
            "check_name": rule,
            "fingerprint": hashlib.sha256(f"{file}:{line}:{rule}:{said}".encode()).hexdigest(),
            "severity": severity,
            "location": {"path": file, "lines": {"begin": line}},
        }
        for file, line, rule, said, severity in (*found, *unread)
    ]
    return json.dumps(issues, indent=2) + "\n"


FORMATS = {"text": text, "json": as_json, "sarif": sarif, "gitlab": gitlab}
