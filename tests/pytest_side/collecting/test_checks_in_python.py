"""Checks written in Python: the marker, the fixtures, and what a person sees meanwhile."""

from __future__ import annotations

import json
import re
import shlex
import threading
from typing import TYPE_CHECKING

import pytest

from tests.conftest import TOML, http_check

if TYPE_CHECKING:
    from tests.conftest import GateProject

DISCOUNTS = "test_check[staging-dis-cou-nts]"
HEALTH = "test_check[staging-hea-lth-chk]"
VERDICT = "verdict[staging]"


def test_outcome_tells_steps_timings_assertions_and_attempts(both_ways: GateProject) -> None:
    both_ways.pytester.makepyfile(
        test_mine="""
        import pytest

        @pytest.mark.synthetics("hea-lth-chk")
        def test_health(storedog_outcome):
            (result,) = storedog_outcome.results
            assert storedog_outcome.name == "the health route"
            assert result.status.value == "passed"
            assert result.timings["total"] > 0
            assert [a.subject for a in result.assertions] == ["statusCode"]
            assert len(result.attempts) == 1
            assert result.steps == ()
            assert result.result_id
        """
    )
    assert both_ways.run().ret == 0
    assert both_ways.junit()["test_health"] == "passed"
    assert both_ways.shop.asked["/health"] == 1, "the marked test shares the run's batch"


def test_failing_assertion_on_a_passed_check_closes_the_gate(both_ways: GateProject) -> None:
    both_ways.pytester.makepyfile(
        test_mine="""
        import pytest

        @pytest.mark.synthetics("hea-lth-chk")
        def test_health(storedog_outcome):
            assert storedog_outcome.results[0].timings["total"] < 0
        """
    )
    result = both_ways.run()
    assert result.ret in (1, 8)
    assert both_ways.report()["state"] != "open"


def test_marker_gives_overrides_and_makes_a_check_required(both_ways: GateProject) -> None:
    text = (both_ways.path / "storedog.toml").read_text("utf-8")
    both_ways.configuration(text.replace('"dis-cou-nts", "hea-lth-chk"', '"hea-lth-chk"'))
    both_ways.pytester.makepyfile(
        test_mine=f"""
        import pytest

        @pytest.mark.synthetics("dis-cou-nts", variables={{"SHOP": "{both_ways.shop.url}/nowhere"}})
        def test_nowhere(storedog_outcome):
            assert storedog_outcome.status.value == "passed"
        """
    )
    result = both_ways.run()
    assert result.ret == 1
    assert both_ways.shop.asked == {"/nowhere/discount": 1, "/health": 1}
    assert both_ways.junit()["test_nowhere"] == "failure"


def test_two_tests_that_mark_a_check_with_other_overrides_are_refused(
    any_mode: GateProject,
) -> None:
    any_mode.pytester.makepyfile(
        test_mine="""
        import pytest

        @pytest.mark.synthetics("hea-lth-chk", variables={"A": "1"})
        def test_one(storedog_outcome): pass

        @pytest.mark.synthetics("hea-lth-chk", variables={"A": "2"})
        def test_two(storedog_outcome): pass
        """
    )
    result = any_mode.run()
    assert result.ret == 4
    result.stdout.fnmatch_lines(["*with other overrides*"])
    assert not any_mode.shop.asked


def test_test_triggers_a_check_itself(both_ways: GateProject) -> None:
    both_ways.pytester.makepyfile(
        test_mine=f"""
        import pytest

        @pytest.mark.synthetics
        def test_twice(storedog_trigger):
            for path in ("/a", "/b"):
                shop = {{"SHOP": "{both_ways.shop.url}" + path}}
                outcome = storedog_trigger("hea-lth-chk", variables=shop)
                assert outcome.status.value == "failed"
        """
    )
    assert both_ways.run().ret == 0
    assert both_ways.shop.asked == {"/discount": 1, "/health": 1, "/a/health": 1, "/b/health": 1}


def test_failure_can_be_acted_on_at_once(any_mode: GateProject) -> None:
    any_mode.shop.answers["/discount"] = (500, "{}")
    result = any_mode.run("--storedog-html=page.html")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*the list of discounts*",
            "*statusCode: expected is 200, actual 500*",
            f"*curl*{any_mode.shop.url}/discount*",
            "  result: page.html#result-*",
        ]
    )


