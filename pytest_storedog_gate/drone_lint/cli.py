"""`storedog-gate`: what the gate does outside of pytest."""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import version
from importlib.util import find_spec
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint.formats import FORMATS
from pytest_storedog_gate.drone_lint.rules import Level, Report
from pytest_storedog_gate.errors import ConfigurationError, ExitStatus
from pytest_storedog_gate.reading.files import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERNAL_ERROR = 3
_WORST_LAST: list[int] = [ExitStatus.OPEN, ExitStatus.CLOSED, ExitStatus.USAGE, _INTERNAL_ERROR]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; docs/reference/lint.md lists the exit statuses."""
    release = version("pytest-storedog-gate")
    options = _parser(release).parse_intermixed_args(arguments)
    if find_spec("yaml") is None:
        return _fail("the linter needs PyYAML; pip install 'pytest-storedog-gate[lint]'")
    judged = [_judge(path) for path in dict.fromkeys(options.files)]
    reports, statuses = [report for report, _ in judged], [status for _, status in judged]
    bad = [Level.ERROR, Level.WARNING] if options.strict else [Level.ERROR]
    if any(report.count(level) for report in reports for level in bad):
        statuses.append(ExitStatus.CLOSED)
    if isinstance(sys.stdout, TextIOWrapper):  # a name may have letters that the terminal lacks
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.stdout.write(FORMATS[options.format](reports, release))
    # One bad file hides no other, and the worst is told: our own fault, then the input's.
    return max(statuses, key=_WORST_LAST.index)


def _judge(path: Path) -> tuple[Report, int]:
    from pytest_storedog_gate.drone_lint.lint import lint  # noqa: PLC0415  # it needs PyYAML

    name, root = ("<stdin>", Path()) if str(path) == "-" else (str(path), path.parent)
    status: int = ExitStatus.USAGE
    try:
        text = sys.stdin.buffer.read().decode() if name == "<stdin>" else text_of(path, name)
        return lint(text.removeprefix("\ufeff"), name, root), ExitStatus.OPEN
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


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(_fail(f"{message} (see --help)"))


def _parser(release: str) -> argparse.ArgumentParser:
    parser = _Parser(prog="storedog-gate", description=__doc__)
    add = parser.add_argument
    does = "name every way in which a pipeline's gate has no teeth"
    files = "pipeline file, or - for standard input; default .drone.yml"
    add("command", choices=["lint"], help=does)
    add("files", nargs="*", type=Path, default=[Path(".drone.yml")], metavar="FILE", help=files)
    add("--format", choices=[*FORMATS], default="text")
    add("--strict", action="store_true", help="end with 1 for warnings, too")
    add("--version", action="version", version=f"storedog-gate {release}")
    return parser
