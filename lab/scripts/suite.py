"""lab/test: all of the project's checks, but for the tests that take minutes each."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from lab.offline import programs
from lab.offline.kubernetes import cluster
from lab.scripts.machine import chromium, npm, packages, plugins
from lab.scripts.machine.swarm.engines import LAB as SWARM
from lab.scripts.pipeline import setup
from lab.scripts.prepare import prepare
from lab.scripts.progress import say
from lab.scripts.state import LAB, one_sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

_LINTERS = (("ruff", "check"), ("ruff", "format", "--check"), ("mypy",))
_PROGRAMS = (programs.COSIGN, programs.REFERRERS)
_REQUIRED = "live,cosign,npm,browser,headed,pipeline,drone,plugins,docs,index,swarm"
# A whole Chromium, a screen, a mouse and keys, for the tests of what a person watches and does.
_PERSON = {"Xvfb": "xvfb", "chromium": "chromium", "xdotool": "xdotool"}
# Most tests wait for processes and containers. A file's tests share environments on the engine.
_SIDE_BY_SIDE = ("-n4", "--dist=loadfile", "--no-loadscope-reorder")
_NOT_LONG = ("-m", "not long")
# What comes within it is one wish: a busy machine may be a second late with its second half.
AT_ONCE = 3.0  # s
_ENDED_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Runs all, whatever the first ones say; pytest comes last, and its line is the last."""
    root = os.geteuid() == 0
    beside = (*_PROGRAMS, programs.KUBERNETES) if root else _PROGRAMS
    with one_sentence(), ThreadPoolExecutor(max_workers=1) as pool:
        # They need nothing of what is set up meanwhile, which waits for downloads half the time.
        linters = pool.submit(_lint)
        with programs.built_beside(*beside):
            setup.ensure(prepare())
            npm.ensure()
            plugins.ensure()
            chromium.ensure()
            SWARM.ensure()
            packages.need(busybox="busybox-static", sshd="openssh-server", **_PERSON)
        built = [each.ensure() for each in (programs.RUNNER, *_PROGRAMS)]
        required = _REQUIRED
        # Else its tests are skipped, and say so.
        if root:
            cluster.up()
            required += ",kubernetes"
        built += [each.path for each in programs.ADMISSION if each.path.exists()]
        linted = linters.result()
        for done in linted:
            say(f"{' '.join(done.args[2:])}\n{done.stdout.rstrip()}")
        say("pytest")
        path = os.pathsep.join([*(str(each.parent) for each in built), os.environ["PATH"]])
        tests = run_to_its_end(
            [sys.executable, "-m", "pytest", *_SIDE_BY_SIDE, *_NOT_LONG, *sys.argv[1:]],
            cwd=LAB.parent,
            env=os.environ | {"PATH": path, "STOREDOG_REQUIRE": required},
        )
    return tests or max(done.returncode for done in linted)


def run_to_its_end(command: Sequence[str], **options: Any) -> int:
    """The exit status of a pytest; what would end this process ends it as Ctrl-C does.

    In a session of its own it hears of that from here alone, with all that it has started: a
    SIGTERM to the whole process group would end it without a word and leave its containers.
    """
    started: list[int] = []
    heard = 0.0

    def end(*_: object) -> None:
        nonlocal heard
        if not started:
            raise KeyboardInterrupt
        # timeout(1) tells first its child and then its group, which is the same wish. The second
        # may be heard within this very call.
        earlier, heard = heard, time.monotonic()
        if heard - earlier > AT_ONCE:
            os.killpg(started[0], signal.SIGINT)

    before = {number: signal.signal(number, end) for number in _ENDED_BY}
    try:
        with subprocess.Popen(command, start_new_session=True, **options) as process:
            started.append(process.pid)
            return process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _lint() -> list[subprocess.CompletedProcess[str]]:
    return [_run(*linter, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for linter in _LINTERS]


def _run(*tool: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *tool]
    return subprocess.run(command, cwd=LAB.parent, text=True, check=False, **options)


if __name__ == "__main__":
    sys.exit(main())
