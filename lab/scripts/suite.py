"""lab/test: all of the project's checks, but for the tests that take minutes each."""

from __future__ import annotations

import os
import subprocess
import sys

from . import chromium, npm, packages
from .pipeline import programs, setup
from .prepare import prepare
from .state import LAB, one_sentence

_REQUIRED = "live,npm,browser,pipeline,drone"
# Most tests wait for processes and containers. A file's tests share environments on the engine.
_SIDE_BY_SIDE = ("-n4", "--dist=loadfile", "--no-loadscope-reorder")
_NOT_LONG = ("-m", "not long")


def main() -> int:
    """Runs all, whatever the first ones say; pytest comes last, and its line is the last."""
    with one_sentence():
        setup.ensure(prepare())
        npm.ensure()
        chromium.ensure()
        packages.need(busybox="busybox-static")
        runner = programs.RUNNER.ensure()
        lint = [_run("ruff", "check"), _run("ruff", "format", "--check"), _run("mypy")]
        arguments = (*_SIDE_BY_SIDE, *_NOT_LONG, *sys.argv[1:])
        path = f"{runner.parent}:{os.environ['PATH']}"
        status = _run("pytest", *arguments, PATH=path, STOREDOG_REQUIRE=_REQUIRED)
    return status or max(lint)


def _run(tool: str, *arguments: str, **environment: str) -> int:
    print(f"- {tool}", flush=True)
    return subprocess.run(
        [sys.executable, "-m", tool, *arguments],
        cwd=LAB.parent,
        env=os.environ | environment,
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
