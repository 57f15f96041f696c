"""What is kept of a test that failed."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from pytest_storedog_gate.local_synthetics.chromium.attempts import Attempts
from pytest_storedog_gate.outlets.whole_file import new_file
from tests.local_synthetics.support.browser_tests import HAS_HEADING, browser_test, step
from tests.local_synthetics.support.service import serving

artifacts = pytest.importorskip("pytest_storedog_gate.local_synthetics.kinds.browser.artifacts")

pytestmark = pytest.mark.browser


def test_of_a_failed_test_trace_and_page_are_kept_where_the_user_asked(
    chromium: None, site: str, tmp_path: Path
) -> None:
    directory, fails = tmp_path / "kept", step("assertPageContains", seconds=0.2, value="x")
    with serving(artifacts=Attempts(directory, count=1)) as service:
        assert service.run(browser_test(site, HAS_HEADING))["status"] == "passed"
        assert not directory.exists()
        (earlier,) = map(Path, service.run(browser_test(site, fails))["artifacts"][:1])
        failed = service.run(browser_test(site, fails))
    (attempt,) = directory.iterdir()
    assert attempt != earlier.parent
    assert attempt.stat().st_mode & 0o777 == 0o700
    kept = sorted(attempt.iterdir())
    assert failed["artifacts"] == [str(one) for one in kept]
    assert [one.name for one in kept] == ["page.html", "page.png", "trace.zip"]
    assert "Good dogs" in kept[0].read_text()
    with zipfile.ZipFile(kept[2]) as trace:
        assert "trace.trace" in trace.namelist()


def test_a_test_fails_although_nothing_of_it_can_be_kept(
    chromium: None, site: str, tmp_path: Path
) -> None:
    no_directory = tmp_path / "file"
    no_directory.touch()
    with serving(artifacts=Attempts(no_directory)) as service:
        failed = service.run(browser_test(site, step("assertPageContains", seconds=0.2, value="x")))
    assert failed["failure"]["code"] == "ASSERTION_FAILURE"
    assert "artifacts" not in failed


def test_nothing_is_kept_where_a_link_leads(chromium: None, site: str, tmp_path: Path) -> None:
    """The directory was none when the service began."""
    directory, precious = tmp_path / "artifacts", tmp_path / "precious"
    precious.mkdir()
    with serving(artifacts=Attempts(directory)) as service:
        directory.symlink_to(precious)
        result = service.run(browser_test(site, step("assertPageContains", seconds=0.2, value="x")))
    assert (result["status"], "artifacts" in result) == ("failed", False)
    assert list(precious.iterdir()) == []


def test_a_directory_that_is_moved_meanwhile_leads_nowhere(
    chromium: None, site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user's link comes after all was looked at, and before anything is written."""
    directory, precious = tmp_path / "artifacts", tmp_path / "precious"
    precious.mkdir()
    with serving(artifacts=Attempts(directory)) as service:

        def swap(_: Path) -> None:
            directory.rename(tmp_path / "moved")
            directory.symlink_to(precious)

        directory.mkdir()
        monkeypatch.setattr(artifacts, "refuse_links", swap)
        result = service.run(browser_test(site, step("assertPageContains", seconds=0.2, value="x")))
        assert (result["status"], "artifacts" in result) == ("failed", False)
        directory.unlink()
        directory.mkdir()

        def late(folder: int, name: str, data: bytes) -> None:
            if not directory.is_symlink():
                (tmp_path / "moved").rmdir()
                swap(directory)
            new_file(folder, name, data)

        monkeypatch.setattr(artifacts, "refuse_links", lambda _: None)
        monkeypatch.setattr(artifacts, "new_file", late)
        result = service.run(browser_test(site, step("assertPageContains", seconds=0.2, value="x")))
    assert list(precious.iterdir()) == []
    (kept,) = (tmp_path / "moved").iterdir()
    assert {one.name for one in kept.iterdir()} == {"page.html", "page.png", "trace.zip"}
