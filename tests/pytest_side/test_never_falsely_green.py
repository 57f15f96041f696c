"""Each way in which a pytest run can be green although a required check did not pass."""

from __future__ import annotations

import re
import tomllib
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.settings.options import FLAGS, Options
from tests.conftest import WITHOUT_OTHERS, http_check
from tests.repository import ROOT

if TYPE_CHECKING:
    from tests.conftest import GateProject

CONFTESTS = {
    "skip": """
        def pytest_collection_modifyitems(items):
            for item in items: item.add_marker(pytest.mark.skip(reason="no key"))
    """,
    "xfail": """
        def pytest_collection_modifyitems(items):
            for item in items: item.add_marker(pytest.mark.xfail)
    """,
    "skip one in setup": """
        def pytest_runtest_setup(item):
            if "dis-cou-nts" in item.nodeid: pytest.skip("not today")
    """,
    "remove an item": """
        def pytest_collection_modifyitems(items):
            del items[0]
    """,
    "remove every item": """
        def pytest_collection_modifyitems(items):
            items.clear()
    """,
    "passing report for a failed check": """
        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport():
            report = yield
            report.outcome, report.longrepr = "passed", None
            return report
    """,
    "exit with 0 in a check": """
        def pytest_runtest_call(item):
            pytest.exit("enough", returncode=0)
    """,
    "exit with 78 at the end": """
        @pytest.hookimpl(trylast=True)
        def pytest_sessionfinish(session):
            session.exitstatus = 78
    """,
    "status forced to 0": """
        @pytest.hookimpl(trylast=True)
        def pytest_sessionfinish(session):
            session.exitstatus = 0
    """,
    "exit with 0 before collection": """
        def pytest_sessionstart():
            pytest.exit("enough", returncode=0)
    """,
    "exit with 0 while collecting": """
        def pytest_collection_modifyitems():
            pytest.exit("enough", returncode=0)
    """,
    "os._exit(0) in a check": """
        import os
        def pytest_runtest_call(item):
            os._exit(0)
    """,
    "os._exit(0) at the end": """
        import os
        def pytest_unconfigure():
            os._exit(0)
    """,
    "sys.exit(0) at the end": """
        import sys
        @pytest.hookimpl(trylast=True)
        def pytest_sessionfinish():
            sys.exit(0)
    """,
    "a protocol that runs nothing": """
        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_protocol():
            return True
    """,
    "a loop that runs nothing": """
        @pytest.hookimpl(tryfirst=True)
        def pytest_runtestloop():
            return True
    """,
    "a call that does nothing": """
        @pytest.hookimpl(tryfirst=True)
        def pytest_pyfunc_call():
            return True
    """,
    "workers that cannot start": """
        import os
        if "PYTEST_XDIST_WORKER" in os.environ:
            raise RuntimeError("no library here")
    """,
    "workers that end with an error": """
        def pytest_sessionfinish(session):
            if hasattr(session.config, "workerinput"):
                raise RuntimeError("too late")
    """,
    "no report is one of a call": """
        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_logreport(report):
            report.when = "setup"
    """,
    "a lone surrogate in a report": """
        def pytest_runtest_call(item):
            item.user_properties.append(("emoji", "\\ud83d"))
    """,
    "a property that cannot be sent": """
        def pytest_runtest_call(item):
            item.user_properties.append(("thing", object()))
    """,
    "a worker or the run is killed": """
        import os, signal
        def pytest_runtest_call(item):
            os.kill(os.getpid(), signal.SIGKILL)
    """,
}


@pytest.mark.parametrize("trick", list(CONFTESTS))
def test_a_conftest_cannot_open_the_gate(by_turns: GateProject, trick: str) -> None:
    by_turns.pytester.makeconftest("import pytest\n" + dedent(CONFTESTS[trick]))
    by_turns.shop.answers["/discount"] = (500, "{}")
    result = by_turns.run()
    assert "SyntaxError" not in f"{result.stdout}{result.stderr}"
    assert "IndentationError" not in f"{result.stdout}{result.stderr}"
    assert result.ret not in (0, 78)
    if (by_turns.path / "report.json").exists():
        assert by_turns.report()["state"] != "open"


