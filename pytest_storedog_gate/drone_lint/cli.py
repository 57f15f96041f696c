"""`storedog-gate`: what the gate does outside of pytest."""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import version
from importlib.util import find_spec
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint.rules import Level
from pytest_storedog_gate.errors import ConfigurationError, ExitStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_storedog_gate.drone_lint.lint import Report

_INTERNAL_ERROR = 3
_WORST_FIRST: list[int] = [_INTERNAL_ERROR, ExitStatus.USAGE, ExitStatus.CLOSED, ExitStatus.OPEN]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; docs/lint.md lists the exit statuses."""
    options = _parser().parse_args(arguments)
    if find_spec("yaml") is None:
        return _fail("the linter needs PyYAML; pip install 'pytest-storedog-gate[lint]'")
    from pytest_storedog_gate.drone_lint.formats import FORMATS  # noqa: PLC0415

    reports: dict[str, Report | str] = {}
    statuses = set()
    for path in dict.fromkeys(options.files):
        name = "<stdin>" if str(path) == "-" else str(path)
        reports[name], status = _judge(path, name, strict=options.strict)
        statuses.add(status)
    if isinstance(sys.stdout, TextIOWrapper):  # a name may have letters that the terminal lacks
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.stdout.write(FORMATS[options.format](reports, version("pytest-storedog-gate")))
    # One bad file hides no other, and the worst is told: our own fault, then the input's.
    return min(statuses, key=_WORST_FIRST.index)


def _judge(path: Path, name: str, *, strict: bool) -> tuple[Report | str, int]:
    from pytest_storedog_gate.drone_lint.lint import lint  # noqa: PLC0415

    root = Path() if name == "<stdin>" else path.parent
    try:
        data = sys.stdin.buffer.read() if name == "<stdin>" else path.read_bytes()
        report = lint(data.decode("utf-8-sig"), name, root)
    except ConfigurationError as error:
        sentence = str(error)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        sentence = f"{name}: cannot be read: {reason}; name a pipeline file"
    except RecursionError:
        sentence = f"{name}: it holds itself, or is nested too deeply to be read; untangle it"
    except Exception as error:  # noqa: BLE001  # whatever it is, the other files are judged
        sentence = f"{name}: an error of the linter itself, {error!r}; report it with the file"
        _fail(sentence)
        return sentence, _INTERNAL_ERROR
    else:
        found = report.count(Level.ERROR) + strict * report.count(Level.WARNING)
        return report, ExitStatus.CLOSED if found else ExitStatus.OPEN
    return sentence, _fail(sentence)


def _fail(sentence: str) -> int:
    sys.stderr.write(f"storedog-gate: {sentence}\n")
    return ExitStatus.USAGE


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(_fail(f"{message} (see --help)"))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="storedog-gate", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add = commands.add_parser("lint", help="name every way in which a pipeline's gate has no teeth")
    files = "pipeline file, or - for standard input; default .drone.yml"
    add.add_argument(
        "files", nargs="*", type=Path, default=[Path(".drone.yml")], metavar="FILE", help=files
    )
    add.add_argument("--format", choices=("text", "json", "sarif", "gitlab"), default="text")
    add.add_argument("--strict", action="store_true", help="end with 1 for warnings, too")
    for each in (parser, add):
        each.add_argument(
            "--version",
            action="version",
            version=f"storedog-gate {version('pytest-storedog-gate')}",
        )
    return parser
