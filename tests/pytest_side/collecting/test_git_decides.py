"""What is required stands in git: variables, options and folders add to it, or are refused."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import http_check

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import GateProject

DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
LIST = "the list of discounts"


def write(project: GateProject, name: str, content: Any) -> None:
    path = project.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")


def relaxing(project: GateProject) -> dict[str, str]:
    rule = {"executionRule": "non_blocking"}
    write(project, "relaxed.json", {"tests": [{"id": "dis-cou-nts", "testOverrides": rule}]})
    return {"DATADOG_SYNTHETICS_FILES": "relaxed.json"}


def replacing(project: GateProject) -> dict[str, str]:
    easy = http_check("dis-cou-nts", "/health", "an easy one")
    write(project, "easy.json", {"tests": [easy]})
    return {"DATADOG_SYNTHETICS_FILES": "easy.json"}


def defaults(project: GateProject) -> dict[str, str]:
    write(project, "other.json", {"defaultTestOverrides": {"executionRule": "skipped"}})
    return {"DATADOG_SYNTHETICS_CONFIG_PATH": "other.json"}


def pinning(project: GateProject) -> dict[str, str]:
    return {"DATADOG_SYNTHETICS_PUBLIC_IDS": "dis-cou-nts@1"}


def redirecting(project: GateProject) -> dict[str, str]:
    good = {"startUrl": f"{project.shop.url}/good/discount"}
    write(project, "good.json", {"tests": [{"id": "dis-cou-nts", "testOverrides": good}]})
    return {"DATADOG_SYNTHETICS_FILES": "good.json"}


def elsewhere(project: GateProject) -> dict[str, str]:
    shop = {"SHOP": f"{project.shop.url}/good"}
    return {"DATADOG_SYNTHETICS_OVERRIDE_VARIABLES": json.dumps(shop)}


VARIABLES: dict[str, Callable[[GateProject], dict[str, str]]] = {
    "a file that relaxes": relaxing,
    "a file that replaces a definition": replacing,
    "a configuration that skips all": defaults,
    "another version": pinning,
    "another shop": elsewhere,
    "a file with another start": redirecting,
    "another start": lambda p: {
        "DATADOG_SYNTHETICS_OVERRIDE_START_URL": f"{p.shop.url}/good/discount"
    },
    "a part of the start": lambda _: {
        "DATADOG_SYNTHETICS_OVERRIDE_START_URL_SUBSTITUTION_REGEX": "/discount|/good/discount"
    },
    "a variable that git does not set": lambda _: {
        "DATADOG_SYNTHETICS_OVERRIDE_VARIABLES": '{"OTHER": "1"}'
    },
    "a header": lambda _: {"DATADOG_SYNTHETICS_OVERRIDE_HEADERS": '{"Host": "other"}'},
    "more attempts": lambda _: {"DATADOG_SYNTHETICS_OVERRIDE_RETRY_COUNT": "9"},
    "non_blocking": lambda _: {"DATADOG_SYNTHETICS_OVERRIDE_EXECUTION_RULE": "non_blocking"},
    "skipped": lambda _: {"DATADOG_SYNTHETICS_OVERRIDE_EXECUTION_RULE": "skipped"},
    "no certificates": lambda _: {
        "DATADOG_SYNTHETICS_OVERRIDE_ALLOW_INSECURE_CERTIFICATES": "true"
    },
}


@pytest.mark.parametrize("way", VARIABLES)
def test_variables_that_would_weaken_a_check_are_refused_by_name(
    any_mode: GateProject, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    any_mode.shop.answers["/discount"] = (500, "{}")
    any_mode.shop.answers["/good/discount"] = (200, "[]")
    for name, value in VARIABLES[way](any_mode).items():
        monkeypatch.setenv(name, value)
    result = any_mode.run()
    assert result.ret == 4
    result.stdout.fnmatch_lines(
        ["*dis-cou-nts: * would change a check that storedog.toml requires*"]
    )
    assert not any_mode.shop.asked


def test_files_on_the_command_line_relax_nothing_either(any_mode: GateProject) -> None:
    relaxing(any_mode)
    assert any_mode.run("--synthetics-files=relaxed.json").ret == 4
    assert not any_mode.shop.asked


def test_a_variable_s_configuration_adds_to_the_one_in_git(
    any_mode: GateProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It used to stand in its place, and git's check was gone."""
    text = (any_mode.path / "storedog.toml").read_text("utf-8")
    text = text.replace('checks = ["dis-cou-nts", "hea-lth-chk"]', "")
    any_mode.configuration(text.replace("batch_timeout", 'datadog_ci = "ci.json"\nbatch_timeout'))
    write(any_mode, "ci.json", {"publicIds": ["dis-cou-nts"]})
    write(any_mode, "other.json", {"publicIds": ["hea-lth-chk"]})
    monkeypatch.setenv("DATADOG_SYNTHETICS_CONFIG_PATH", "other.json")
    result = any_mode.run()
    assert result.ret == 0
    assert any_mode.report()["requirements"] == ["dis-cou-nts", "hea-lth-chk"]
    result.stdout.fnmatch_lines(["*checks 2 (ci.json and other.json)*"])
    any_mode.shop.answers["/discount"] = (500, "{}")
    assert any_mode.run().ret == 1


