"""The gate outside of pytest: writes its configuration, lints pipelines, verifies verdicts."""

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from pytest_storedog_gate.drone_lint.rules import RULES, Level, Report
from pytest_storedog_gate.errors import ConfigurationError, ExitStatus
from pytest_storedog_gate.outlets.help import Parser, examples, program
from pytest_storedog_gate.outlets.plain_text import encodable, long_line
from pytest_storedog_gate.reading.files import text_of
from pytest_storedog_gate.settings.new_project.command import add_init
from pytest_storedog_gate.verdicts.attestation.command import add_proof

_INTERNAL_ERROR = 3
_GITLAB = {Level.ERROR: "critical", Level.WARNING: "minor", Level.NOTE: "info"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; docs/reference/lint.md lists the exit statuses."""
    parser = program("storedog-gate", __doc__ or "", add_init, _add_lint, add_proof)
    try:
        return int((options := parser.parse_args(arguments)).run(options))
    except ConfigurationError as error:
        return _fail(str(error))


def _add_lint(commands: "argparse._SubParsersAction[Parser]") -> None:
    usage = examples("storedog-gate lint .drone.yml", "storedog-gate lint --strict --format=sarif")
    lint = commands.add_parser("lint", help="name every way in which a gate has no teeth", **usage)
    lint.set_defaults(run=_lint)
    files = "pipeline file, or - for standard input; default .drone.yml"
    add, default = lint.add_argument, [Path(".drone.yml")]
    add("files", nargs="*", type=Path, default=default, metavar="FILE", help=files)
    add("--format", choices=[*_FORMATS], default="text", help="of the output (default: text)")
    add("--version", action="version", version=f"storedog-gate {version('pytest-storedog-gate')}")
    add("--strict", action="store_true", help="end with 1 for warnings, too")


def _lint(options: argparse.Namespace) -> int:
    if find_spec("yaml") is None:
        return _fail("the linter needs PyYAML; pip install 'pytest-storedog-gate[lint]'")
    judged = [_judge(path) for path in dict.fromkeys(options.files)]
    reports, statuses = [report for report, _ in judged], [status for _, status in judged]
    bad = [Level.ERROR, Level.WARNING] if options.strict else [Level.ERROR]
    statuses += [ExitStatus.CLOSED for r in reports if any(map(r.count, bad))]
    shown = _FORMATS[options.format](reports, version("pytest-storedog-gate"))
    # A name may have letters that the terminal lacks.
    sys.stdout.write(encodable(shown, sys.stdout.encoding or "utf-8"))
    # One bad file hides no other, and the worst is told: our own fault, then the input's.
    worst_last = [ExitStatus.OPEN, ExitStatus.CLOSED, ExitStatus.USAGE, _INTERNAL_ERROR]
    return max(statuses, key=worst_last.index)


def _judge(path: Path) -> tuple[Report, int]:
    from pytest_storedog_gate.drone_lint.lint import lint  # noqa: PLC0415  # it needs PyYAML

    name, root = ("<stdin>", Path()) if str(path) == "-" else (str(path), path.parent)
    status: int = ExitStatus.USAGE
    try:
        given = sys.stdin.buffer.read().decode("utf-8-sig") if name == "<stdin>" else None
        return lint(text_of(path, name) if given is None else given, name, root), ExitStatus.OPEN
    except ConfigurationError as error:
        sentence = str(error)
    except UnicodeDecodeError:
        sentence = f"{name}: is not UTF-8 text; save it as UTF-8"
    except RecursionError:
        sentence = f"{name}: is nested too deeply to be read; write it flatter"
    except Exception as error:  # noqa: BLE001  # whatever it is, the other files are judged
        status = _INTERNAL_ERROR
        sentence = f"{name}: an error of the linter itself, {error!r}; report it with the file"
    _fail(sentence)
    return Report(name, error=sentence), status


def _fail(sentence: str) -> int:
    sys.stderr.write(f"storedog-gate: {sentence}\n")
    return ExitStatus.USAGE


def _text(reports: list[Report], _version: str) -> str:
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


def _as_json(reports: list[Report], version: str) -> str:
    """All that is known, for programs."""
    return json.dumps({"version": version, "files": list(map(asdict, reports))}, indent=2) + "\n"


def _sarif(reports: list[Report], version: str) -> str:
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
    tool = {"driver": {"name": "storedog-gate lint", "version": version, "rules": rules}}
    ran = [{"executionSuccessful": not notes, "toolExecutionNotifications": notes}]
    run = {"tool": tool, "invocations": ran, "results": results}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _gitlab(reports: list[Report], _version: str) -> str:
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


_FORMATS = {"text": _text, "json": _as_json, "sarif": _sarif, "gitlab": _gitlab}
