"""The pytest11 entry point: options, markers, and one role object where the gate is on.

Without `--storedog-env` nothing else of this package is imported, and tests that use the gate's
fixtures are skipped.
"""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

# Options of the gate, and those of pytest that decide whose configuration is read.
_FROM_COMMAND_LINE = re.compile("--(storedog-|synthetics-|rootdir|config-file)|-[dfhlqsvxV]*c|@")
_OPTIONS = {
    "--storedog-env=NAME": "Environment to deploy to and to decide on; switches the gate on",
    "--storedog-config=PATH": "Configuration file; default storedog.toml at the rootdir, "
    "else [tool.storedog-gate] in pyproject.toml",
    "--storedog-image=REF": "Image to deploy: reference, tag or digest; default STOREDOG_IMAGE, "
    "then the file",
    "--storedog-deploy=auto|never": "never: run checks only, deploy nothing and record no verdict",
    "--storedog-lock-wait=SECONDS": "Wait this long for the environment's lock; default 0",
    "--storedog-override=REASON": "Promote without the required verdict; REASON is recorded",
    "--storedog-report=PATH": "Write the verdict as JSON to PATH",
    "--storedog-html=PATH": "Write the evidence as one HTML page to PATH",
    "--synthetics-backend=datadog|local": "Synthetics service to use; default from the file",
    "--synthetics-url=URL": "Address of the Synthetics API; default DD_API_HOST_OVERRIDE, then the "
    "file",
}
_REPEATABLE = {
    "--synthetics-id=ID": "Check to run: abc-def-ghi, abc-def-ghi@12 or a details URL",
    "--synthetics-search=QUERY": "Run the checks that Datadog's search finds, e.g. tag:storedog",
    "--synthetics-files=GLOB": "Run the checks that datadog-ci's test files name",
}
_SWITCHES = {
    "--storedog-plan": "Print what a run would do, step by step, and change nothing",
    "--storedog-redeploy": "Replace what is live even if it is the same image already",
    "--storedog-history": "Print what was deployed, when, by whom and with what verdict; change "
    "nothing",
}
_ROLLBACK = "--storedog-rollback"
_DEFAULTS = {"--storedog-deploy": "auto", "--storedog-lock-wait": "0"}


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declares what a user's plugin may provide."""
    from pytest_storedog_gate import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options of the contract, each with its own destination.

    None has a type or choices: a value that is none of them would end pytest before the reports of
    an earlier run are withdrawn.
    """
    add = parser.getgroup("storedog-gate", "Storedog deployment gate").addoption
    for option, text in _OPTIONS.items():
        flag, _, metavar = option.partition("=")
        add(flag, metavar=metavar, default=_DEFAULTS.get(flag), help=text)
    for option, text in _REPEATABLE.items():
        flag, _, metavar = option.partition("=")
        add(flag, metavar=metavar, action="append", default=[], help=f"{text}; repeatable")
    for flag, text in _SWITCHES.items():
        add(flag, action="store_true", help=text)
    add(
        _ROLLBACK,
        metavar="DIGEST",
        nargs="?",
        const=True,  # and "" is what a variable gives that is not set
        help="Put a version back that was let through here: the one before what is live, or the "
        "one whose digest begins so",
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Guards the exit status from here on, before any code of the user's runs."""
    # Known here even where a --help in PYTEST_ADDOPTS ends the parsing before it is reached.
    asked_for = early_config.known_args_namespace.storedog_env is not None
    # Old xdist's workers have no command line of their own; no worker decides anything.
    if not (asked_for and early_config.invocation_params.args):
        return (yield)
    from pytest_storedog_gate.pytest_side import exit_guard

    exit_guard.install(early_config)
    return (yield from exit_guard.guard_conftests(early_config))


def pytest_configure(config: pytest.Config) -> None:
    """Makes this process what it has to be: xdist's worker, or a controller."""
    config.addinivalue_line("markers", "synthetics: a test that belongs to the Storedog gate")
    # The roles are imported here: without the gate they must cost nothing.
    if hasattr(config, "workerinput"):
        if "storedog_gate" in config.workerinput:
            from pytest_storedog_gate.pytest_side.roles import worker

            worker.register(config, config.workerinput["storedog_gate"])
        else:
            config.pluginmanager.register(_WithoutGate(), "storedog-gate-off")
    elif config.getoption("storedog_env") is not None:
        from pytest_storedog_gate.pytest_side import garbage

        _refuse_options_from_elsewhere(config)
        with garbage.none_here():
            from pytest_storedog_gate.pytest_side.roles import which

            which.register(config)
    else:
        _refuse_options_without_gate(config)
        config.pluginmanager.register(_WithoutGate(), "storedog-gate-off")


class _WithoutGate:
    """The gate's fixtures where there is no gate: a test that uses one is skipped."""

    def _skip(self, request: pytest.FixtureRequest) -> NoReturn:
        """Skips the test: the fixture needs the gate."""
        pytest.skip(f"{request.fixturename} needs the gate: run pytest --storedog-env=NAME")

    storedog_public_id = pytest.fixture(_skip)
    storedog_outcome = pytest.fixture(_skip)
    storedog_trigger = pytest.fixture(_skip)


def _refuse_options_from_elsewhere(config: pytest.Config) -> None:
    # A variable of the machine must not decide what is proved: the pipeline file shows it.
    addopts = shlex.split(os.environ.get("PYTEST_ADDOPTS", "")) + config.getini("addopts")
    for option in addopts:
        if _FROM_COMMAND_LINE.match(option):
            name = option.partition("=")[0]
            raise pytest.UsageError(
                f"{name} comes from PYTEST_ADDOPTS or addopts; give the options of the gate, and "
                "those that choose the project, on the command line"
            )


def _refuse_options_without_gate(config: pytest.Config) -> None:
    # Such a run would test nothing of what it names, and could well be green.
    for option in (*_OPTIONS, *_REPEATABLE, *_SWITCHES, _ROLLBACK):
        flag = option.partition("=")[0]
        if config.getoption(flag) not in (None, False, [], _DEFAULTS.get(flag)):
            raise pytest.UsageError(f"{flag} means nothing without --storedog-env=NAME; add it")
