"""JUnit as strict readers take it: Jenkins' xUnit plugin, and a parser that is a package."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from junitparser import Error, Failure, JUnitXml
from junitparser.xunit2 import JUnitXml as XUnitXml
from lxml import etree

from tests.conftest import TOML, http_check
from tests.reports.parsers import faults_of_xunit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import GateProject

ITEM = "test_check[staging-dis-cou-nts]"
# A test of the project's own records what it likes, and one is broken off before its call ends.
OWN = """
import pytest

@pytest.mark.synthetics("hea-lth-chk")
def test_own(storedog_outcome, record_property, record_testsuite_property):
    record_property("own", "1")
    record_testsuite_property("suite", "2")
"""


def run(project: GateProject, form: str | None, *options: str) -> Path:
    """The file of a run in which a check fails at one of two places, in that form."""
    first, second = project.shop.answers, http_check("hea-lth-chk", "/health", "the health route")
    first["/discount"] = (500, "<b>\x1b]0;\u202e</b>")
    places = http_check("dis-cou-nts", "/discount", 'a "list" & <more>\x00')
    places["localTestDefinition"]["locations"] = ["aws:eu-central-1", "aws:us-east-1"]  # type: ignore[index]
    project.checks(places, second)
    toml = TOML.format(shop=project.shop.url)
    project.configuration((f'junit = "{form}"\n' if form else "") + toml)
    result = project.run(*options)
    assert result.ret == 1, str(result.stdout) + str(result.stderr)
    return project.path / "junit.xml"


@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
def test_xunit_is_what_jenkins_xunit_plugin_takes(both_ways: GateProject, family: str) -> None:
    both_ways.pytester.makepyfile(test_own=OWN)
    file = run(both_ways, "xunit", "-o", f"junit_family={family}")
    assert not faults_of_xunit(file)
    (suite,) = XUnitXml.fromfile(str(file))
    cases = {case.name: case for case in suite}
    assert {name: [type(end).__name__ for end in case.result] for name, case in cases.items()} == {
        ITEM: ["Failure"],
        f"{ITEM[:-1]} - Local (aws:eu-central-1)]": ["Failure"],
        f"{ITEM[:-1]} - Local (aws:us-east-1)]": ["Failure"],
        "test_check[staging-hea-lth-chk]": [],
        "test_own": [],
        "verdict[staging]": ["Failure"],
    }
    assert {one.classname for one in suite} == {"storedog.toml", "test_own"}
    assert "GET http://" in cases[ITEM].result[0].text


def test_full_has_file_line_and_properties(both_ways: GateProject) -> None:
    file = run(both_ways, "full")
    assert faults_of_xunit(file)
    cases = {case.get("name"): case for case in etree.parse(file).iter("testcase")}
    text = (both_ways.path / "storedog.toml").read_text("utf-8").split("\n")
    named = {name: text[int(case.get("line", "-1"))] for name, case in cases.items()}
    assert named.pop("verdict[staging]") == "[environments.staging]"
    assert [line for line in named.values() if '"dis-cou-nts"' not in line] == []
    assert {case.get("file") for case in cases.values()} == {"storedog.toml"}
    assert cases[ITEM].xpath("properties/property[@name='public_id']/@value") == ["dis-cou-nts"]


def test_a_form_that_is_none_is_refused_with_the_known_ones(project: GateProject) -> None:
    project.configuration('junit = "xunit2"\n' + TOML.format(shop=project.shop.url))
    result = project.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*storedog.toml:1: junit: 'xunit2' is unknown; *xunit*"])


def test_what_was_broken_off_is_no_case_without_a_name(project: GateProject) -> None:
    project.pytester.makepyfile(
        test_own="import pytest\n@pytest.mark.synthetics\ndef test_own(): raise KeyboardInterrupt"
    )
    assert project.run().ret == 2
    (suite,) = JUnitXml.fromfile(str(project.path / "junit.xml"))
    assert all(case.name and case.classname for case in suite)
    ends = [type(end) for case in suite for end in case.result]
    assert Error in ends
    assert Failure not in ends
