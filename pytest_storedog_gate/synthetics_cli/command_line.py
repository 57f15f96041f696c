"""Synthetics checks without pytest: writes them, runs them, and serves Datadog's API for them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.command_line import (
    add_definitions,
    add_serve,
    positive,
    run_commands,
)
from pytest_storedog_gate.outlets.help import Parser, examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    Commands = argparse._SubParsersAction[Parser]  # noqa: SLF001  # it has no other name

_PUBLIC_ID = "the public ID of a test"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    return run_commands(
        arguments,
        __doc__ or "",
        _add_init,
        _add_record,
        _add_validate,
        _add_serve,
        _add_run,
        _add_trigger,
        _add_pull,
    )


# Each command is imported where it is run, so that --help needs no extra.


def _serve(options: argparse.Namespace) -> int:
    from pytest_storedog_gate.local_synthetics.api.start import serve  # noqa: PLC0415
    from pytest_storedog_gate.synthetics_cli.pages import routes  # noqa: PLC0415

    serve(options, pages=routes)
    return 0


def _init(options: argparse.Namespace) -> int:
    from pytest_storedog_gate.synthetics_cli.authoring.init import init  # noqa: PLC0415

    return init(options.url, browser=options.browser, environment=options.env)


def _record(options: argparse.Namespace) -> int:
    from pytest_storedog_gate.synthetics_cli.authoring.record import record  # noqa: PLC0415

    return record(options.url, options.output)


def _validate(options: argparse.Namespace) -> int:
    from pytest_storedog_gate.synthetics_cli.authoring.validate import validate  # noqa: PLC0415

    return validate(options.files)


def _run(options: argparse.Namespace) -> int:
    from pytest_storedog_gate.local_synthetics.chromium.attempts import Attempts  # noqa: PLC0415
    from pytest_storedog_gate.local_synthetics.chromium.watching import Watching  # noqa: PLC0415
    from pytest_storedog_gate.synthetics_cli.run import Asked, run  # noqa: PLC0415
    from pytest_storedog_gate.synthetics_cli.running.again import on_each_change  # noqa: PLC0415
    from pytest_storedog_gate.synthetics_cli.terminal_pause import terminal_pause  # noqa: PLC0415

    asked = Asked(
        options.wanted,
        patterns=options.definitions,
        containing=options.containing,
        globals_file=options.globals,
        given=_overrides(options),
        smtp=options.smtp,
        artifacts=Attempts.asked(options),
        junitxml=options.junitxml,
        json=options.json,
        watching=Watching(
            headed=options.headed,
            slow_mo=options.slow_mo / 1000,
            pause=terminal_pause() if options.pause_on_failure else None,
        ),
    )
    if options.watch:
        on_each_change(lambda: run(asked), asked.files)
    return run(asked)


def _trigger(options: argparse.Namespace) -> int:
    from pytest_storedog_gate.synthetics_cli.trigger import trigger  # noqa: PLC0415

    return trigger(
        options.public_ids,
        url=options.url,
        overrides=_overrides(options),
        timeout=options.timeout,
    )


def _pull(options: argparse.Namespace) -> int:
    from pytest_storedog_gate.synthetics_cli.pull import pull  # noqa: PLC0415

    return pull(
        options.public_ids, url=options.url, directory=options.directory, force=options.force
    )


def _add_init(commands: Commands) -> None:
    init = commands.add_parser(
        "init",
        help="write a first check and a storedog.toml",
        **examples(
            "storedog-synthetics init http://127.0.0.1:8080/",
            "storedog-synthetics init --browser http://127.0.0.1:8080/",
        ),
    )
    init.set_defaults(run=_init)
    init.add_argument("url", nargs="?", metavar="URL", help="what is to be checked; else asked for")
    init.add_argument("--browser", action="store_true", help="a check of the page in a browser")
    init.add_argument(
        "--env",
        metavar="NAME",
        help="the environment (default: the first in a configuration that is there, else staging)",
    )


def _add_record(commands: Commands) -> None:
    record = commands.add_parser(
        "record",
        help="write a browser test of what you do in a window",
        **examples(
            "storedog-synthetics record http://127.0.0.1:8080/",
            "storedog-synthetics record http://127.0.0.1:8080/ --output checks/buy.synthetics.json",
        ),
    )
    record.set_defaults(run=_record)
    record.add_argument("url", metavar="URL", help="the page where the test begins")
    record.add_argument(
        "--output",
        type=Path,
        default=Path("checks/recorded.synthetics.json"),
        metavar="PATH",
        help="the file (default: checks/recorded.synthetics.json)",
    )


def _add_validate(commands: Commands) -> None:
    validate = commands.add_parser(
        "validate",
        help="say all that is wrong in files of checks",
        **examples("storedog-synthetics validate 'checks/*.synthetics.json'"),
    )
    validate.set_defaults(run=_validate)
    validate.add_argument("files", nargs="+", metavar="FILE", help="a file of checks, or a glob")


def _add_serve(commands: Commands) -> None:
    add_serve(commands, run=_serve)


def _add_run(commands: Commands) -> None:
    run = commands.add_parser(
        "run",
        help="run checks here and show their outcomes",
        **examples(
            "storedog-synthetics run checks/http.synthetics.json",
            "storedog-synthetics run 'checks/*.json' -k shop --junitxml=junit.xml",
            "storedog-synthetics run 'checks/*.json' abc-def-ghi --watch",
        ),
    )
    run.set_defaults(run=_run)
    run.add_argument(
        "wanted",
        nargs="+",
        metavar="FILE|ID",
        help="a file of checks; public IDs choose among the files' and those of --definitions",
    )
    add_definitions(run)
    _add_overrides(run)
    run.add_argument(
        "-k",
        dest="containing",
        default="",
        metavar="TEXT",
        help="only checks with this in their name, public ID or tags, in capitals or not",
    )
    run.add_argument("--junitxml", type=Path, metavar="PATH", help="the results as JUnit XML")
    run.add_argument("--json", type=Path, metavar="PATH", help="the results as JSON")
    run.add_argument(
        "--watch", action="store_true", help="run again whenever a file of checks changes"
    )
    run.add_argument("--headed", action="store_true", help="show the windows of browser tests")
    run.add_argument(
        "--slow-mo",
        type=positive,
        default=0,
        metavar="MS",
        help="let the page stay so long after each step of browser tests",
    )
    run.add_argument(
        "--pause-on-failure",
        action="store_true",
        help="keep the page open at a failed step of browser tests until Enter is pressed",
    )


def _add_trigger(commands: Commands) -> None:
    trigger = commands.add_parser(
        "trigger",
        help="run tests at a service, by one API call",
        **examples("storedog-synthetics trigger abc-def-ghi --url http://127.0.0.1:8126"),
    )
    trigger.set_defaults(run=_trigger)
    trigger.add_argument("public_ids", nargs="+", metavar="ID", help=_PUBLIC_ID)
    _add_url(trigger)
    _add_overrides(trigger)
    trigger.add_argument(
        "--timeout", type=positive, default=1800, metavar="S", help="of the batch (default: 1800)"
    )


def _add_pull(commands: Commands) -> None:
    pull = commands.add_parser(
        "pull",
        help="store the definitions of an account as files",
        **examples("storedog-synthetics pull abc-def-ghi --directory checks"),
    )
    pull.set_defaults(run=_pull)
    pull.add_argument("public_ids", nargs="+", metavar="ID", help=_PUBLIC_ID)
    _add_url(pull)
    pull.add_argument(
        "--directory", default=".", metavar="DIR", help="for ID.synthetics.json; default: here"
    )
    pull.add_argument("--force", action="store_true", help="overwrite files that are there")


def _add_url(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--url", help="the service; default: DD_API_HOST_OVERRIDE, else the site DD_SITE"
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


def _overrides(options: argparse.Namespace) -> dict[str, Any]:
    variables = {"variables": dict(options.variable)} if options.variable else {}
    return variables if options.start_url is None else {**variables, "startUrl": options.start_url}


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        # The text may be a secret: it is not repeated.
        raise argparse.ArgumentTypeError("must be NAME=VALUE")
    return name, value
