"""However a run ends: its status is the one that was decided, said, recorded and reported."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from tests.conftest import MODES
from tests.pytest_side.ways_out.one_word import assert_one_word

if TYPE_CHECKING:
    from tests.conftest import GateProject

DIGEST = "sha256:" + "a" * 64
LATER = """
    import pytest
    @pytest.hookimpl({how})
    def pytest_{hook}:
        {act}
"""
ENDS = {
    "sys.exit(256)": "import sys; sys.exit(256)",
    "sys.exit(-256)": "import sys; sys.exit(-256)",
    "sys.exit(2**40)": "import sys; sys.exit(2**40)",
    "sys.exit(78)": "import sys; sys.exit(78)",
    "os._exit(256)": "import os; os._exit(256)",
    "os._exit(0)": "import os; os._exit(0)",
    "posix._exit(0)": "import posix; posix._exit(0)",
    "os.execv": "import os; os.execv('/bin/true', ['true'])",
    "pytest.exit(256)": "pytest.exit('x', returncode=256)",
    "pytest.exit(0)": "pytest.exit('x', returncode=0)",
    "RuntimeError": "raise RuntimeError('broken')",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
}
# Of the ways to end the process those that no other one stands for.
OTHERWISE = (
    *("sys.exit(256)", "posix._exit(0)", "os.execv", "pytest.exit(0)"),
    *("RuntimeError", "KeyboardInterrupt"),
)
HOOKS = {
    "sessionstart": "sessionstart()",
    "collection": "collection_modifyitems()",
    "call": "runtest_call()",
    "sessionfinish": "sessionfinish()",
    "summary": "terminal_summary()",
    "unconfigure": "unconfigure()",
}


@pytest.mark.parametrize("end", ENDS)
def test_a_conftest_that_ends_the_process_at_its_import(any_mode: GateProject, end: str) -> None:
    any_mode.pytester.makeconftest(f"import pytest\n{ENDS[end]}")
    assert any_mode.run().ret & 0xFF not in (0, 78)


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("end", OTHERWISE)
def test_a_hook_that_ends_the_run(any_mode: GateProject, end: str, hook: str) -> None:
    text = LATER.format(how="tryfirst=True", hook=HOOKS[hook], act=ENDS[end])
    any_mode.pytester.makeconftest(dedent(text))
    any_mode.shop.answers["/discount"] = (500, "{}")
    result = any_mode.run()
    assert result.ret & 0xFF not in (0, 78)
    assert_one_word(any_mode, result)


@pytest.mark.parametrize("hook", ["sessionfinish", "summary", "unconfigure"])
@pytest.mark.parametrize("end", OTHERWISE)
def test_a_hook_that_ends_a_run_in_which_all_has_passed(
    any_mode: GateProject, end: str, hook: str
) -> None:
    text = LATER.format(how="trylast=True", hook=HOOKS[hook], act=ENDS[end])
    any_mode.pytester.makeconftest(dedent(text))
    result = any_mode.run()
    assert_one_word(any_mode, result)


WRAPPERS = {
    "returns 0": "yield; return 0",
    "raises SystemExit(0) before": "raise SystemExit(0)",
    "raises SystemExit(0) after": "yield; raise SystemExit(0)",
    "raises SystemExit(256) after": "yield; raise SystemExit(256)",
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_a_wrapper_around_all_of_pytest(any_mode: GateProject, wrapper: str) -> None:
    any_mode.pytester.makeconftest(
        "import pytest\n@pytest.hookimpl(wrapper=True, tryfirst=True)\n"
        f"def pytest_cmdline_main():\n    {WRAPPERS[wrapper]}\n    yield\n"
    )
    any_mode.shop.answers["/discount"] = (500, "{}")
    result = any_mode.run()
    assert result.ret & 0xFF not in (0, 78)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("mode", ["no-xdist", "n2"])
def test_a_signal_after_the_decision_changes_nothing(
    project: GateProject, mode: str, number: int
) -> None:
    command = [sys.executable, "-m", "pytest", *MODES[mode], "--storedog-env=staging"]
    command += [f"--storedog-image={DIGEST}", "--storedog-report=report.json"]
    with subprocess.Popen(
        command,
        cwd=project.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("GATE "):
                process.send_signal(number)
        process.wait()
        assert process.stderr is not None
        errors = process.stderr.read()
    assert process.returncode == 0, "".join(said)
    assert project.report()["state"] == "open"
    assert not errors


@pytest.mark.parametrize("mode", ["no-xdist", "n2"])
def test_an_interrupted_run_says_so_everywhere(project: GateProject, mode: str) -> None:
    project.mode = MODES[mode]
    project.pytester.makeconftest(
        """
        import os, signal
        def pytest_runtest_logreport(report):
            if not os.environ.get("PYTEST_XDIST_WORKER"):
                os.kill(os.getpid(), signal.SIGINT)
        """
    )
    result = project.run()
    assert result.ret == 2
    assert_one_word(project, result)


@pytest.mark.parametrize("method", ["thread", "signal"])
def test_pytest_timeout_ends_in_a_verdict(both_ways: GateProject, method: str) -> None:
    both_ways.with_plugin("timeout")
    both_ways.pytester.makepyfile(
        test_mine="""
        import threading
        import pytest

        @pytest.mark.synthetics("hea-lth-chk")
        def test_health(storedog_outcome):
            threading.Event().wait(60)
        """
    )
    result = both_ways.run("--timeout=3", f"--timeout-method={method}")
    assert result.ret in (1, 8)
    assert "INTERNALERROR" not in f"{result.stdout}{result.stderr}"
    assert_one_word(both_ways, result)


def test_pytest_timeout_while_a_check_is_waited_for(project: GateProject) -> None:
    """A worker waits within a test; in one process tests begin when their results are there."""
    project.mode = MODES["n2"]
    release = threading.Event()

    def hold(path: str) -> None:
        if path == "/discount":
            release.wait(30)

    project.shop.before_answer = hold
    # The check's own limit must not come first, however slow the machine is.
    text = (project.path / "all.synthetics.json").read_text("utf-8")
    patient = text.replace('"timeout": 5', '"timeout": 30')
    assert patient != text
    (project.path / "all.synthetics.json").write_text(patient, "utf-8")
    project.with_plugin("timeout")
    try:
        # The other check has its test meanwhile, with a timer of its own.
        result = project.run("--timeout=6", "--timeout-method=signal")
    finally:
        release.set()
    assert result.ret == 8
    assert "INTERNALERROR" not in f"{result.stdout}{result.stderr}"
    result.stdout.fnmatch_lines(["*Timeout*"])
    assert_one_word(project, result)


@pytest.mark.parametrize("mode", MODES)
def test_a_green_run_writes_nothing_to_standard_error(project: GateProject, mode: str) -> None:
    project.mode = MODES[mode]
    result = project.run()
    assert result.ret == 0
    assert str(result.stderr) == ""
