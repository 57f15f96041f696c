"""Reports of tests and of collection without the run's secrets, before anything shows them.

A test of the project's own may print what it was given, and `--showlocals` shows its variables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_storedog_gate.secrets.masking import Masker


def mask_report(report: pytest.TestReport | pytest.CollectReport, mask: Masker) -> None:
    if isinstance(report.longrepr, tuple):  # of a skip: the file, the line and the reason
        report.longrepr = mask.document(report.longrepr)
    elif report.longrepr is not None:
        text = report.longreprtext
        shown = mask.shortened(text)
        if shown != text:
            report.longrepr = shown
    report.sections = mask.document(report.sections)
    if isinstance(report, pytest.TestReport):
        if hasattr(report, "wasxfail"):
            report.wasxfail = mask(str(report.wasxfail))
        report.user_properties = mask.document(report.user_properties)
    if isinstance(report, pytest.SubtestReport):
        # What the subtest was told is frozen, and of texts alone: the values are shown as `repr`.
        context = report.context
        object.__setattr__(context, "msg", context.msg and mask(str(context.msg)))
        told = {name: mask.shortened(value) for name, value in context.kwargs.items()}
        object.__setattr__(context, "kwargs", told)
