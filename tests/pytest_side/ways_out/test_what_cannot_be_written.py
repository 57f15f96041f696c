"""What a run cannot write, or must not: no open gate without its reports, and no file of others."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import MODES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import GateProject

DIGEST = "sha256:" + "a" * 64


FULL = {
    "JUnit": ["--junitxml=/dev/full"],
    "report": ["--storedog-report=/dev/full"],
    "report below a file": ["--storedog-report=storedog.toml/report.json"],
}


@pytest.mark.parametrize("what", FULL)
def test_what_cannot_be_written_is_no_open_gate(both_ways: GateProject, what: str) -> None:
    result = both_ways.run(*FULL[what])
    assert result.ret not in (0, 78)
    assert not [line for line in result.outlines if line.startswith("GATE OPEN")]
    assert f"exit status {result.ret}" in result.outlines[-1]


def test_a_record_that_cannot_be_written_is_no_open_gate(both_ways: GateProject) -> None:
    """An environment that deploys nothing keeps a record of the digest that it was told."""
    (both_ways.path / ".storedog").write_text("a file where the folder should be", "utf-8")
    result = both_ways.run(f"--storedog-image={DIGEST}")
    assert result.ret == 8
    result.stdout.fnmatch_lines(["*verdict cannot be written*"])
    assert not [line for line in result.outlines if line.startswith("GATE OPEN")]


def test_output_that_cannot_be_written_is_no_open_gate(project: GateProject) -> None:
    command = [sys.executable, "-m", "pytest", *project.mode, "--storedog-env=staging"]
    command += [f"--storedog-image={DIGEST}", "--storedog-report=report.json"]
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(command, cwd=project.path, stdout=full, check=False)
    assert done.returncode not in (0, 78)
    if (project.path / "report.json").exists():
        assert project.report()["state"] != "open"


def test_reports_of_an_earlier_run_are_withdrawn(project: GateProject) -> None:
    assert project.run().ret == 0
    assert project.report()["state"] == "open"
    project.configuration("[environments.staging]\nchecks = 7\n")
    assert project.run().ret == 4
    assert not (project.path / "report.json").exists()
    assert not (project.path / "junit.xml").exists()


@pytest.mark.parametrize(
    "broken",
    [
        "--no-such-option",
        "--storedog-env=",
        "--storedog-deploy=perhaps",
        "--storedog-lock-wait=soon",
        "--synthetics-backend=elsewhere",
    ],
)
def test_reports_are_withdrawn_where_the_command_line_is_wrong(
    project: GateProject, broken: str
) -> None:
    assert project.run().ret == 0
    assert project.run(broken).ret == 4
    assert not (project.path / "report.json").exists()
    assert not (project.path / "junit.xml").exists()


def test_a_worker_that_starts_late_leaves_this_runs_reports(project: GateProject) -> None:
    """As where a hook ends the run while xdist's workers still start."""
    project.pytester.makeconftest(
        """
        from pathlib import Path
        def pytest_xdist_setupnodes():
            for name, mark in (("report.json", "{"), ("junit.xml", "<")):
                Path(name).write_text(mark)
        """
    )
    project.pytester.makepyfile(
        test_own="""
        import os
        def test_own(worker_id):
            assert worker_id == os.environ["PYTEST_XDIST_WORKER"]
            assert os.path.exists("report.json") and os.path.exists("junit.xml")
        """
    )
    project.mode = MODES["n2"]
    result = project.run("test_own.py")
    assert result.ret == 0
    result.assert_outcomes(passed=3)
    assert project.report()["state"] == "open"


def test_a_report_elsewhere_than_in_a_file_is_left_as_it_is(project: GateProject) -> None:
    assert project.run("--storedog-report=/dev/null", "--junitxml=/dev/null").ret == 0
    assert not os.path.isfile("/dev/null")  # noqa: PTH113


@pytest.mark.parametrize("option", ["--storedog-report", "--junitxml"])
@pytest.mark.parametrize("path", ["link.json", "folder/report.json"])
def test_no_report_is_written_where_a_link_in_the_checkout_leads(
    project: GateProject, tmp_path: Path, option: str, path: str
) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "report.json").write_text("{}" if "storedog" in option else "<a/>")
    (project.path / "link.json").symlink_to(precious / "report.json")
    (project.path / "folder").symlink_to(precious)
    before = (precious / "report.json").read_text()
    result = project.run(f"{option}={path}")
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"ERROR: {path}: *is a link, which is not followed*"])
    assert (precious / "report.json").read_text() == before


def test_no_verdict_is_written_where_a_link_in_the_checkout_leads(
    project: GateProject, tmp_path: Path
) -> None:
    digest = f"sha256:{'a' * 64}"
    (tmp_path / "precious").mkdir()
    (project.path / ".storedog").symlink_to(tmp_path / "precious")
    assert project.run(f"--storedog-image=shop@{digest}").ret == 8
    assert list((tmp_path / "precious").iterdir()) == []


def test_a_mistyped_report_costs_no_file(project: GateProject) -> None:
    project.run("--storedog-report=storedog.toml", "--no-such-option")
    assert "[environments.staging]" in (project.path / "storedog.toml").read_text("utf-8")
