"""However a run ends while a deployment is open: its status says what was left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.live.releases import Pipeline

pytestmark = pytest.mark.live

ENDS = {
    "os._exit(1) in a test": """
        import os
        def pytest_runtest_call(item):
            os._exit(1)
    """,
    "os._exit(0) of another thread": """
        import os, threading
        def pytest_runtest_call(item):
            threading.Thread(target=os._exit, args=(0,)).start()
            threading.Event().wait(60)
    """,
    "an error before ours at the end": """
        import pytest
        @pytest.hookimpl(wrapper=True, tryfirst=True)
        def pytest_sessionfinish():
            raise RuntimeError("broken")
            yield
    """,
    "an error after all": """
        def pytest_unconfigure():
            raise RuntimeError("broken")
    """,
    "sys.exit(256) after all": """
        import sys
        def pytest_unconfigure():
            sys.exit(256)
    """,
}


@pytest.mark.parametrize("end", ENDS)
def test_no_way_out_leaves_a_deployment_open(pipeline: Pipeline, end: str) -> None:
    before = pipeline.live(pipeline.staging)
    conftest = pipeline.folder / "conftest.py"
    lines = ENDS[end].split("\n")
    conftest.write_text("\n".join(line[8:] for line in lines), "utf-8")
    try:
        done = pipeline.run(pipeline.staging, "better")
    finally:
        conftest.unlink()
    assert done.returncode in (3, 8), done.stdout
    assert pipeline.live(pipeline.staging) == before, "the previous version is back"
    assert "back as" in done.stdout
    assert done.stdout.rstrip().endswith(f"exit status {done.returncode}")
    assert pipeline.report()["exit_status"] == done.returncode
    assert pipeline.names(pipeline.staging) == ["db", "discounts", "frontend"]


def test_what_cannot_be_kept_is_not_concluded(pipeline: Pipeline) -> None:
    before = pipeline.live(pipeline.staging)
    verdicts = pipeline.folder / ".storedog" / "verdicts"
    kept = verdicts.rename(pipeline.folder / "kept")
    verdicts.write_text("a file where a folder should be", "utf-8")
    try:
        done = pipeline.run(pipeline.staging, "better")
    finally:
        verdicts.unlink()
        kept.rename(verdicts)
    assert done.returncode == 8, done.stdout
    assert pipeline.live(pipeline.staging) == before, "the previous version is back"
    assert "GATE OPEN" not in done.stdout