def test_last_lines_tell_how_to_run_the_failed_checks_again(any_mode: GateProject) -> None:
    any_mode.shop.answers["/discount"] = (500, "{}")
    result = any_mode.run()
    (line,) = [line for line in result.outlines if line.startswith("run them again: ")]
    command = shlex.split(line.removeprefix("run them again: "))
    assert command == [
        "pytest",
        "--storedog-env=staging",
        "--storedog-deploy=never",
        "--synthetics-id=dis-cou-nts",
    ]
    any_mode.shop.answers["/discount"] = (200, "[]")
    any_mode.shop.asked.clear()
    assert any_mode.pytester.runpytest_subprocess(*any_mode.mode, *command[1:]).ret == 0
    assert any_mode.shop.asked == {"/discount": 1}


def late(project: GateProject, path: str) -> threading.Event:
    """Holds the shop's answer on that path back until the event is set."""
    release = threading.Event()

    def hold(asked: str) -> None:
        if asked == path:
            release.wait(20)

    project.shop.before_answer = hold
    return release


def test_first_failure_does_not_wait_for_the_others(project: GateProject) -> None:
    """The first check in order hangs, the second one has failed: -x acts on the second."""
    release = late(project, "/discount")
    project.shop.answers["/health"] = (500, "{}")
    try:
        result = project.run("-x", "-p", "no:xdist")
    finally:
        release.set()
    assert result.ret == 1
    assert project.junit()[HEALTH] == "failure"
    assert project.report()["state"] == "closed"


def test_results_are_reported_as_they_arrive(project: GateProject) -> None:
    """The first check in order is answered only once the second one's report is written."""
    release = late(project, "/discount")
    project.pytester.makeconftest(
        """
        import urllib.request
        def pytest_runtest_logreport(report):
            if "hea-lth-chk" in report.nodeid and report.when == "call":
                open("reported", "w").close()
        """
    )
    reported = project.path / "reported"
    watcher = threading.Thread(target=_when_there, args=(reported, release))
    watcher.start()
    result = project.run("-v", "-p", "no:xdist")
    watcher.join()
    assert result.ret == 0
    order = re.findall(r"test_check\[staging-([a-z-]+)\] PASSED", str(result.stdout))
    assert order == ["hea-lth-chk", "dis-cou-nts"]


@pytest.mark.parametrize("others", [0, 1, 3])
def test_what_ran_sooner_is_torn_down_before_another_file(
    project: GateProject, others: int
) -> None:
    """The last ones of the configuration file are answered before the first one."""
    ids = [f"oth-era-aa{number}" for number in range(others)]
    checks = [http_check(one, "/health", one) for one in ["hea-lth-chk", *ids]]
    project.checks(http_check("dis-cou-nts", "/discount", "late"), *checks)
    wanted = json.dumps(["dis-cou-nts", "hea-lth-chk", *ids])
    text = TOML.format(shop=project.shop.url).replace('["dis-cou-nts", "hea-lth-chk"]', wanted)
    project.configuration(text)
    project.pytester.makepyfile(
        test_mine="""
        import pytest

        @pytest.fixture(scope="module", autouse=True)
        def module():
            yield
            open("torn down", "w").close()

        @pytest.mark.synthetics("hea-lth-chk")
        def test_one(storedog_outcome): pass

        @pytest.mark.synthetics("dis-cou-nts")
        def test_two(storedog_outcome): pass
        """,
        test_more="""
        import pytest

        @pytest.mark.synthetics("hea-lth-chk")
        def test_three(storedog_outcome): assert open("torn down")
        """,
    )
    release = late(project, "/discount")
    project.pytester.makeconftest(
        """
        def pytest_runtest_logreport(report):
            if "hea-lth-chk" in report.nodeid and report.when == "call":
                open("reported", "w").close()
        """
    )
    watcher = threading.Thread(target=_when_there, args=(project.path / "reported", release))
    watcher.start()
    result = project.run("-v", "-p", "no:xdist")
    watcher.join()
    assert result.ret == 0, result.stdout.str()
    result.assert_outcomes(passed=5 + others)


def _when_there(file: object, release: threading.Event) -> None:
    for _ in range(200):
        if release.wait(0.1):
            return
        if file.exists():  # type: ignore[attr-defined]
            release.set()


@pytest.mark.parametrize("mode", [["-p", "no:xdist"], ["-n2"]], ids=["in-process", "xdist"])
def test_live_lines_tell_what_has_arrived(project: GateProject, mode: list[str]) -> None:
    result = project.run(*mode)
    assert result.ret == 0
    assert "storedog-gate: triggered 2 checks" in result.outlines
