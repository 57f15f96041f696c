"""`datadog-ci junit upload` takes the gate's JUnit in each of its forms, whatever is said in it."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from _pytest.junitxml import LogXML

from pytest_storedog_gate.pytest_side.reporting.junit import Writers
from pytest_storedog_gate.reports import junit
from tests.reports.foreign_records import everywhere
from tests.reports.stand_ins import config_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.npm.both import Tools

pytestmark = pytest.mark.npm
SAID = "]]></failure><!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>&y;\x00\x1b\ufffe\ud83d"


def test_each_form_is_taken(tools: Tools, tmp_path: Path) -> None:
    forms = (None, "full", "xunit")
    for form in forms:
        xml = LogXML(str(tmp_path / f"{form}.xml"), None)
        xml.pytest_sessionstart()
        writers = Writers(config_of(xml), form)
        writers.choose()
        cases = junit.cases(everywhere(SAID), {"storedog.toml::test_check[a]": SAID})
        writers.add(cases, lambda _: 0)
        xml.pytest_sessionfinish()
    (tmp_path / "none.xml").write_text("<testsuites><testsuite>", "utf-8")
    command = [tools.node, str(tools.script), "junit", "upload", "--dry-run", "--service=storedog"]
    done = subprocess.run(
        [*command, *(f"{form}.xml" for form in (*forms, "none"))],
        cwd=tmp_path,
        env=os.environ | tools.environment | {"DD_API_KEY": "no key"},
        check=True,
        capture_output=True,
        text=True,
    )
    uploaded = {f"Uploading jUnit XML test report file in {form}.xml" for form in forms}
    assert {line for line in uploaded if f"[DRYRUN] {line}" in done.stdout} == uploaded, done
    assert "Uploaded 3 files" in done.stdout, done
