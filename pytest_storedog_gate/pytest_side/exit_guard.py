"""Keeps the process from ending with another status than the one that the gate has decided on.

pytest ends with 0 for `--help`, for `pytest.exit(returncode=0)` in a conftest and for whatever
calls `os._exit(0)`; Drone takes 78 for a pass as well; and the system takes 256 for a 0.
"""

from __future__ import annotations

import atexit
import gc
import os
import posix
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.errors import ExitStatus
from pytest_storedog_gate.outlets.whole_file import refuse_links, withdraw
from pytest_storedog_gate.pytest_side import refused_options
from pytest_storedog_gate.pytest_side.reporting import standard_error

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_GREEN = (0, 78)
_BYTE = 0xFF  # what the system keeps of an exit status


_FINISH = pytest.StashKey["Callable[[int], int]"]()


def finishes(config: pytest.Config, finish: Callable[[int], int]) -> None:
    """Lets `finish` have the last word: it gets pytest's status and returns the process's."""
    config.stash[_FINISH] = finish


def decided(config: pytest.Config, status: int) -> None:
    """Lets this status take the place of a green one; any other says that something went wrong."""
    finishes(config, lambda last: status if last & _BYTE in _GREEN else last & _BYTE)


def install(config: pytest.Config) -> None:
    """Guards the ways to end this process at once, and takes earlier reports away."""
    # xdist's workers have the same options, and one that starts late would take the run's own
    # report away. A run that a worker's test starts is told apart later, by `_Refusal`.
    if "PYTEST_XDIST_WORKER" not in os.environ:
        _withdraw_reports(config)
    # Else Python looks through all that there is for garbage, several times, before it ends.
    atexit.register(gc.freeze)
    real_exit, process = os._exit, os.getpid()

    def guarded_exit(status: int) -> None:
        if os.getpid() == process:
            status = _last_word(config, status)
            for stream in (sys.__stdout__, sys.__stderr__):
                with suppress(OSError, ValueError, AttributeError):
                    stream.flush()  # type: ignore[union-attr]  # a closed one is None
        real_exit(status)

    def guarded(execute: Callable[..., None]) -> Callable[..., None]:
        def instead(*arguments: object) -> None:
            # Another program in this one's place would end with a status of its own.
            if os.getpid() == process and not hasattr(config, "workerinput"):
                guarded_exit(0)
            execute(*arguments)

        return instead

    own = {"_exit": guarded_exit, "execv": guarded(os.execv), "execve": guarded(os.execve)}
    for module in (os, posix):
        vars(module).update(own)


def _withdraw_reports(config: pytest.Config) -> None:
    # Whatever becomes of this run, what an earlier one reported says nothing of it.
    given = config.known_args_namespace
    for path, mark in (
        (given.storedog_report, b"{"),
        (given.storedog_html, b"<"),
        (getattr(given, "xmlpath", None), b"<"),
    ):
        whole = config.invocation_params.dir / Path(os.path.expandvars(path or "")).expanduser()
        if not path:
            continue
        try:
            refuse_links(whole)
            # A mistyped path must not cost a file of another kind.
            if whole.is_file() and whole.read_bytes()[:1] in (mark, b""):
                withdraw(whole)
        except OSError as error:
            raise pytest.UsageError(
                f"{path}: the report of an earlier run cannot be replaced: {error.strerror}"
            ) from None


def guard_conftests(config: pytest.Config) -> Generator[None]:
    """Wraps the import of conftest files, which comes before the run."""
    try:
        result = yield
    except SystemExit as end:
        raise SystemExit(_last_word(config, _status_of(end))) from None
    # Now, and without a name: the last one registered is the outermost, and no option blocks it.
    config.pluginmanager.register(_Guard())
    config.pluginmanager.register(_Refusal())
    return result


class _Refusal:
    """Comes before what other plugins run in place of a session."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> None:
        if not hasattr(config, "workerinput"):
            _withdraw_reports(config)
            refused_options.refuse(config)


class _Guard:
    """Wraps all of pytest's run, whatever a conftest or a plugin puts around it."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> Generator[None, int | None, int | None]:
        try:
            status = (yield) or 0
        except SystemExit as end:
            status = _status_of(end)
        except pytest.UsageError as error:
            for line in error.args:
                standard_error.say(f"ERROR: {line}")
            status = pytest.ExitCode.USAGE_ERROR
        except (KeyboardInterrupt, pytest.exit.Exception) as end:
            asked = getattr(end, "returncode", None)
            status = int(pytest.ExitCode.INTERRUPTED if asked is None else asked)
        except BrokenPipeError:  # as with `| head`
            standard_error.say(
                "ERROR: who reads the output has closed it, so not all of it was said"
            )
            status = pytest.ExitCode.INTERNAL_ERROR
        except BaseException:  # noqa: BLE001  # a run must not stay open because a plugin broke
            traceback.print_exc()
            status = pytest.ExitCode.INTERNAL_ERROR
        return _last_word(config, int(status))


def _status_of(end: SystemExit) -> int:
    return end.code if isinstance(end.code, int) else int(bool(end.code))


def _last_word(config: pytest.Config, status: int) -> int:
    # xdist's workers are started with the controller's arguments, and decide nothing.
    if hasattr(config, "workerinput"):
        return status
    if (finish := config.stash.get(_FINISH, None)) is not None:
        try:
            return finish(status)
        except BaseException:  # noqa: BLE001  # nothing may end a run with a status by chance
            traceback.print_exc()
            return pytest.ExitCode.INTERNAL_ERROR
    status &= _BYTE
    if status not in _GREEN:
        return status
    standard_error.say(
        f"storedog-gate: pytest ended with {status} before the gate had decided anything, "
        f"which proves nothing: exit status {ExitStatus.INCONCLUSIVE:d}"
    )
    return ExitStatus.INCONCLUSIVE
