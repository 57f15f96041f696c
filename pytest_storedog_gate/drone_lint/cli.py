"""`storedog-gate`: what the gate does outside of pytest."""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import version
from importlib.util import find_spec
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.drone_lint.formats import FORMATS
from pytest_storedog_gate.drone_lint.pipelines.systems import SYSTEMS
from pytest_storedog_gate.drone_lint.rules import Level, Report
from pytest_storedog_gate.errors import ConfigurationError, ExitStatus
from pytest_storedog_gate.outlets.help import add_common, examples
from pytest_storedog_gate.reading.files import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERNAL_ERROR = 3
_WORST_LAST: list[int] = [ExitStatus.OPEN, ExitStatus.CLOSED, ExitStatus.USAGE, _INTERNAL_ERROR]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; docs/lint.md lists the exit statuses."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except ConfigurationError as error:
        return _fail(str(error))


def _init(options: argparse.Namespace) -> int:
    from pytest_storedog_gate.drone_lint.pipelines.init import Wanted, init  # noqa: PLC0415

    return init(Wanted(options.image, options.port, options.ci))


def _lint(options: argparse.Namespace) -> int:
    if find_spec("yaml") is None:
        return _fail("the linter needs PyYAML; pip install 'pytest-storedog-gate[lint]'")
    judged = [_judge(path) for path in dict.fromkeys(options.files)]
    reports, statuses = [report for report, _ in judged], [status for _, status in judged]
    bad = [Level.ERROR, Level.WARNING] if options.strict else [Level.ERROR]
    if any(report.count(level) for report in reports for level in bad):
        statuses.append(ExitStatus.CLOSED)
    if isinstance(sys.stdout, TextIOWrapper):  # a name may have letters that the terminal lacks
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.stdout.write(FORMATS[options.format](reports, version("pytest-storedog-gate")))
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
    _within = False

    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(_fail(f"{message} (see --help)"))

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Takes options between files too, as argparse does when it is asked, by this method."""
        # A parser with commands below it cannot.
        if self._within or self._subparsers is not None:
            return super().parse_known_args(args, namespace)
        self._within = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._within = False


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="storedog-gate",
        description=__doc__,
        **examples(
            "storedog-gate COMMAND --help",
            'eval "$(storedog-gate --print-completion bash)"',
        ),
    )
    add_common(parser)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_init(commands)
    _add_lint(commands)
    return parser


def _add_init(commands: argparse._SubParsersAction[_Parser]) -> None:
    init = commands.add_parser(
        "init",
        help="write a storedog.toml with staging and production, and a pipeline",
        **examples(
            "storedog-gate init --image localhost:5000/shop --port 8080 --ci drone",
            "storedog-gate init --ci github",
        ),
    )
    init.set_defaults(run=_init)
    init.add_argument("--image", metavar="REF", help="what is deployed on Docker, without a tag")
    init.add_argument(
        "--port", type=int, default=80, metavar="N", help="where it listens (default: 80)"
    )
    init.add_argument("--ci", choices=SYSTEMS, help="whose pipeline is written")


def _add_lint(commands: argparse._SubParsersAction[_Parser]) -> None:
    lint = commands.add_parser(
        "lint",
        help="name every way in which a pipeline's gate has no teeth",
        **examples("storedog-gate lint .drone.yml", "storedog-gate lint --strict --format=sarif"),
    )
    lint.set_defaults(run=_lint)
    files = "pipeline file, or - for standard input; default .drone.yml"
    lint.add_argument(
        "files", nargs="*", type=Path, default=[Path(".drone.yml")], metavar="FILE", help=files
    )
    lint.add_argument("--format", choices=[*FORMATS], default="text")
    lint.add_argument("--strict", action="store_true", help="end with 1 for warnings, too")
    release = f"storedog-gate {version('pytest-storedog-gate')}"
    lint.add_argument("--version", action="version", version=release)
