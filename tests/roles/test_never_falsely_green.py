"""Each way in which a pytest run can be green although a required check did not pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
    "a worker or the run is killed": """
        import os, signal
        def pytest_runtest_call(item):
            os.kill(os.getpid(), signal.SIGKILL)
    """,
}


@pytest.mark.parametrize("trick", list(CONFTESTS))
def test_a_conftest_cannot_open_the_gate(gate: GateProject, trick: str) -> None:
    gate.pytester.makeconftest("import pytest\n" + CONFTESTS[trick].replace("\n    ", "\n"))
    gate.shop.answers["/discount"] = (500, "{}")
    result = gate.run()
    assert result.ret not in (0, 78)
    if (gate.path / "report.json").exists():
        assert gate.report()["state"] != "open"


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
def test_leaving_out_a_required_check_is_no_verdict(gate: GateProject, args: list[str]) -> None:
    result = gate.run(*args)
    assert result.ret in (4, 5, 8)
    assert not gate.shop.asked, "nothing is checked where it cannot lead to a verdict"


@pytest.mark.parametrize("option", ["--collect-only", "--setup-plan", "--setup-only"])
@pytest.mark.parametrize("way", ["command line", "PYTEST_ADDOPTS"])
def test_options_that_run_no_test_are_refused(
    gate: GateProject, monkeypatch: pytest.MonkeyPatch, option: str, way: str
) -> None:
    if way == "PYTEST_ADDOPTS":
        monkeypatch.setenv("PYTEST_ADDOPTS", option)
        result = gate.run()
    else:
        result = gate.run(option)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*runs no test, so it proves nothing*"])


def test_a_plan_is_asked_for_on_the_command_line_only(
    project: GateProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--storedog-plan")
    result = project.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*give it on the command line*"])
    monkeypatch.delenv("PYTEST_ADDOPTS")
    assert project.run("--storedog-plan").ret == 0
    assert not project.shop.asked


def test_a_rerun_does_not_hide_a_failure(gate: GateProject) -> None:
    gate.pytester.makeconftest(
        """
        import pytest
        seen = set()
        def pytest_runtest_call(item):
            if item.nodeid not in seen:
                seen.add(item.nodeid)
                raise AssertionError("the first time")
        """
    )
    result = gate.run("--reruns=2")
    assert result.ret == 8
    result.stdout.fnmatch_lines(["*its test was rerun*"])


def test_first_failure_ends_the_run_closed(gate: GateProject) -> None:
    gate.shop.answers["/discount"] = (500, "{}")
    result = gate.run("-x")
    assert result.ret == 1
    assert gate.report()["state"] == "closed"


def test_collection_error_stops_before_anything_is_triggered(gate: GateProject) -> None:
    gate.pytester.makepyfile(test_mine="raise RuntimeError('broken')")
    result = gate.run("test_mine.py")
    assert result.ret not in (0, 78)
    assert not gate.shop.asked


def test_dist_each_is_refused(project: GateProject) -> None:
    result = project.run("-n2", "--dist=each")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--dist=each runs every check once per worker*"])


@pytest.mark.parametrize("option", ["--synthetics-id=abc-def-ghi", "--storedog-image=x:1"])
def test_gate_options_without_the_gate_are_refused(project: GateProject, option: str) -> None:
    result = project.pytester.runpytest_subprocess(option)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*means nothing without --storedog-env=NAME*"])


def test_missing_plugin_fails_closed(project: GateProject) -> None:
    assert project.run("-p", "no:storedog_gate").ret == 4
