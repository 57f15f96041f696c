"""`storedog-gate`: what the gate does outside of pytest."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_storedog_gate.errors import ExitStatus, GateError

from .lint import lint

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0 for no finding, 1 for findings, 4 for bad input."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except GateError as error:
        return _fail(str(error))
    except RecursionError:
        return _fail("a file holds itself, or is nested too deeply to be read; untangle it")


def _lint(options: argparse.Namespace) -> int:
    count = 0
    for path in options.files:
        report = lint(path)
        lines = [finding.text(str(path)) for finding in report.findings]
        count += len(lines)
        sys.stdout.write("\n".join(lines or [f"{path}: sound: {report.sound}"]) + "\n")
    if count:
        sys.stdout.write(f"{count} finding{'s' * (count > 1)}; docs/drone.md explains them\n")
    return ExitStatus.CLOSED if count else ExitStatus.OPEN


def _fail(sentence: str) -> int:
    sys.stderr.write(f"storedog-gate: {sentence}\n")
    return ExitStatus.USAGE


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(_fail(f"{message} (see --help)"))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="storedog-gate", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    command = commands.add_parser(
        "lint", help="name every way in which the gate of a Drone pipeline file has no teeth"
    )
    command.set_defaults(run=_lint)
    command.add_argument(
        "files", nargs="*", type=Path, default=[Path(".drone.yml")], metavar="FILE"
    )
    return parser
