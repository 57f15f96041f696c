"""The reports as text, JSON, SARIF 2.1.0, or GitLab's code quality report."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_storedog_gate.drone_lint.rules import RULES, Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.drone_lint.lint import Report
    from pytest_storedog_gate.drone_lint.rules import Finding

    Reports = Mapping[str, Report | str]  # by file; a text says why it could not be judged

_GITLAB = {Level.ERROR: "critical", Level.WARNING: "minor", Level.NOTE: "info"}


def text(reports: Reports, _version: str) -> str:
    """A line for each finding, as compilers write it, and for each file that is sound."""
    lines, counts = [], dict.fromkeys(Level, 0)
    for file, report in reports.items():
        if isinstance(report, str):
            continue
        for f in report.findings:
            ignored = f" (ignored: {f.ignored})" if f.ignored else ""
            lines.append(f"{file}:{f.line}: {f.level}[{f.rule}]{ignored}: {f.what}; {f.remedy}")
        lines += [f"{file}: sound: {report.judged}"] if report.sound else []
        counts = {level: n + report.count(level) for level, n in counts.items()}
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
    return _json({"version": version, "files": files})


def sarif(reports: Reports, version: str) -> str:
    """For code scanning; what is ignored is suppressed there, with its reason."""
    findings, errors = _apart(reports)
    results = [_result(file, f) for file, f in findings]
    rules = [{"id": rule, "help": {"text": said["remedy"]}} for rule, said in RULES.items()]
    notes = [{"level": "error", "message": {"text": sentence}} for _, sentence in errors]
    run = {
        "tool": {"driver": {"name": "storedog-gate lint", "version": version, "rules": rules}},
        "invocations": [{"executionSuccessful": not errors, "toolExecutionNotifications": notes}],
        "results": results,
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return _json({"$schema": schema, "version": "2.1.0", "runs": [run]})


def _result(file: str, f: Finding) -> dict[str, Any]:
    uri = Path(file).as_uri() if Path(file).is_absolute() else quote(file)
    place = {"artifactLocation": {"uri": uri}, "region": {"startLine": f.line}}
    return {
        "ruleId": f.rule,
        "level": f.level,
        "message": {"text": f"{f.what}; {f.remedy}"},
        "locations": [{"physicalLocation": place}],
        "suppressions": [{"kind": "inSource", "justification": f.ignored}] * bool(f.ignored),
    }


def gitlab(reports: Reports, _version: str) -> str:
    """For a merge request; what is ignored is left out, as GitLab knows no such thing."""
    findings, errors = _apart(reports)
    issues = [
        (file, f.line, f.rule, f"{f.what}; {f.remedy}", _GITLAB[f.level])
        for file, f in findings
        if not f.ignored
    ]
    issues += [(file, 1, "no-file", sentence, "blocker") for file, sentence in errors]
    return _json(
        [
            {
                "description": said,
                "check_name": rule,
                "fingerprint": hashlib.sha256(ascii((file, line, rule, said)).encode()).hexdigest(),
                "severity": severity,
                "location": {"path": file, "lines": {"begin": line}},
            }
            for file, line, rule, said, severity in issues
        ]
    )


def _apart(reports: Reports) -> tuple[list[tuple[str, Finding]], list[tuple[str, str]]]:
    """The findings of what was judged, and why the others could not be."""
    judged = [(file, r) for file, r in reports.items() if not isinstance(r, str)]
    errors = [(file, r) for file, r in reports.items() if isinstance(r, str)]
    return [(file, f) for file, report in judged for f in report.findings], errors


def _json(value: Any) -> str:
    return json.dumps(value, indent=2) + "\n"


FORMATS = {"text": text, "json": as_json, "sarif": sarif, "gitlab": gitlab}
