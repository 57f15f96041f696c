"""What reads JUnit and is a package takes the gate's in each of its forms, whatever is said."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from _pytest.junitxml import LogXML
from lxml import etree

from pytest_storedog_gate.pytest_side.reporting.junit import Writers
from pytest_storedog_gate.reports import junit
from tests.npm.javascript import Node
from tests.reports.attacks import ATTACKS
from tests.reports.foreign_records import everywhere
from tests.reports.stand_ins import config_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.npm.both import Tools

pytestmark = pytest.mark.npm
FORMS = (None, "full", "xunit")
SAID = "]]></failure><!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>&y;\x00\x1b\ufffe\ud83d"
# The names and ends of a file's cases, as each of the libraries has them.
_READ = """
const named = (cases, name, end) => cases.map(one => [one[name], one[end].toLowerCase()]);
const { parseV2 } = require("test-results-parser");
const testbeats = file => {
  const { result, errors } = parseV2({ type: "junit", files: [file] });
  if (errors.length) throw new Error(errors.join());
  return named(result.suites.flatMap(suite => suite.cases), "name", "status");
};
const ctrf = async file => {
  const { convertJUnitToCTRFReport } = await import("junit-to-ctrf");
  const { results } = await convertJUnitToCTRFReport(file, { useSuiteName: false });
  return named(results.tests, "name", "status");
};
const answer = async file => [testbeats(file), await ctrf(file)];
"""


def written(folder: Path, form: str | None, *said: str) -> Path:
    """The file of a run in which everything from outside was that."""
    path = folder / f"{form}.xml"
    xml = LogXML(str(path), None)
    xml.pytest_sessionstart()
    writers = Writers(config_of(xml), form)
    writers.choose()
    for number, text in enumerate(said):
        cases = junit.cases(everywhere(text), {f"storedog.toml::test_check[{number}]": text})
        writers.add(cases, lambda _: 0)
    writers.add([junit.Case("storedog.toml::deployment[staging]", "passed", SAID)], lambda _: 0)
    xml.pytest_sessionfinish()
    return path


def test_datadog_ci_uploads_each_form(tools: Tools, tmp_path: Path) -> None:
    for form in FORMS:
        written(tmp_path, form, SAID)
    (tmp_path / "none.xml").write_text("<testsuites><testsuite>", "utf-8")
    command = [tools.node, str(tools.script), "junit", "upload", "--dry-run", "--service=storedog"]
    done = subprocess.run(
        [*command, *(f"{form}.xml" for form in (*FORMS, "none"))],
        cwd=tmp_path,
        env=os.environ | tools.environment | {"DD_API_KEY": "no key"},
        check=True,
        capture_output=True,
        text=True,
    )
    uploaded = {f"Uploading jUnit XML test report file in {form}.xml" for form in FORMS}
    assert {line for line in uploaded if f"[DRYRUN] {line}" in done.stdout} == uploaded, done
    assert "Uploaded 3 files" in done.stdout, done


def test_libraries_read_the_same_cases(node: str, modules: Path, tmp_path: Path) -> None:
    with Node(node, modules, _READ) as read:
        for form in FORMS:
            path = written(tmp_path, form, SAID, *ATTACKS)
            cases = list(etree.parse(path).iter("testcase"))
            failed = [bool(case.xpath("failure | error")) for case in cases]
            assert set(failed) == {True, False}
            names = [case.get("name") for case in cases]
            testbeats, ctrf = read(str(path))
            assert [name for name, _ in testbeats] == names
            assert [name for name, _ in ctrf] == names
            assert [end == "fail" for _, end in testbeats] == failed
            assert [end == "failed" for _, end in ctrf] == failed
