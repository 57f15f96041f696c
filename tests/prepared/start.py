"""What a start of Python does with its arguments and environment, done by a process that runs."""

from __future__ import annotations

import atexit
import io
import os
import re
import runpy
import signal
import sys
import threading
import types
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.prepared.jobs import Job

# What the interpreter and its libraries read when they start, but for what is done here.
_READ_AT_START = re.compile("(PYTHON(?!PATH$)|LC_|LANG|LD_|TZ$|PYTEST_DEBUG$)")
_RUN_BY_SITE = ("sitecustomize", "usercustomize")


def _read_at_start() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if _READ_AT_START.match(name)}


def _python_path() -> list[str]:
    return [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]


_exit = os._exit  # the gate puts its own there
_READ = _read_at_start()
LIBRARIES = sys.path[1 + len(_python_path()) :]
_BY_MODULE, _BY_CODE = "-m", ["-u", "-c"]


def understood(args: Sequence[str]) -> bool:
    """Whether this file knows how to start Python with these arguments."""
    return args[1].startswith(_BY_MODULE) or list(args[1:3]) == _BY_CODE


def python(job: Job) -> None:
    """Makes this process the Python that the job asks for, and runs it."""
    for number, stream in enumerate(job.streams):
        os.dup2(stream, number)
    job.close()
    os.chdir(job.cwd)
    os.environ.clear()
    os.environ.update(job.env)
    first = _python_path()
    if _read_at_start() != _READ or any(map(_comes_first, (job.cwd, *first))):
        _exec(job.args)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.orig_argv = job.args
    sys.path[:] = [job.cwd, *first, *LIBRARIES]
    # The path that it was imported with is what xdist gives its workers.
    vars(sys.modules["xdist.workermanage"])["_sys_path"] = list(sys.path)
    _open_streams(unbuffered=job.args[1] == "-u")
    try:
        if job.args[1:3] == _BY_CODE:
            _run_code(*job.args[3:])
        else:
            _run_module(job.args[1:])
    except SystemExit as end:
        if not isinstance(end.code, int | None):
            raise
        _end(end.code or 0)
    else:
        _end(0)


def _comes_first(folder: str) -> bool:
    """Whether a start would have found there what was imported from elsewhere, or run by site."""
    for path in Path(folder).iterdir() if Path(folder).is_dir() else ():
        module, _, suffix = path.name.partition(".")
        if module in _RUN_BY_SITE:
            return True
        imported = sys.modules.get(module)
        file = getattr(imported, "__file__", None) or ""
        if imported and suffix in ("", "py") and not file.startswith(f"{folder}/"):
            return True
    return False


def _exec(args: list[str]) -> None:
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.execv(sys.executable, args)  # noqa: S606  # there is no shell


def _open_streams(*, unbuffered: bool) -> None:
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        before = getattr(sys, f"__{name}__")
        at_once = number > 0 and (unbuffered or before.write_through)
        stream = io.TextIOWrapper(
            open(  # noqa: SIM115  # as long as the process
                number, "wb" if number else "rb", 0 if at_once else -1, closefd=False
            ),
            before.encoding,
            before.errors,
            line_buffering=os.isatty(number) or (number == 2 and not at_once),
            write_through=at_once,
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _end(status: int) -> None:
    """Ends as Python does, but leaves all objects where they are.

    To take apart what was imported would copy each page of memory that it is on.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    with suppress(OSError, ValueError, AttributeError):  # which Python will say
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        _exit(status)


def _run_code(code: str, *arguments: str) -> None:
    sys.path[0] = ""
    sys.argv[:] = ["-c", *arguments]
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    exec(code, vars(main))  # noqa: S102  # as the command line says


def _run_module(words: list[str]) -> None:
    name = words[0].removeprefix(_BY_MODULE)
    first, *arguments = [name, *words[1:]] if name else words[1:]
    sys.argv[:] = [first, *arguments]
    runpy.run_module(first, run_name="__main__", alter_sys=True)
