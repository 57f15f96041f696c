"""What the reference says of keys, options and statuses is what the code has."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from lab.scripts.site import __main__ as site
from lab.scripts.site import command_lines, keys
from pytest_storedog_gate.datadog import overrides
from pytest_storedog_gate.deploy import platforms
from pytest_storedog_gate.errors import ExitStatus
from pytest_storedog_gate.reading.variables import _constant_case as constant_case
from pytest_storedog_gate.reports import junit
from pytest_storedog_gate.settings import datadog_ci
from pytest_storedog_gate.settings.file import read
from pytest_storedog_gate.settings.options import FLAGS
from pytest_storedog_gate.verdicts.record_json import facts
from tests.documentation.pages import Page
from tests.reports.foreign_records import everywhere
from tests.reports.stand_ins import record_of
from tests.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_REFERENCE = ROOT / "docs" / "reference"
_SHOP = """
[services.shop]
image = "a"
[environments.a]
gate = "shop"
services = ["shop"]
"""


@pytest.mark.parametrize("name", site.MADE)
def test_a_page_that_is_made_from_the_code_is_as_the_code_makes_it(name: str) -> None:
    page = (_REFERENCE / name).read_text("utf-8")
    assert page == site.MADE[name](), "write it anew with lab/docs write"


def test_each_key_is_explained_and_nothing_else() -> None:
    explained = {section: set(said) for section, said in keys.MEANINGS["keys"].items()}
    assert explained == {section: set(kinds) for section, kinds in keys.SECTIONS.items()}


def test_each_option_and_each_command_has_an_example_and_nothing_else() -> None:
    assert keys.MEANINGS["options"].keys() == command_lines.gate_options().keys()
    assert set(FLAGS.values()) == command_lines.gate_options().keys()
    assert keys.MEANINGS["commands"].keys() == command_lines.parsers().keys()
    for flag, example in keys.MEANINGS["options"].items():
        assert example.startswith(flag)


def test_the_examples_are_a_file_that_the_settings_read(tmp_path: Path) -> None:
    others = (
        '[environments.qa]\nchecks = ["abc-def-ghi"]\n[services.db]\nimage = "db:1"\nport = 1\n'
    )
    tables = {
        "synthetics": "synthetics",
        "services.NAME": "services.discounts",
        "environments.NAME": "environments.staging",
        "gogs": "gogs",
    }
    theirs = tuple(platforms.refused(platforms.DEFAULT))
    whole = [f"[{name}]\n{_examples(section, *theirs)}" for section, name in tables.items()]
    top = "".join(f"{k} = {keys.meaning('top', k)['example']}\n" for k in ("verdicts", "compose"))
    path = tmp_path / "storedog.toml"
    path.write_text(top + "\n".join([*whole, others]), "utf-8")
    named = "services: {discounts: {container_name: named}}"
    (tmp_path / "compose.yaml").write_text(named, "utf-8")
    read(path, "staging", {})
    for section, table in (
        ("services.NAME.readiness", '[services.a]\nimage = "a"\nport = 1\n[services.a.readiness]'),
        ("services.NAME.healthcheck", '[services.a]\nimage = "a"\n[services.a.healthcheck]'),
        ("services.NAME.before_swap", '[services.a]\nimage = "a"\n[services.a.before_swap]'),
        ("environments.NAME.overrides", "[environments.a.overrides]"),
        ("environments.NAME.watch", _SHOP + "[environments.a.watch]"),
        (
            "environments.NAME.watch.deployment_gate",
            "[environments.a.watch]\nseconds = 1\n[environments.a.watch.deployment_gate]",
        ),
    ):
        path.write_text(f"{table}\n{_examples(section)}", "utf-8")
        read(path)
    for name in platforms.NAMES:
        own = platforms.find(name).KEYS
        if name != platforms.DEFAULT:
            lines = [f"{k} = {keys.meaning('environments.NAME', k)['example']}\n" for k in own]
            path.write_text(f'{_SHOP}platform = "{name}"\n' + "".join(lines), "utf-8")
            read(path)
    for key in keys.SECTIONS["top"]:
        path.write_text(f"{key} = {keys.meaning('top', key)['example']}\n", "utf-8")
        read(path)


def test_the_whole_file_on_the_page_is_one_that_the_settings_read(tmp_path: Path) -> None:
    (block,) = Page(_REFERENCE / "configuration.md").blocks()
    path = tmp_path / "storedog.toml"
    path.write_text(block.text, "utf-8")
    assert read(path).environments.keys() == {"staging", "production"}


def test_each_exit_status_is_told() -> None:
    page = (_REFERENCE / "exit-statuses.md").read_text("utf-8")
    told = re.findall(r"^\| (\d+) \| ", page.partition("## storedog-synthetics")[0], re.MULTILINE)
    pytests = {"0", "1", "2", "3", "4", "5"}
    assert set(told) == pytests | {str(int(status)) for status in ExitStatus}


def test_each_key_of_datadog_ci_is_on_the_page_of_how_to_move() -> None:
    page = (ROOT / "docs" / "how-to" / "datadog-ci.md").read_text("utf-8")
    named = set(re.findall(r'`"?(?:defaultTestOverrides\.)?([$\w]+)"?(?:: \w+)?`', page))
    files = {*datadog_ci._KINDS_IN_FILE, *datadog_ci._REFUSED_IN_FILE}
    tests = {*overrides.KINDS, *overrides._REFUSED}
    variables = {
        constant_case(key) for key in (*datadog_ci._KINDS_OF_VARIABLES, *datadog_ci._REFUSED)
    }
    of_tests = {"OVERRIDE_" + constant_case(key) for key in overrides._VARIABLES}
    assert files | tests | variables | of_tests <= named


def _examples(section: str, *without: str) -> str:
    known = [key for key in keys.SECTIONS[section] if key not in without]
    lines = [f"{key} = {keys.meaning(section, key)['example']}" for key in known]
    tomllib.loads("\n".join(lines))
    return "\n".join(lines) + "\n"


def test_the_page_of_junit_names_each_property() -> None:
    page = (_REFERENCE / "junit.md").read_text("utf-8")
    of_check, of_run = page.partition("## Properties of a check")[2].split("## Properties of dep")
    (result,) = everywhere("said").verdict.checks[0].outcome.results  # type: ignore[union-attr]
    told = {name for name, _ in junit.properties(result) if not name.startswith("dd_tags")}
    assert _named(of_check) == told
    listed = {"requirements"}  # lists have no place in a property
    assert _named(of_run.partition("## Who")[0]) == {*facts(record_of()), "verdict"} - listed


def _named(part: str) -> set[str]:
    cells = re.findall(r"^\| (`.*?) \|", part, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
