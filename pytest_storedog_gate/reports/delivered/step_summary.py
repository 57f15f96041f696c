"""The verdict on the page of a GitHub, Gitea or Forgejo Actions job.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_storedog_gate.reports.markdown import markdown

if TYPE_CHECKING:
    from pytest_storedog_gate.verdicts.record import Record


class StepSummary:
    """A report of the gate's own, where GITHUB_STEP_SUMMARY names a file."""

    def pytest_storedog_report(self, record: Record) -> str | None:
        """Adds the summary to what the step has written there."""
        path = os.environ.get("GITHUB_STEP_SUMMARY")
        if not path:
            return None
        try:
            with open(path, "ab") as file:  # noqa: PTH123  # may be /dev/stdout
                file.write(f"{markdown(record)}\n\n".encode())
        except OSError as error:
            return f"no summary in {path}: {error.strerror}"
        return None
