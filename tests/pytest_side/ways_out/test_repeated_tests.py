"""Tests that are run again, or not at all: no failure is hidden, and no test left out."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import GateProject

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