def test_places_of_a_variable_are_added(
    any_mode: GateProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATADOG_SYNTHETICS_OVERRIDE_LOCATIONS", "pl:office-abc")
    assert any_mode.run().ret == 0
    for check in any_mode.report()["checks"]:  # type: ignore[attr-defined]
        found = {result["location"] for result in check["results"]}
        assert found == {"Local (aws:eu-central-1)", "Local (pl:office-abc)"}


def test_variables_may_add_checks(any_mode: GateProject, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (any_mode.path / "storedog.toml").read_text("utf-8")
    any_mode.configuration(text.replace(', "hea-lth-chk"', ""))
    monkeypatch.setenv("DATADOG_SYNTHETICS_PUBLIC_IDS", "hea-lth-chk")
    result = any_mode.run()
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*checks 2 (storedog.toml and DATADOG_SYNTHETICS_[*])*"])
    any_mode.shop.answers["/health"] = (500, "{}")
    assert any_mode.run().ret == 1, "what was added decides as well"


def test_a_run_that_only_checks_takes_what_it_is_told(
    any_mode: GateProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in relaxing(any_mode).items():
        monkeypatch.setenv(name, value)
    any_mode.shop.answers["/discount"] = (500, "{}")
    result = any_mode.run("--storedog-deploy=never")
    assert result.ret == 8, "all is relaxed, so nothing was proved"


@pytest.mark.parametrize("suite_rule", ["non_blocking", "skipped"])
def test_a_suite_does_not_relax_a_check_that_is_required_by_id(
    any_mode: GateProject, suite_rule: str
) -> None:
    tests = [{"public_id": "dis-cou-nts"}]
    attributes = {"name": "All", "type": "suite", "tests": tests}
    suite = {"data": {"type": "suites", "id": "sui-tea-bcd", "attributes": attributes}}
    write(any_mode, "suite.synthetics.json", suite)
    text = (any_mode.path / "storedog.toml").read_text("utf-8")
    rules = f'execution_rules = {{ sui-tea-bcd = "{suite_rule}" }}\n'
    any_mode.configuration(text.replace('"hea-lth-chk"]', f'"sui-tea-bcd"]\n{rules}'))
    any_mode.shop.answers["/discount"] = (500, "{}")
    assert any_mode.run().ret == 1


def test_a_configuration_that_is_nearer_is_never_passed_over(any_mode: GateProject) -> None:
    any_mode.pytester.makeini("[pytest]")
    svc = any_mode.path / "svc"
    svc.mkdir()
    nearer = '[environments.staging]\nchecks = ["hea-lth-chk"]\n'
    (svc / "storedog.toml").write_text(nearer, "utf-8")
    any_mode.pytester._path = svc
    os.chdir(svc)
    result = any_mode.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*svc/storedog.toml is nearer, and *storedog.toml would be used*"])
    result = any_mode.run("--storedog-config=../storedog.toml")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["storedog-gate: configuration ../storedog.toml"])
    assert any_mode.shop.asked == {"/discount": 1, "/health": 1}


@pytest.mark.parametrize("way", ["PYTEST_ADDOPTS", "addopts"])
def test_a_file_of_options_is_no_way_around(
    project: GateProject, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    write(project, "args.txt", "--storedog-deploy=never\n--synthetics-id=hea-lth-chk\n")
    if way == "addopts":
        project.pytester.makeini("[pytest]\naddopts = @args.txt")
    else:
        monkeypatch.setenv("PYTEST_ADDOPTS", "@args.txt")
    assert project.run().ret == 4
    assert not project.shop.asked


@pytest.mark.parametrize("option", ["-c", "-dc", "--config-file=", "--rootdir="])
@pytest.mark.parametrize("way", ["PYTEST_ADDOPTS", "addopts"])
def test_the_project_is_not_chosen_by_a_variable(
    project: GateProject, monkeypatch: pytest.MonkeyPatch, option: str, way: str
) -> None:
    easy = project.path / "easy"
    easy.mkdir()
    (easy / "pytest.ini").write_text("[pytest]\n", "utf-8")
    (easy / "storedog.toml").write_text(
        '[environments.staging]\nchecks = ["hea-lth-chk"]\n', "utf-8"
    )
    chosen = f"{option}{easy if 'root' in option else easy / 'pytest.ini'}"
    if way == "addopts":
        project.pytester.makeini(f"[pytest]\naddopts = {chosen}")
    else:
        monkeypatch.setenv("PYTEST_ADDOPTS", chosen)
    result = project.run()
    assert result.ret == 4
    assert not project.shop.asked


PROMOTION = """
[environments.production]
requires = "staging"
checks = ["hea-lth-chk"]
overrides = {{ variables = {{ SHOP = "{shop}" }} }}
"""


def with_production(project: GateProject) -> None:
    text = (project.path / "storedog.toml").read_text("utf-8")
    project.configuration(text + PROMOTION.format(shop=project.shop.url))


@pytest.mark.parametrize("told", ["option", "variable"])
def test_an_environment_that_deploys_nothing_decides_on_a_digest(
    any_mode: GateProject, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    with_production(any_mode)

    def run(environment: str, digest: str) -> pytest.RunResult:
        if told == "option":
            return any_mode.run(f"--storedog-image={digest}", env=environment)
        monkeypatch.setenv("STOREDOG_IMAGE", digest)
        return any_mode.run(env=environment)

    result = run("production", f"shop/discounts@{DIGEST}")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*no open verdict of staging*"])
    assert not any_mode.shop.asked, "what staging has not seen is not tried"

    any_mode.shop.answers["/discount"] = (500, "{}")
    result = run("staging", f"shop/discounts@{DIGEST}")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["storedog-gate: staging (command line), decides, deploys nothing*"]
    )
    assert run("production", DIGEST).ret == 1, "staging is closed"

    any_mode.shop.answers["/discount"] = (200, "[]")
    assert run("staging", f"shop/discounts@{DIGEST}").ret == 0
    assert any_mode.report()["digest"] == DIGEST
    assert run("production", OTHER).ret == 1, "that is another digest"
    assert run("production", DIGEST).ret == 0

    any_mode.shop.answers["/discount"] = (500, "{}")
    assert run("staging", DIGEST).ret == 1
    assert run("production", DIGEST).ret == 1, "staging has changed its mind"


def test_requires_without_a_digest_is_refused_with_the_remedy(any_mode: GateProject) -> None:
    with_production(any_mode)
    result = any_mode.run(env="production")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*production requires*staging*--storedog-image=DIGEST*"])


def test_a_tag_needs_an_engine_that_knows_it(any_mode: GateProject) -> None:
    with_production(any_mode)
    text = (any_mode.path / "storedog.toml").read_text("utf-8")
    nowhere = '[environments.production]\nengine = "unix:///nowhere.sock"'
    any_mode.configuration(text.replace("[environments.production]", nowhere))
    result = any_mode.run("--storedog-image=shop/discounts:1.2", env="production")
    assert result.ret == 8
    result.stdout.fnmatch_lines(["*shop/discounts:1.2 has no digest yet*name its digest*"])
    result = any_mode.run("--storedog-image=1.2", env="production")
    assert result.ret == 4


def test_the_service_that_somebody_else_deploys_may_be_named(any_mode: GateProject) -> None:
    text = (any_mode.path / "storedog.toml").read_text("utf-8")
    service = '[services.discounts]\nimage = "registry:5000/shop/discounts"\n'
    any_mode.configuration(
        f"{service}{text}".replace(
            "[environments.staging]", '[environments.staging]\ngate = "discounts"'
        )
    )
    assert any_mode.run(f"--storedog-image={DIGEST}").ret == 0
    report = any_mode.report()
    assert report["image"] == f"registry:5000/shop/discounts@{DIGEST}"
    assert report["service"] == "discounts"
    result = any_mode.run(f"--storedog-image=shop/frontend@{DIGEST}")
    assert result.ret == 4
    result.stdout.fnmatch_lines(["*is no image of discounts*"])


@pytest.mark.parametrize(
    ("requires", "said"),
    [
        ({"staging": "staging"}, "staging requires staging"),
        ({"staging": "production", "production": "staging"}, "requires production requires"),
    ],
)
def test_requires_that_goes_round_in_a_circle_is_refused(
    project: GateProject, requires: dict[str, str], said: str
) -> None:
    project.configuration(
        "".join(
            f'[environments.{name}]\nchecks = ["hea-lth-chk"]\nrequires = "{before}"\n'
            for name, before in requires.items()
        )
    )
    result = project.run(f"--storedog-image={DIGEST}")
    assert result.ret == 4
    assert said in str(result.stderr)
