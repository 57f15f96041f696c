"""`storedog-synthetics`: starts the local Synthetics service."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_USAGE_ERROR = 4  # the gate's exit status for bad input
_EXTRA = {"starlette", "uvicorn", "httpx", "jsonpath", "regex"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        # Here, so that --help needs no extra and a missing one has a clear sentence.
        from pytest_storedog_gate.local_synthetics.server import (  # noqa: PLC0415
            ServeError,
            serve,
        )
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRA:
            raise
        return _fail(f"{package} is not installed; run: pip install 'pytest-storedog-gate[local]'")
    try:
        serve(
            address=(options.host, options.port),
            patterns=options.definitions,
            globals_file=options.globals,
            concurrency=options.concurrency,
            until_stdin_closes=options.until_stdin_closes,
        )
    except ServeError as error:
        return _fail(str(error))
    return 0


def _fail(sentence: str) -> int:
    sys.stderr.write(f"storedog-synthetics: {sentence}\n")
    return _USAGE_ERROR


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(_fail(f"{message} (see --help)"))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="storedog-synthetics", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="answer the Datadog Synthetics API")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=_port, default=0, help="default: a free one")
    serve.add_argument(
        "--definitions",
        nargs="+",
        action="extend",
        default=[],
        metavar="GLOB",
        help="files with the tests that can be triggered by their public ID",
    )
    serve.add_argument(
        "--globals",
        metavar="FILE",
        help="a JSON file of global variables, beside those in the environment",
    )
    serve.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="end at the end of standard input, so with the process that holds its other end",
    )
    serve.add_argument(
        "--concurrency", type=_positive, default=8, metavar="N", help="checks at once (default: 8)"
    )
    return parser


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return number


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number
