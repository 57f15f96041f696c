"""The gate as its users run it: a real pytest process, in every mode of xdist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from tests.conftest import MODES, WITHOUT_OTHERS, http_check

if TYPE_CHECKING:
    from tests.conftest import GateProject

DISCOUNTS = "test_check[staging-dis-cou-nts]"
HEALTH = "test_check[staging-hea-lth-chk]"
VERDICT = "verdict[staging]"


def checks_of(report: dict[str, Any]) -> dict[str, str]:
    return {check["public_id"]: check["state"] for check in report["checks"]}


def test_opens_when_all_checks_pass(gate: GateProject) -> None:
    result = gate.run()
    assert result.ret == 0
    assert gate.junit() == {DISCOUNTS: "passed", HEALTH: "passed", VERDICT: "passed"}
    report = gate.report()
    assert report["state"] == "open"
    assert checks_of(report) == {"dis-cou-nts": "open", "hea-lth-chk": "open"}
    assert gate.shop.asked == {"/discount": 1, "/health": 1}, "each check runs once, in one batch"
    assert result.outlines[-1] == "GATE OPEN for staging: 2/2 checks passed, exit status 0"


def test_closes_when_a_check_fails_and_says_what_was_expected(gate: GateProject) -> None:
    gate.shop.answers["/discount"] = (500, '{"error": "no database"}')
    result = gate.run()
    assert result.ret == 1
    assert gate.junit() == {DISCOUNTS: "failure", HEALTH: "passed", VERDICT: "failure"}
    assert checks_of(gate.report()) == {"dis-cou-nts": "closed", "hea-lth-chk": "open"}
    told = [
        "*the list of discounts*",
        "*statusCode: expected is 200, actual 500*",
        f"*GET {gate.shop.url}/discount answered 500*",
        '*body: {"error": "no database"}*',
    ]
    result.stdout.fnmatch_lines(told)
    root = ET.parse(gate.path / "junit.xml").getroot()  # noqa: S314  # our own file
    pytest.LineMatcher("".join(root.itertext()).splitlines()).fnmatch_lines(told)
    assert result.outlines[-1] == "GATE CLOSED for staging: 1/2 checks passed, exit status 1"


def test_reports_attempts(any_mode: GateProject) -> None:
    first_time = {"/discount": (500, "{}")}
    any_mode.checks(
        http_check("dis-cou-nts", "/discount", "the list", retry={"count": 2, "interval": 10}),
        http_check("hea-lth-chk", "/health", "the health route"),
    )
    any_mode.shop.answers["/discount"] = (500, "{}")

    def heal(path: str) -> None:
        if any_mode.shop.asked[path] == 2 and path in first_time:
            any_mode.shop.answers[path] = (200, "[]")

    any_mode.shop.before_answer = heal
    result = any_mode.run()
    assert result.ret == 0
    result.stdout.fnmatch_lines(["dis-cou-nts*passed after 2 attempts"])


def test_the_report_has_the_steps_of_a_check(project: GateProject) -> None:
    request = {"method": "GET", "url": f"{project.shop.url}/discount"}
    wanted = {"type": "statusCode", "operator": "is", "target": 201}
    step = {"name": "the list", "subtype": "http", "request": request, "assertions": [wanted]}
    check = http_check("dis-cou-nts", "/discount", "the list of discounts")
    check["localTestDefinition"] |= {"subtype": "multi", "config": {"steps": [step]}}  # type: ignore[operator]
    project.checks(check, http_check("hea-lth-chk", "/health", "the health route"))
    assert project.run().ret == 1
    report: dict[str, Any] = project.report()
    (failed,) = (one for one in report["checks"] if one["public_id"] == "dis-cou-nts")
    (result,) = failed["results"]
    assert result["status"] == result["attempts"][0]["status"] == "failed"
    assert [(one["name"], one["status"]) for one in result["steps"]] == [("the list", "failed")]


def test_no_verdict_is_an_error_and_exit_status_8(both_ways: GateProject) -> None:
    both_ways.configuration(
        (both_ways.path / "storedog.toml").read_text("utf-8").replace("hea-lth-chk", "unk-now-nid")
    )
    result = both_ways.run()
    assert result.ret == 8
    assert set(both_ways.junit().values()) == {"error"}
    assert both_ways.report()["state"] == "inconclusive"
    result.stdout.fnmatch_lines(["*does not know unk-now-nid*"])
    assert not both_ways.shop.asked


def test_unreachable_service_is_exit_status_8(any_mode: GateProject) -> None:
    result = any_mode.run("--synthetics-url=http://127.0.0.1:9")
    assert result.ret == 8
    result.stdout.fnmatch_lines(["*cannot be reached at http://127.0.0.1:9*"])


def test_single_check_in_check_mode(any_mode: GateProject) -> None:
    result = any_mode.run("--storedog-deploy=never", "--synthetics-id=hea-lth-chk")
    assert result.ret == 0
    assert any_mode.shop.asked == {"/health": 1}
    assert "nothing was deployed or recorded" in result.outlines[-1]


def test_node_id_from_the_output_can_be_run_again(both_ways: GateProject) -> None:
    result = both_ways.run("--storedog-deploy=never", f"storedog.toml::{HEALTH}")
    assert result.ret == 0
    assert both_ways.shop.asked == {"/health": 1}


def test_k_narrows_a_run_that_only_checks(any_mode: GateProject) -> None:
    result = any_mode.run("--storedog-deploy=never", "-k", "hea-lth-chk")
    assert result.ret == 0
    assert any_mode.shop.asked == {"/health": 1}


def test_last_failed_runs_the_failed_check_again(both_ways: GateProject) -> None:
    both_ways.shop.answers["/discount"] = (500, "{}")
    assert both_ways.run("--storedog-deploy=never").ret == 1
    both_ways.shop.answers["/discount"] = (200, "[]")
    both_ways.shop.asked.clear()
    assert both_ways.run("--storedog-deploy=never", "--lf").ret == 0
    assert both_ways.shop.asked == {"/discount": 1}


def test_only_what_uses_the_gate_runs_without_paths(both_ways: GateProject) -> None:
    both_ways.pytester.makepyfile(
        test_mine="""
        import pytest
        def test_plain(): assert 0
        @pytest.mark.synthetics
        def test_marked(): pass
        """
    )
    assert both_ways.run().ret == 0
    assert set(both_ways.junit()) == {DISCOUNTS, HEALTH, VERDICT, "test_marked"}


def test_a_named_path_runs_as_well_and_its_failure_closes_the_gate(both_ways: GateProject) -> None:
    both_ways.pytester.makepyfile(test_mine="def test_plain(): assert 0")
    result = both_ways.run("test_mine.py")
    assert result.ret == 1
    assert both_ways.junit()["test_plain"] == "failure"
    assert both_ways.report()["state"] == "closed"
    result.stdout.fnmatch_lines(["other tests of this run failed"])


@pytest.mark.parametrize("suite", ["xunit1", "xunit2"])
def test_junit_properties(project: GateProject, suite: str) -> None:
    assert project.run("-o", f"junit_family={suite}", "--storedog-html=page.html").ret == 0
    text = (project.path / "junit.xml").read_text("utf-8")
    for name in ("public_id", "result_id", "result_url", "batch_id", "location"):
        assert f'<property name="{name}" value="' in text
    assert 'name="dd_tags[synthetics.public_id]" value="dis-cou-nts"' in text


def test_header_names_the_source_of_each_value(project: GateProject) -> None:
    result = project.run()
    result.stdout.fnmatch_lines(
        ["storedog-gate: staging (command line)*", "*checks 2 (storedog.toml)*local*"]
    )


def test_inert_without_the_option(project: GateProject) -> None:
    project.pytester.makepyfile(test_mine="def test_plain(): pass")
    result = project.pytester.runpytest_subprocess("-p", "no:cacheprovider", *WITHOUT_OTHERS)
    assert result.ret == 0
    assert "storedog" not in result.stdout.str().replace("plugins: ", "").replace(
        "storedog-gate-", ""
    ).lower().replace(str(project.path).lower(), "")


def test_imports_nothing_heavy_without_the_option(project: GateProject) -> None:
    project.pytester.makepyfile(
        test_mine="""
        import sys
        def test_plain():
            heavy = {"requests", "docker", "playwright", "httpx", "starlette"}
            assert not heavy & set(sys.modules)
            ours = {n for n in sys.modules if n.startswith("pytest_storedog_gate")}
            modules = ("plugin", "hookspecs")
            assert ours == {"pytest_storedog_gate", *(f"pytest_storedog_gate.{m}" for m in modules)}
        """
    )
    assert project.pytester.runpytest_subprocess(*WITHOUT_OTHERS).ret == 0


@pytest.mark.parametrize("mode", MODES)
def test_tests_with_the_gates_fixtures_are_skipped_without_it(
    project: GateProject, mode: str
) -> None:
    project.pytester.makepyfile(
        test_mine="""
        import sys
        import pytest

        def test_outcome(storedog_outcome): assert 0
        def test_public_id(storedog_public_id): assert 0
        def test_trigger(storedog_trigger): assert 0
        @pytest.mark.usefixtures("storedog_outcome")
        class TestAll:
            @pytest.mark.parametrize("language", ["en", "de"])
            def test_language(self, language): assert 0
        def test_plain():
            ours = {n for n in sys.modules if n.startswith("pytest_storedog_gate")}
            modules = ("plugin", "hookspecs")
            assert ours == {"pytest_storedog_gate", *(f"pytest_storedog_gate.{m}" for m in modules)}
        """
    )
    result = project.pytester.runpytest_subprocess(*MODES[mode], "-rs")
    assert result.ret == 0
    result.assert_outcomes(passed=1, skipped=5)
    for fixture in ("outcome", "public_id", "trigger"):
        remedy = f"storedog_{fixture} needs the gate: run pytest --storedog-env=NAME"
        result.stdout.fnmatch_lines([f"SKIPPED * test_mine.py:*: {remedy}"])
    assert not result.errlines


def test_a_fixture_of_the_users_own_stays_without_the_gate(project: GateProject) -> None:
    project.pytester.makeconftest(
        """
        import pytest
        @pytest.fixture
        def storedog_outcome(): return "theirs"
        """
    )
    project.pytester.makepyfile(
        "def test_it(storedog_outcome): assert storedog_outcome == 'theirs'"
    )
    project.pytester.runpytest_subprocess(*WITHOUT_OTHERS).assert_outcomes(passed=1)


def test_secrets_of_the_process_environment_do_not_show(
    both_ways: GateProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "s3cr3t-t0ken-value")
    text = (both_ways.path / "storedog.toml").read_text("utf-8")
    both_ways.configuration(text.replace('SHOP = "http', 'TOKEN = "${SHOP_TOKEN}", SHOP = "http'))
    both_ways.checks(
        http_check("dis-cou-nts", "/discount?t={{ TOKEN }}", "the list"),
        http_check("hea-lth-chk", "/nowhere/{{ TOKEN }}", "the health route"),
    )
    result = both_ways.run()
    assert result.ret == 1
    everything = result.stdout.str() + result.stderr.str()
    for file in ("report.json", "junit.xml"):
        everything += (both_ways.path / file).read_text("utf-8")
    assert not re.search("s3cr3t-t0ken-value", everything)
