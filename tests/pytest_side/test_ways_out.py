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

if TYPE_CHECKING:
    from pathlib import Path

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


def assert_one_word(project: GateProject, result: pytest.RunResult) -> None:
    """What is printed last is what the process ends with, and what the report says."""
    words = [line for line in result.outlines if line.startswith("GATE ")]
    report = project.report()
    status = result.ret & 0xFF
    assert words, f"{result.stdout}{result.stderr}"
    assert words[-1].endswith(f"exit status {status}")
    assert report["exit_status"] == status
    assert f"GATE {str(report['state']).upper()} " in words[-1]
    assert (report["state"] == "open") == (status == 0)


FULL = {
    "JUnit": ["--junitxml=/dev/full"],
    "report": ["--storedog-report=/dev/full"],
    "report below a file": ["--storedog-report=storedog.toml/report.json"],
}


@pytest.mark.parametrize("what", FULL)
def test_what_cannot_be_written_is_no_open_gate(both_ways: GateProject, what: str) -> None:
    result = both_ways.run(*FULL[what])
    assert result.ret not in (0, 78)
    assert not [line for line in result.outlines if line.startswith("GATE OPEN")]
    assert f"exit status {result.ret}" in result.outlines[-1]


def test_a_record_that_cannot_be_written_is_no_open_gate(both_ways: GateProject) -> None:
    """An environment that deploys nothing keeps a record of the digest that it was told."""
    (both_ways.path / ".storedog").write_text("a file where the folder should be", "utf-8")
    result = both_ways.run(f"--storedog-image={DIGEST}")
    assert result.ret == 8
    result.stdout.fnmatch_lines(["*verdict cannot be written*"])
    assert not [line for line in result.outlines if line.startswith("GATE OPEN")]


def test_output_that_cannot_be_written_is_no_open_gate(project: GateProject) -> None:
    command = [sys.executable, "-m", "pytest", *project.mode, "--storedog-env=staging"]
    command += [f"--storedog-image={DIGEST}", "--storedog-report=report.json"]
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(command, cwd=project.path, stdout=full, check=False)
    assert done.returncode not in (0, 78)
    if (project.path / "report.json").exists():
        assert project.report()["state"] != "open"


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


def test_reports_of_an_earlier_run_are_withdrawn(project: GateProject) -> None:
    assert project.run().ret == 0
    assert project.report()["state"] == "open"
    project.configuration("[environments.staging]\nchecks = 7\n")
    assert project.run().ret == 4
    assert not (project.path / "report.json").exists()
    assert not (project.path / "junit.xml").exists()


@pytest.mark.parametrize(
    "broken",
    [
        "--no-such-option",
        "--storedog-env=",
        "--storedog-deploy=perhaps",
        "--storedog-lock-wait=soon",
        "--synthetics-backend=elsewhere",
    ],
)
def test_reports_are_withdrawn_where_the_command_line_is_wrong(
    project: GateProject, broken: str
) -> None:
    assert project.run().ret == 0
    assert project.run(broken).ret == 4
    assert not (project.path / "report.json").exists()
    assert not (project.path / "junit.xml").exists()


def test_a_report_elsewhere_than_in_a_file_is_left_as_it_is(project: GateProject) -> None:
    assert project.run("--storedog-report=/dev/null", "--junitxml=/dev/null").ret == 0
    assert not os.path.isfile("/dev/null")  # noqa: PTH113


@pytest.mark.parametrize("option", ["--storedog-report", "--junitxml"])
@pytest.mark.parametrize("path", ["link.json", "folder/report.json"])
def test_no_report_is_written_where_a_link_in_the_checkout_leads(
    project: GateProject, tmp_path: Path, option: str, path: str
) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "report.json").write_text("{}" if "storedog" in option else "<a/>")
    (project.path / "link.json").symlink_to(precious / "report.json")
    (project.path / "folder").symlink_to(precious)
    before = (precious / "report.json").read_text()
    result = project.run(f"{option}={path}")
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"ERROR: {path}: *is a link, which is not followed*"])
    assert (precious / "report.json").read_text() == before


def test_no_verdict_is_written_where_a_link_in_the_checkout_leads(
    project: GateProject, tmp_path: Path
) -> None:
    digest = f"sha256:{'a' * 64}"
    (tmp_path / "precious").mkdir()
    (project.path / ".storedog").symlink_to(tmp_path / "precious")
    assert project.run(f"--storedog-image=shop@{digest}").ret == 8
    assert list((tmp_path / "precious").iterdir()) == []


