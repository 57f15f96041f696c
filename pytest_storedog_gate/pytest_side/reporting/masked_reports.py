"""Reports of tests and of collection without the run's secrets, before anything shows them.

A test of the project's own may print what it was given, and `--showlocals` shows its variables.
"""

from __future__ import annotations

from operator import is_
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from typing import Any

    from pytest_storedog_gate.secrets.masking import Masker


class MaskedReports:
    """Takes the secrets out of each report in its place: call it with the report."""

    def __init__(self, mask: Masker) -> None:
        self._mask = mask
        # Those of the report before, as they were and as they are shown: see `_properties`.
        self._texts: list[str] = []
        self._shown: list[tuple[str, Any]] = []

    def __call__(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        mask = self._mask
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
            report.user_properties = self._properties(report.user_properties)
        if isinstance(report, pytest.SubtestReport):
            # What the subtest was told is frozen, and of texts alone: values are shown as `repr`.
            context = report.context
            object.__setattr__(context, "msg", context.msg and mask(str(context.msg)))
            told = {name: mask.shortened(value) for name, value in context.kwargs.items()}
            object.__setattr__(context, "kwargs", told)

    def _properties(self, told: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
        """The properties of a test, which each of its reports has: texts are looked at once."""
        texts = [text for each in told for text in each]
        if not all(isinstance(text, str) for text in texts):
            return self._mask.document(told)
        if len(texts) == len(self._texts) and all(map(is_, texts, self._texts)):
            return [*self._shown]
        # All at once, as most hold no secret: what is in one of them is in the whole as well.
        whole = " ".join(texts)
        shown = told if self._mask.document(whole) == whole else self._mask.document(told)
        self._texts, self._shown = texts, [*shown]
        return shown
