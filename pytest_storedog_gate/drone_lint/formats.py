"""The reports as text, JSON, SARIF 2.1.0, or GitLab's code quality report."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_storedog_gate.drone_lint.rules import RULES, Level
from pytest_storedog_gate.outlets.plain_text import long_line

if TYPE_CHECKING:
    from pytest_storedog_gate.drone_lint.rules import Report

_GITLAB = {Level.ERROR: "critical", Level.WARNING: "minor", Level.NOTE: "info"}


def text(reports: list[Report], _version: str) -> str:
    """A line for each finding, as compilers write it, and for each file that is sound."""
    lines = []
    for report in reports:
        for f in report.findings:
            ignored = f" (ignored: {f.ignored})" if f.ignored else ""
            lines.append(f"{report.file}:{f.line}: {f.level}[{f.rule}]{ignored}: {f.said}")
        lines += [f"{report.file}: sound: {report.judged}"] * report.sound
    counts = {level: sum(report.count(level) for report in reports) for level in Level}
    found = [f"{n} {level}{'s' * (n > 1)}" for level, n in counts.items() if n]
    lines += [f"{', '.join(found)}; docs/reference/lint.md explains them"] * bool(found)
    # Names come from the file: what is in them must not steer a terminal.
    return "".join(f"{long_line(line)}\n" for line in lines)


def as_json(reports: list[Report], version: str) -> str:
    """All that is known, for programs."""
    return json.dumps({"version": version, "files": list(map(asdict, reports))}, indent=2) + "\n"


def sarif(reports: list[Report], version: str) -> str:
    """For code scanning; what is ignored is suppressed there, with its reason."""
    rules = [{"id": rule, "help": {"text": said["remedy"]}} for rule, said in RULES.items()]
    notes = [{"level": "error", "message": {"text": r.error}} for r in reports if r.error]
    results = []
    for report in reports:
        path = Path(report.file)
        uri = path.as_uri() if path.is_absolute() else quote(report.file)
        for f in report.findings:
            place = {"artifactLocation": {"uri": uri}, "region": {"startLine": f.line}}
            reason = {"kind": "inSource", "justification": f.ignored}
            results.append(
                {
                    "ruleId": f.rule,
                    "level": f.level,
                    "message": {"text": f.said},
                    "locations": [{"physicalLocation": place}],
                    "suppressions": [reason] * bool(f.ignored),
                }
            )
    run = {
        "tool": {"driver": {"name": "storedog-gate lint", "version": version, "rules": rules}},
        "invocations": [{"executionSuccessful": not notes, "toolExecutionNotifications": notes}],
        "results": results,
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def gitlab(reports: list[Report], _version: str) -> str:
    """For a merge request; what is ignored is left out, as GitLab knows no such thing."""
    issues = [
        (report.file, f.line, f.rule, f.said, _GITLAB[f.level])
        for report in reports
        for f in report.findings
        if not f.ignored
    ]
    issues += [(r.file, 1, "no-file", r.error, "blocker") for r in reports if r.error]
    described = [
        {
            "description": said,
            "check_name": rule,
            "fingerprint": hashlib.sha256(ascii((file, line, rule, said)).encode()).hexdigest(),
            "severity": severity,
            "location": {"path": file, "lines": {"begin": line}},
        }
        for file, line, rule, said, severity in issues
    ]
    return json.dumps(described, indent=2) + "\n"


FORMATS = {"text": text, "json": as_json, "sarif": sarif, "gitlab": gitlab}
