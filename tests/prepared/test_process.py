"""A run of the prepared process is what a run is that is started as usual."""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import MODES
from tests.prepared.runs import AS_USUAL

if TYPE_CHECKING:
    from tests.conftest import GateProject
    from tests.prepared.runs import Prepared

# Each process of a run writes what it finds when pytest has read its options.
FACTS = """\
import gc, json, locale, logging, os, platform, resource, signal, sys, tempfile, threading
import warnings
from importlib.metadata import distributions
from pathlib import Path

def pytest_configure(config):
    worker = os.environ.get("PYTEST_XDIST_WORKER", "controller")
    streams = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    facts = {
        "arguments": [sys.argv, sys.orig_argv, config.invocation_params.args],
        "folders": [os.getcwd(), tempfile.gettempdir(), os.umask(0o22)],
        "path": sys.path,
        "environment": dict(os.environ),
        "signals": {
            number.name: repr(signal.getsignal(number)) for number in signal.valid_signals()
            if isinstance(number, signal.Signals)
        },
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "limits": [resource.getrlimit(n) for n in range(resource.RLIMIT_OFILE + 1)],
        "interpreter": [
            repr(sys.flags), sys.getrecursionlimit(), locale.setlocale(locale.LC_ALL),
            [gc.isenabled(), gc.get_threshold(), gc.get_debug()], sys.gettrace() is None,
            [repr(one).partition(" at ")[0] for one in (*sys.meta_path, *sys.path_hooks)],
            sys.excepthook is sys.__excepthook__,
            threading.excepthook is threading.__excepthook__,
        ],
        # A library that is imported later says then what becomes of its own.
        "warnings": [
            repr(one) for one in warnings.filters if one[2].__module__ == "builtins"
        ],
        "logging": [
            logging.root.level, repr(logging.root.handlers), logging.root.manager.disable,
            {n: one.level for n, one in sorted(logging.root.manager.loggerDict.items())
             if isinstance(one, logging.Logger) and one.level},
        ],
        "children": [Path(f"/proc/self/task/{os.getpid()}/children").read_text() == "",
                     os.getsid(0) == os.getsid(os.getppid())],
        "streams": [[one.encoding, one.errors, one.line_buffering] for one in streams],
        "machine": platform.platform(),
        "packages": {
            one.name: [one.version, repr(one.entry_points), len(one.files or ())]
            for one in distributions()
        },
        "threads": threading.active_count(),
        "prepared": "tests.prepared" in Path("/proc/self/cmdline").read_text(),
    }
    Path(__file__).with_name(worker + ".json").write_text(json.dumps(facts))
"""
# All that a run has started, while its checks run: what it is a fork of, and whose signals it gets.
STARTED = """\
import json, os
from pathlib import Path

def pytest_runtest_logreport():
    if "PYTEST_XDIST_WORKER" in os.environ: return
    children = [int(pid) for one in Path("/proc/self/task").iterdir()
                for pid in (one / "children").read_text().split()]
    facts = [["tests.prepared" in Path(f"/proc/{pid}/cmdline").read_text(), os.getpgid(pid) == pid]
             for pid in children]
    Path("started.json").write_text(json.dumps(facts))
"""
# What readline tells the children of a process that has imported it, as pdb does.
READLINES = ("LINES", "COLUMNS")
ENDS = {
    "by sys.exit": ("sys.exit(7)", 7),
    "with last words": (
        "import atexit; atexit.register(os.write, 2, b'the end\\n'); sys.exit(7)",
        7,
    ),
    "at once": ("os._exit(3)", 3),
    "by a signal": ("os.kill(os.getpid(), 9)", -9),
}
# It ends by itself if nobody is there to release it.
WAITS = """\
import os, time
end = time.monotonic() + 20
while not os.path.exists(os.environ["UNTIL"]) and time.monotonic() < end: time.sleep(0.01)
os._exit(int(os.environ["STATUS"]))
"""


def told(project: GateProject) -> dict[str, Any]:
    """What the processes of a run tell, by process; without what no two runs have in common."""
    assert project.run().ret == 0
    files = (*project.path.glob("controller.json"), *project.path.glob("gw*.json"))
    facts = {file.stem: json.loads(file.read_text("utf-8")) for file in files}
    for one in facts.values():
        one["arguments"] = [
            [word for word in words if "basetemp" not in word] for words in one["arguments"]
        ]
        for name in ("PYTEST_XDIST_TESTRUNUID", "PYTEST_CURRENT_TEST", *READLINES, AS_USUAL):
            one["environment"].pop(name, None)
    return facts


@pytest.mark.parametrize("mode", ["no-xdist", "n2"])
def test_finds_what_others_find(
    project: GateProject, mode: str, request: pytest.FixtureRequest
) -> None:
    project.mode = MODES[mode]
    project.pytester.makeconftest(FACTS)
    prepared = told(project)
    request.getfixturevalue("started_as_usual")
    usual = told(project)
    assert set(prepared) == ({"controller", "gw0", "gw1"} if mode == "n2" else {"controller"})
    for process in prepared:
        assert prepared[process].pop("prepared")
        assert not usual[process].pop("prepared")
    assert prepared == usual


@pytest.mark.parametrize(("mode", "workers"), [("no-xdist", 0), ("n2", 2)])
def test_what_it_starts_is_prepared_too(project: GateProject, mode: str, workers: int) -> None:
    project.mode = MODES[mode]
    project.pytester.makeconftest(STARTED)
    assert project.run().ret == 0
    started = json.loads((project.path / "started.json").read_text("utf-8"))
    a_worker, the_service = [True, False], [True, True]  # which has a process group of its own
    assert sorted(started) == [*[a_worker] * workers, the_service]


@pytest.mark.parametrize("end", ENDS)
def test_ends_as_others_end(project: GateProject, end: str, request: pytest.FixtureRequest) -> None:
    code, status = ENDS[end]
    project.pytester.makeconftest(f"import os, sys\n{code}")
    prepared = project.run()
    request.getfixturevalue("started_as_usual")
    usual = project.run()
    assert prepared.ret == usual.ret == status
    assert prepared.errlines == usual.errlines


def test_a_package_of_the_project_s_own_is_found(project: GateProject) -> None:
    package = project.path / "own-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Name: own\nVersion: 1.0\n", "utf-8")
    (package / "entry_points.txt").write_text("[pytest11]\nown = its_plugin\n", "utf-8")
    (project.path / "its_plugin.py").write_text("import os; os._exit(11)", "utf-8")
    assert project.run().ret == 11


@pytest.mark.parametrize("name", ["requests.py", "requests/__init__.py", "sitecustomize.py"])
def test_a_module_of_the_project_s_own_comes_first(project: GateProject, name: str) -> None:
    module = project.path / name
    module.parent.mkdir(exist_ok=True)
    module.write_text("import os; os._exit(11)", "utf-8")
    assert project.run().ret == 11


def test_runs_go_on_side_by_side(prepared: Prepared, project: GateProject) -> None:
    project.pytester.makeconftest(WAITS)
    command = [sys.executable, "-m", "pytest", *project.mode, "--storedog-env=staging"]

    def run(until: str, status: int) -> int:
        environment = {**os.environ, "UNTIL": until, "STATUS": str(status)}
        return prepared.run(command, project.path, environment).returncode

    with ThreadPoolExecutor() as pool:
        first = pool.submit(run, "released", 3)
        second = run("storedog.toml", 5)
        goes_on = not first.done()
        (project.path / "released").touch()
        assert (first.result(), second, goes_on) == (3, 5, True)