@pytest.mark.parametrize(
    "args",
    [
        ["-k", "hea-lth-chk"],
        ["-k", "nothing_at_all"],
        ["--deselect", "storedog.toml::test_check[staging-dis-cou-nts]"],
        ["-m", "not synthetics and no_such"],
        ["storedog.toml::test_check[staging-hea-lth-chk]"],
    ],
    ids=["-k", "-k-nothing", "--deselect", "-m", "node-id"],
)
def test_leaving_out_a_required_check_is_no_verdict(
    both_ways: GateProject, args: list[str]
) -> None:
    result = both_ways.run(*args)
    assert result.ret in (4, 5, 8)
    assert not both_ways.shop.asked, "nothing is checked where it cannot lead to a verdict"


@pytest.mark.parametrize("way", ["command line", "PYTEST_ADDOPTS"])
@pytest.mark.parametrize(
    ("option", "status"),
    [
        ("--collect-only", 4),
        ("--co", 4),
        ("--setup-plan", 4),
        ("--setup-only", 4),
        ("--fixtures", 8),
        ("--fixtures-per-test", 8),
        ("--markers", 8),
        ("--cache-show", 8),
        ("--help", 8),
        ("--version --version", 8),
    ],
)
def test_options_that_run_no_test_prove_nothing(
    any_mode: GateProject, monkeypatch: pytest.MonkeyPatch, option: str, status: int, way: str
) -> None:
    if way == "PYTEST_ADDOPTS":
        monkeypatch.setenv("PYTEST_ADDOPTS", option)
        result = any_mode.run()
    else:
        result = any_mode.run(*option.split())
    assert result.ret == status
    assert re.search("proves nothing|nothing was proved", f"{result.stdout}{result.stderr}")
    assert not any_mode.shop.asked


@pytest.mark.parametrize(
    "options",
    [
        "-k nothing_at_all",
        "--deselect=storedog.toml::test_check[staging-dis-cou-nts]",
        "--runxfail -k hea-lth",
        "--lf --lfnf=none",
        "-p no:storedog_gate",
    ],
)
def test_addopts_cannot_leave_out_a_check(
    both_ways: GateProject, monkeypatch: pytest.MonkeyPatch, options: str
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", options)
    result = both_ways.run()
    assert result.ret in (4, 5, 8)
    assert not both_ways.shop.asked


def test_test_with_an_empty_parametrization_is_no_check(both_ways: GateProject) -> None:
    both_ways.pytester.makepyfile(
        test_mine="""
        import pytest

        @pytest.mark.parametrize("language", [])
        @pytest.mark.synthetics("hea-lth-chk")
        def test_languages(storedog_outcome, language):
            pass
        """
    )
    result = both_ways.run()
    assert result.ret != 0


def test_lone_surrogate_in_an_answer_hides_no_failure(by_turns: GateProject) -> None:
    check = http_check("dis-cou-nts", "/discount", "the list of discounts")
    body = {"type": "body", "operator": "contains", "target": "BFRIDAY"}
    check["localTestDefinition"]["config"]["assertions"].append(body)  # type: ignore[index]
    by_turns.checks(check, http_check("hea-lth-chk", "/health", "the health route"))
    by_turns.shop.answers["/discount"] = (200, '["\\ud83d"]')
    result = by_turns.run()
    assert result.ret == 1
    assert by_turns.report()["state"] == "closed"


def test_plugin_that_is_not_loaded_is_missed(
    project: GateProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    project.mode = []  # xdist is not loaded either
    assert project.run().ret == 4
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    project.pytester.makeini("[pytest]\nrequired_plugins = pytest-storedog-gate")
    result = project.pytester.runpytest_subprocess(*WITHOUT_OTHERS, "-p", "no:storedog_gate")
    assert result.ret == 4


def test_the_labs_configuration_requires_the_plugin() -> None:
    text = (ROOT / "lab" / "pytest.toml").read_text("utf-8")
    assert "pytest-storedog-gate" in tomllib.loads(text)["pytest"]["required_plugins"]


@pytest.mark.parametrize(
    "option",
    [
        "--storedog-plan",
        "--storedog-deploy=never",
        "--storedog-config=easy.toml",
        "--synthetics-url=http://127.0.0.1:9",
        "--synthetics-id=hea-lth-chk",
    ],
)
@pytest.mark.parametrize("way", ["PYTEST_ADDOPTS", "addopts"])
def test_the_gates_options_are_given_on_the_command_line_only(
    project: GateProject, monkeypatch: pytest.MonkeyPatch, option: str, way: str
) -> None:
    if way == "addopts":
        project.pytester.makeini(f"[pytest]\naddopts = {option}")
    else:
        monkeypatch.setenv("PYTEST_ADDOPTS", option)
    result = project.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"*{option.partition('=')[0]} comes from*command line*"])
    assert not project.shop.asked