TWICE = """
    import pytest
    seen = []
    @pytest.mark.synthetics("hea-lth-chk")
    {mark}
    def test_health(storedog_outcome):
        seen.append(1)
        assert len(seen) > 1
"""
REPEATING = {
    "flaky": ("@pytest.mark.flaky", []),
    "flaky for all": ("", ["--force-flaky"]),
    "rerunfailures": ("@pytest.mark.flaky(reruns=2)", []),
}


@pytest.mark.parametrize("plugin", REPEATING)
def test_a_test_that_is_run_again_is_no_clean_pass(both_ways: GateProject, plugin: str) -> None:
    mark, options = REPEATING[plugin]
    both_ways.with_plugin("flaky" if plugin.startswith("flaky") else "")
    both_ways.pytester.makepyfile(test_mine=dedent(TWICE).format(mark=mark))
    result = both_ways.run(*options)
    assert result.ret == 8, f"{result.stdout}"
    assert both_ways.report()["state"] == "inconclusive"
    result.stdout.fnmatch_lines(["*which hides*first*"])


def test_a_hidden_failure_of_a_test_that_triggers_checks_itself(both_ways: GateProject) -> None:
    both_ways.pytester.makepyfile(
        test_mine="""
        seen = []
        def test_mine(storedog_trigger):
            seen.append(1)
            assert len(seen) > 1
        """
    )
    assert both_ways.run("--reruns=1").ret == 1
    assert both_ways.report()["state"] == "closed"


def test_a_forced_status_does_not_hide_a_failed_test(both_ways: GateProject) -> None:
    both_ways.pytester.makeconftest("def pytest_sessionfinish(session): session.exitstatus = 0")
    both_ways.pytester.makepyfile(test_mine="def test_mine(storedog_trigger): assert 0")
    assert both_ways.run().ret == 1


def test_a_mistyped_report_costs_no_file(project: GateProject) -> None:
    project.run("--storedog-report=storedog.toml", "--no-such-option")
    assert "[environments.staging]" in (project.path / "storedog.toml").read_text("utf-8")


def test_a_plugin_that_calls_the_function_again_is_no_clean_pass(both_ways: GateProject) -> None:
    both_ways.pytester.makeconftest(
        """
        import pytest
        @pytest.hookimpl(wrapper=True)
        def pytest_pyfunc_call(pyfuncitem):
            try:
                return (yield)
            except AssertionError:
                pyfuncitem.config.hook.pytest_pyfunc_call(pyfuncitem=pyfuncitem)
                return True
        """
    )
    both_ways.pytester.makepyfile(test_mine=dedent(TWICE).format(mark=""))
    assert both_ways.run().ret == 8


REFUSED = {
    "repeat": (["--count=2"], "--count runs each test several times"),
    "looponfail": (["-f"], "-f runs tests again and again"),
}


@pytest.mark.parametrize("plugin", REFUSED)
def test_options_that_repeat_tests_are_refused_by_name(project: GateProject, plugin: str) -> None:
    options, said = REFUSED[plugin]
    project.with_plugin(plugin)
    result = project.run(*options)
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"*{said}*"])
    assert not project.shop.asked


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


def test_pytest_timeout_while_a_check_is_waited_for(both_ways: GateProject) -> None:
    release = threading.Event()

    def hold(path: str) -> None:
        if path == "/discount":
            release.wait(30)

    both_ways.shop.before_answer = hold
    # The check's own limit must not come first, however slow the machine is.
    text = (both_ways.path / "all.synthetics.json").read_text("utf-8")
    patient = text.replace('"timeout": 5', '"timeout": 30')
    assert patient != text
    (both_ways.path / "all.synthetics.json").write_text(patient, "utf-8")
    both_ways.with_plugin("timeout")
    try:
        result = both_ways.run("--timeout=2", "--timeout-method=signal")
    finally:
        release.set()
    assert result.ret == 8
    assert "INTERNALERROR" not in f"{result.stdout}{result.stderr}"
    result.stdout.fnmatch_lines(["*Timeout*"])
    assert_one_word(both_ways, result)


@pytest.mark.parametrize("mode", MODES)
def test_a_green_run_writes_nothing_to_standard_error(project: GateProject, mode: str) -> None:
    project.mode = MODES[mode]
    result = project.run()
    assert result.ret == 0
    assert str(result.stderr) == ""


def test_a_selected_test_without_a_report_is_no_verdict(both_ways: GateProject) -> None:
    both_ways.pytester.makeconftest(
        """
        import pytest
        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_protocol(item):
            return True if "test_mine" in item.nodeid else None
        """
    )
    both_ways.pytester.makepyfile(
        test_mine="import pytest\n@pytest.mark.synthetics\ndef test_mine(): assert 0"
    )
    result = both_ways.run()
    assert result.ret == 8
    result.stdout.fnmatch_lines(["*test_mine.py::test_mine was selected and left no report*"])
