"""The command line of the service, and what the other commands of `storedog-synthetics` share."""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_storedog_gate.errors import GateError
from pytest_storedog_gate.local_synthetics.chromium.attempts import Attempts
from pytest_storedog_gate.local_synthetics.extras import remedy
from pytest_storedog_gate.outlets.help import Parser, examples, program
from pytest_storedog_gate.outlets.plain_text import long_line
from pytest_storedog_gate.outlets.whole_file import refuse_links

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_USAGE_ERROR, _INTERRUPTED = 4, 2  # the gate's exit statuses


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the service; returns the exit status."""
    return run_commands(arguments, "The local Synthetics service", add_serve)


def run_commands(
    arguments: Sequence[str] | None,
    description: str,
    *commands: Callable[[argparse._SubParsersAction[Parser]], None],
) -> int:
    """Run the command that the arguments name; each of `commands` adds one to the parser.

    Returns the exit status; whatever goes wrong is a sentence on standard error.
    """
    options = program("storedog-synthetics", description, *commands).parse_args(arguments)
    # With this, httpx goes without its own command line, and without the rich and pygments of it.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # its encoding may lack a character
    try:
        return int(options.run(options))
    except ModuleNotFoundError as error:
        sentence = remedy(error)
        if sentence is None:
            raise
        return _fail(sentence)
    except GateError as error:
        return _fail(str(error), error.exit_status)
    except KeyboardInterrupt:
        return _INTERRUPTED


def _fail(sentence: str, status: int = _USAGE_ERROR) -> int:
    sys.stderr.write(f"storedog-synthetics: {long_line(sentence)}\n")
    return status


def add_serve(
    commands: argparse._SubParsersAction[Parser], run: Callable[..., int] | None = None
) -> None:
    """Add the command that runs the service; `run` takes the place of what it does by itself."""
    serve = commands.add_parser(
        "serve",
        help="answer the Datadog Synthetics API",
        **examples("storedog-synthetics serve --port 8126 --definitions 'checks/*.json'"),
    )
    serve.set_defaults(run=run or _serve)
    serve.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine alone")
    serve.add_argument("--port", type=_port, default=0, help="default: a free one")
    add_definitions(serve)
    serve.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="end at the end of standard input, so with the process that holds its other end",
    )
    serve.add_argument(
        "--show-credentials",
        action="store_true",
        help="answer the credentials in definitions, as Datadog does and Terraform compares them, "
        "to whoever has the keys DD_API_KEY and DD_APP_KEY",
    )
    serve.add_argument(
        "--key-from-stdin",
        action="store_true",
        help="the first line of standard input is the key (DD-API-KEY) that requests must carry",
    )
    serve.add_argument(
        "--database", metavar="FILE", help="an SQLite file that keeps results over a restart"
    )
    serve.add_argument(
        "--soon",
        action="append",
        default=[],
        metavar="ID",
        help="a test that will run soon: what it needs is imported and started at once",
    )
    serve.add_argument(
        "--concurrency", type=positive, default=8, metavar="N", help="checks at once (default: 8)"
    )


def _serve(options: argparse.Namespace) -> int:
    # Here, so that --help needs no extra.
    from pytest_storedog_gate.local_synthetics.api.start import serve  # noqa: PLC0415

    serve(options)
    return 0


def add_definitions(command: argparse.ArgumentParser) -> None:
    """Add the options about definitions and what they need."""
    command.add_argument(
        "--definitions",
        nargs="+",
        action="extend",
        default=[],
        metavar="GLOB",
        help="files with the tests that can be named by their public ID",
    )
    command.add_argument(
        "--globals",
        metavar="FILE",
        help="a JSON file of global variables, beside those in the environment",
    )
    command.add_argument(
        "--smtp",
        type=_address,
        metavar="HOST:PORT",
        help="receive mail there for variables of type email; port 0 is a free one",
    )
    command.add_argument(
        "--artifacts",
        type=_directory,
        metavar="DIR",
        help="keep trace and page of browser tests that fail there; they hold secrets in plain",
    )
    command.add_argument(
        "--artifacts-count",
        type=positive,
        default=Attempts.count,
        metavar="N",
        help=f"the newest attempts stay there (default: {Attempts.count})",
    )
    command.add_argument(
        "--artifacts-days",
        type=positive,
        default=Attempts.days,
        metavar="N",
        help=f"for no longer than that (default: {Attempts.days})",
    )


def _directory(text: str) -> Path:
    path = Path(text)
    try:
        refuse_links(path)
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text}: {error.strerror}") from None
    return path


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not host or not colon or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text} is not HOST:PORT")
    return host.removeprefix("[").removesuffix("]"), _port(port)


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return number


def positive(text: str) -> int:
    """A whole number from 1 on."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number