def test_a_plan_ends_with_0_and_runs_nothing(project: GateProject) -> None:
    assert project.run("--storedog-plan").ret == 0
    assert not project.shop.asked


IMPORTED = {
    "os._exit(0)": "import os; os._exit(0)",
    "sys.exit(0)": "import sys; sys.exit(0)",
    "atexit": "import atexit, os; atexit.register(os._exit, 0)",
    "a name of its own": """
        from os import _exit
        def pytest_runtest_call(item):
            _exit(0)
    """,
}


@pytest.mark.parametrize("trick", IMPORTED)
def test_a_conftest_cannot_open_the_gate_when_it_is_imported(
    both_ways: GateProject, trick: str
) -> None:
    both_ways.pytester.makeconftest(IMPORTED[trick])
    both_ways.shop.answers["/discount"] = (500, "{}")
    result = both_ways.run()
    assert "Error" not in f"{result.stderr}"
    assert result.ret not in (0, 78)


def test_arguments_in_a_file_are_guarded_too(
    both_ways: GateProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    (both_ways.path / "arguments").write_text("--storedog-env=staging\n", "utf-8")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--help")
    assert both_ways.pytester.runpytest_subprocess(*both_ways.mode, "@arguments").ret == 8


def test_without_its_controller_the_gate_does_not_run(both_ways: GateProject) -> None:
    result = both_ways.run("-p", "no:storedog-gate-controller")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*leaves nobody to decide*"])


@pytest.mark.parametrize("trick", ["skip", "xfail", "skip one in setup"])
def test_no_clean_report_is_no_verdict_though_all_checks_passed(
    by_turns: GateProject, trick: str
) -> None:
    by_turns.pytester.makeconftest("import pytest\n" + dedent(CONFTESTS[trick]))
    assert by_turns.run().ret == 8
    assert by_turns.report()["state"] == "inconclusive"


def test_a_rerun_does_not_hide_a_failure(by_turns: GateProject) -> None:
    by_turns.pytester.makeconftest(
        """
        import pytest
        seen = set()
        def pytest_runtest_call(item):
            if item.nodeid not in seen:
                seen.add(item.nodeid)
                raise AssertionError("the first time")
        """
    )
    result = by_turns.run("--reruns=2")
    assert result.ret == 8
    result.stdout.fnmatch_lines(["*its test was rerun*"])


def test_first_failure_ends_the_run_closed(by_turns: GateProject) -> None:
    by_turns.shop.answers["/discount"] = (500, "{}")
    result = by_turns.run("-x")
    assert result.ret == 1
    assert by_turns.report()["state"] == "closed"


def test_collection_error_stops_before_anything_is_triggered(both_ways: GateProject) -> None:
    both_ways.pytester.makepyfile(test_mine="raise RuntimeError('broken')")
    result = both_ways.run("test_mine.py")
    assert result.ret not in (0, 78)
    assert not both_ways.shop.asked


def test_dist_each_is_refused(project: GateProject) -> None:
    result = project.run("-n2", "--dist=each")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--dist=each runs every check once per worker*"])


@pytest.mark.parametrize("option", ["--synthetics-id=abc-def-ghi", "--storedog-image=x:1"])
def test_gate_options_without_the_gate_are_refused(project: GateProject, option: str) -> None:
    result = project.pytester.runpytest_subprocess(*WITHOUT_OTHERS, option)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*means nothing without --storedog-env=NAME*"])


@pytest.mark.parametrize("name", sorted(FLAGS.keys() - {"environment"}))
def test_each_option_of_the_gate_needs_the_gate(pytester: pytest.Pytester, name: str) -> None:
    flag, is_switch = FLAGS[name], getattr(Options, name, None) is False
    with pytest.raises(pytest.UsageError, match=f"{flag} means nothing without"):
        pytester.parseconfigure(flag if is_switch else f"{flag}=1")


def test_missing_plugin_fails_closed(project: GateProject) -> None:
    assert project.run("-p", "no:storedog_gate").ret == 4
