"""Reports of tests and of collection without the run's secrets, before anything shows them.

A test of the project's own may print what it was given, and `--showlocals` shows its variables.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from typing import Any

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
        report.user_properties = [_masked(mask, each) for each in report.user_properties]
    if isinstance(report, pytest.SubtestReport):
        # What the subtest was told is frozen, and of texts alone: the values are shown as `repr`.
        context = report.context
        object.__setattr__(context, "msg", context.msg and mask(str(context.msg)))
        told = {name: mask.shortened(value) for name, value in context.kwargs.items()}
        object.__setattr__(context, "kwargs", told)


def _masked(mask: Masker, each: tuple[str, Any]) -> tuple[str, Any]:
    """A property of a test; one of texts is looked at once, and each report has it once more."""
    texts = all(isinstance(part, str) for part in each)
    return _masked_texts(mask, each) if texts else mask.document(each)


@lru_cache(maxsize=1024)
def _masked_texts(mask: Masker, each: tuple[str, str]) -> tuple[str, str]:
    return mask.document(each)
