"""lab/test: all of the project's checks, but for the tests that take minutes each."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lab.offline import programs
from lab.scripts.machine import chromium, npm, packages
from lab.scripts.pipeline import setup
from lab.scripts.prepare import prepare
from lab.scripts.progress import say
from lab.scripts.state import LAB, one_sentence

_LINTERS = (("ruff", "check"), ("ruff", "format", "--check"), ("mypy",))
_REQUIRED = "live,npm,browser,headed,pipeline,drone"
# Most tests wait for processes and containers. A file's tests share environments on the engine.
_SIDE_BY_SIDE = ("-n4", "--dist=loadfile", "--no-loadscope-reorder")
_NOT_LONG = ("-m", "not long")


def main() -> int:
    """Runs all, whatever the first ones say; pytest comes last, and its line is the last."""
    with one_sentence(), ThreadPoolExecutor(max_workers=1) as beside:
        # They need nothing of what is set up meanwhile, which mostly waits for downloads.
        linters = beside.submit(_lint)
        setup.ensure(prepare())
        npm.ensure()
        chromium.ensure()
        # A whole Chromium and a screen, for the tests of what a person watches.
        packages.need(busybox="busybox-static", Xvfb="xvfb", chromium="chromium")
        runner = programs.RUNNER.ensure()
        linted = linters.result()
        for done in linted:
            say(f"{' '.join(done.args[2:])}\n{done.stdout.rstrip()}")
        say("pytest")
        path = f"{runner.parent}:{os.environ['PATH']}"
        tests = _run(
            *("pytest", *_SIDE_BY_SIDE, *_NOT_LONG, *sys.argv[1:]),
            env=os.environ | {"PATH": path, "STOREDOG_REQUIRE": _REQUIRED},
        )
    return tests.returncode or max(done.returncode for done in linted)


def _lint() -> list[subprocess.CompletedProcess[str]]:
    return [_run(*linter, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for linter in _LINTERS]


def _run(*tool: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *tool]
    return subprocess.run(command, cwd=LAB.parent, text=True, check=False, **options)


if __name__ == "__main__":
    sys.exit(main())
