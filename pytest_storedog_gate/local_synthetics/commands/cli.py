"""`storedog-synthetics`: Synthetics checks without pytest, and the local service."""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_storedog_gate.errors import GateError
from pytest_storedog_gate.local_synthetics.extras import remedy
from pytest_storedog_gate.outlets.plain_text import long_line
from pytest_storedog_gate.outlets.whole_file import refuse_links

if TYPE_CHECKING:
    from collections.abc import Sequence

_USAGE_ERROR, _INTERRUPTED = 4, 2  # the gate's exit statuses


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    options = _parser().parse_args(arguments)
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


# Each command is imported where it is run, so that --help needs no extra.


def _serve(options: argparse.Namespace) -> int:
    from pytest_storedog_gate.local_synthetics.api.server import serve  # noqa: PLC0415

    serve(
        address=(options.host, options.port),
        patterns=options.definitions,
        globals_file=options.globals,
        concurrency=options.concurrency,
        database=options.database,
        smtp=options.smtp,
        artifacts=options.artifacts,
        credentials=options.show_credentials,
        until_stdin_closes=options.until_stdin_closes,
        key_from_stdin=options.key_from_stdin,
    )
    return 0


def _run(options: argparse.Namespace) -> int:
    from pytest_storedog_gate.local_synthetics.commands.run import run  # noqa: PLC0415
    from pytest_storedog_gate.local_synthetics.commands.terminal_pause import terminal_pause  # noqa: PLC0415
    from pytest_storedog_gate.local_synthetics.kinds.browser.watching import Watching  # noqa: PLC0415

    return run(
        options.wanted,
        patterns=options.definitions,
        globals_file=options.globals,
        variables=dict(options.variable),
        start_url=options.start_url,
        smtp=options.smtp,
        artifacts=options.artifacts,
        watching=Watching(
            headed=options.headed,
            slow_mo=options.slow_mo / 1000,
            pause=terminal_pause() if options.pause_on_failure else None,
        ),
    )


def _trigger(options: argparse.Namespace) -> int:
    from pytest_storedog_gate.local_synthetics.commands.trigger import trigger  # noqa: PLC0415

    return trigger(
        options.public_ids,
        url=options.url,
        variables=dict(options.variable),
        start_url=options.start_url,
        timeout=options.timeout,
    )


def _pull(options: argparse.Namespace) -> int:
    from pytest_storedog_gate.local_synthetics.commands.pull import pull  # noqa: PLC0415

    return pull(
        options.public_ids, url=options.url, directory=options.directory, force=options.force
    )


def _fail(sentence: str, status: int = _USAGE_ERROR) -> int:
    sys.stderr.write(f"storedog-synthetics: {long_line(sentence)}\n")
    return status


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(_fail(f"{message} (see --help)"))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="storedog-synthetics", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_serve(commands.add_parser("serve", help="answer the Datadog Synthetics API"))
    _add_run(commands.add_parser("run", help="run checks here and show their outcomes"))
    _add_trigger(commands.add_parser("trigger", help="run tests at a service, by one API call"))
    _add_pull(commands.add_parser("pull", help="store the definitions of an account as files"))
    return parser


def _add_serve(serve: argparse.ArgumentParser) -> None:
    serve.set_defaults(run=_serve)
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=_port, default=0, help="default: a free one")
    _add_definitions(serve)
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
        "--concurrency", type=_positive, default=8, metavar="N", help="checks at once (default: 8)"
    )


def _add_run(run: argparse.ArgumentParser) -> None:
    run.set_defaults(run=_run)
    run.add_argument(
        "wanted",
        nargs="+",
        metavar="FILE|ID",
        help="a file of checks, or the public ID of one from --definitions",
    )
    _add_definitions(run)
    _add_overrides(run)
    run.add_argument("--headed", action="store_true", help="show the windows of browser tests")
    run.add_argument(
        "--slow-mo",
        type=_positive,
        default=0,
        metavar="MS",
        help="let the page stay so long after each step of browser tests",
    )
    run.add_argument(
        "--pause-on-failure",
        action="store_true",
        help="keep the page open at a failed step of browser tests until Enter is pressed",
    )


def _add_trigger(trigger: argparse.ArgumentParser) -> None:
    trigger.set_defaults(run=_trigger)
    trigger.add_argument("public_ids", nargs="+", metavar="ID")
    _add_url(trigger)
    _add_overrides(trigger)
    trigger.add_argument(
        "--timeout", type=_positive, default=1800, metavar="S", help="of the batch (default: 1800)"
    )


def _add_pull(pull: argparse.ArgumentParser) -> None:
    pull.set_defaults(run=_pull)
    pull.add_argument("public_ids", nargs="+", metavar="ID")
    _add_url(pull)
    pull.add_argument(
        "--directory", default=".", metavar="DIR", help="for ID.synthetics.json; default: here"
    )
    pull.add_argument("--force", action="store_true", help="overwrite files that are there")


def _add_url(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--url", help="the service; default: DD_API_HOST_OVERRIDE, else the site DD_SITE"
    )


def _add_definitions(command: argparse.ArgumentParser) -> None:
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


def _add_overrides(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--variable",
        action="append",
        type=_variable,
        default=[],
        metavar="NAME=VALUE",
        help="a variable's value in every check; once for each variable",
    )
    command.add_argument("--start-url", metavar="URL", help="the address that every check asks")


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        # The text may be a secret: it is not repeated.
        raise argparse.ArgumentTypeError("must be NAME=VALUE")
    return name, value


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


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number
