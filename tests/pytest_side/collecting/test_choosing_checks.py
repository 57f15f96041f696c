"""Which checks a run chooses, and which of them decide."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import http_check
from tests.local_synthetics.support.browser_tests import browser_test, step

if TYPE_CHECKING:
    from tests.conftest import GateProject

DISCOUNTS = "test_check[staging-dis-cou-nts]"
HEALTH = "test_check[staging-hea-lth-chk]"
VERDICT = "verdict[staging]"


def configure(project: GateProject, environment: str, synthetics: str = "") -> None:
    """Writes storedog.toml with these lines in its two tables."""
    project.configuration(
        '[synthetics]\nbackend = "local"\ndefinitions = ["*.synthetics.json"]\n'
        f"{synthetics}\n[environments.staging]\n"
        f'overrides = {{ variables = {{ SHOP = "{project.shop.url}" }} }}\n{environment}\n'
    )


def tagged(public_id: str, path: str, *tags: str) -> dict[str, Any]:
    check: dict[str, Any] = http_check(public_id, path, public_id)
    check["localTestDefinition"]["tags"] = list(tags)
    return check


@pytest.fixture
def shop_checks(project: GateProject) -> GateProject:
    """Two checks, told apart by a tag."""
    project.checks(
        tagged("dis-cou-nts", "/discount", "team:shop"),
        tagged("hea-lth-chk", "/health", "team:platform"),
    )
    return project


def test_mail_is_received_where_the_file_says(project: GateProject) -> None:
    check = http_check("dis-cou-nts", "/discount", "coupons by mail")
    definition: Any = check["localTestDefinition"]
    definition["config"]["configVariables"].append({"name": "EMAIL", "type": "email"})
    project.checks(check)
    checks = 'checks = ["dis-cou-nts"]'
    configure(project, checks)
    assert project.run().ret == 8
    configure(project, checks, 'smtp = "127.0.0.1:0"')
    assert project.run().ret == 0
    configure(project, checks, 'smtp = "2525"')
    result = project.run()
    assert result.ret == 4
    result.stdout.fnmatch_lines(["*--smtp: 2525 is not HOST:PORT*"])


def test_page_of_a_failed_browser_test_is_kept_where_the_file_says(
    project: GateProject, chromium: None
) -> None:
    fails = step("assertPageContains", seconds=0.2, value="no shop says this")
    definition = browser_test(f"{project.shop.url}/discount", fails)
    project.checks({"localTestDefinition": definition})
    checks = f'checks = ["{definition["public_id"]}"]'
    configure(project, checks, 'artifacts = ".storedog/artifacts"')
    assert project.run("--storedog-plan").ret == 0
    assert not (project.path / ".storedog").exists()
    result = project.run()
    assert result.ret == 1
    (kept,) = (project.path / ".storedog" / "artifacts").iterdir()
    files = [str(kept / name) for name in ("page.html", "page.png", "trace.zip")]
    assert sorted(map(str, kept.iterdir())) == files
    result.stdout.fnmatch_lines([f"  kept {file}" for file in files])
    assert f'"artifacts": {json.dumps(files)}' in json.dumps(project.report())
    configure(project, checks, 'artifacts = "/dev/null/kept"')
    result = project.run()
    assert result.ret == 4
    result.stdout.fnmatch_lines(["*--artifacts: /dev/null/kept: Not a directory*"])


def test_search_on_the_command_line_and_in_the_file(shop_checks: GateProject) -> None:
    configure(shop_checks, "search = 'tag:\"team:shop\"'")
    assert shop_checks.run().ret == 0
    assert shop_checks.junit() == {DISCOUNTS: "passed", VERDICT: "passed"}
    assert shop_checks.run('--synthetics-search=tag:"team:platform"').ret == 0
    assert set(shop_checks.junit()) == {DISCOUNTS, HEALTH, VERDICT}


def test_search_that_finds_nothing_is_no_verdict(any_mode: GateProject) -> None:
    configure(any_mode, "search = 'tag:\"team:nobody\"'")
    result = any_mode.run()
    assert result.ret == 8
    result.stdout.fnmatch_lines(["*finds nothing*"])
    assert not any_mode.shop.asked


def test_test_files_name_checks_with_overrides(shop_checks: GateProject) -> None:
    test = {"id": "dis-cou-nts", "testOverrides": {"headers": {"X-Asked-By": "file"}}}
    (shop_checks.path / "mine.json").write_text(json.dumps({"tests": [test]}), "utf-8")
    configure(shop_checks, 'files = ["mine.json"]')
    assert shop_checks.run().ret == 0
    assert set(shop_checks.junit()) == {DISCOUNTS, VERDICT}
    result = shop_checks.run("--synthetics-files=nothing/*.json")
    assert result.ret == 4
    assert "nothing/*.json" in f"{result.stdout}{result.stderr}"


def test_datadog_ci_json_is_used_where_it_is_named(shop_checks: GateProject) -> None:
    content = {"publicIds": ["hea-lth-chk"]}
    (shop_checks.path / "datadog-ci.json").write_text(json.dumps(content), "utf-8")
    configure(shop_checks, "", 'datadog_ci = "datadog-ci.json"')
    assert shop_checks.run().ret == 0
    assert set(shop_checks.junit()) == {HEALTH, VERDICT}


def test_suite_stands_for_its_tests(shop_checks: GateProject) -> None:
    tests = [{"public_id": public_id} for public_id in ("dis-cou-nts", "hea-lth-chk")]
    attributes = {"name": "The shop", "type": "suite", "tests": tests}
    suite = {"data": {"type": "suites", "id": "sui-tea-bcd", "attributes": attributes}}
    (shop_checks.path / "suite.synthetics.json").write_text(json.dumps(suite), "utf-8")
    configure(shop_checks, 'checks = ["sui-tea-bcd"]')
    assert shop_checks.run().ret == 0
    assert set(shop_checks.junit()) == {DISCOUNTS, HEALTH, VERDICT}


@pytest.mark.parametrize(
    ("public_id", "status"), [("hea-lth-chk@9", 8), ("hea-lth-chk@x", 4), ("no-id", 4)]
)
def test_version_or_id_that_does_not_exist(
    shop_checks: GateProject, public_id: str, status: int
) -> None:
    result = shop_checks.run(f"--synthetics-id={public_id}")
    assert result.ret == status
    assert public_id.removesuffix("@9") in f"{result.stdout}{result.stderr}"
    assert not shop_checks.shop.asked


def test_tags_are_markers(shop_checks: GateProject) -> None:
    assert shop_checks.run("--storedog-deploy=never", "-m", "team:platform").ret == 0
    assert set(shop_checks.junit()) == {HEALTH, VERDICT}


def test_non_blocking_in_git_is_reported_and_never_red(both_ways: GateProject) -> None:
    configure(
        both_ways,
        'checks = ["dis-cou-nts", "hea-lth-chk"]\n'
        'execution_rules = { dis-cou-nts = "non_blocking" }',
    )
    both_ways.shop.answers["/discount"] = (500, "{}")
    result = both_ways.run()
    assert result.ret == 0
    assert both_ways.junit() == {DISCOUNTS: "skipped", HEALTH: "passed", VERDICT: "passed"}
    result.stdout.fnmatch_lines(["*statusCode: expected is 200, actual 500*"])


def test_skipped_in_git_is_not_run(both_ways: GateProject) -> None:
    configure(
        both_ways,
        'checks = ["dis-cou-nts", "hea-lth-chk"]\nexecution_rules = { dis-cou-nts = "skipped" }',
    )
    assert both_ways.run().ret == 0
    assert both_ways.shop.asked == {"/health": 1}
    assert both_ways.junit() == {DISCOUNTS: "skipped", HEALTH: "passed", VERDICT: "passed"}


def test_everything_relaxed_proves_nothing(any_mode: GateProject) -> None:
    configure(
        any_mode, 'checks = ["hea-lth-chk"]\nexecution_rules = { hea-lth-chk = "non_blocking" }'
    )
    result = any_mode.run()
    assert result.ret == 8
    result.stdout.fnmatch_lines(["*nothing was proved*"])


@pytest.mark.parametrize("rule", ["non_blocking", "skipped"])
def test_required_check_that_datadog_relaxes_is_refused_by_name(
    any_mode: GateProject, rule: str
) -> None:
    any_mode.checks(
        http_check("dis-cou-nts", "/discount", "the list", ci={"executionRule": rule}),
        http_check("hea-lth-chk", "/health", "the health route"),
    )
    result = any_mode.run()
    assert result.ret == 8
    result.stdout.fnmatch_lines([f"*dis-cou-nts*{rule}*"])
    assert not any_mode.shop.asked
