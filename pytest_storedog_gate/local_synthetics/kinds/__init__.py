"""The kinds of check: one module each, behind `protocol.Kind`."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_storedog_gate.local_synthetics.kinds.http import HttpCheck
from pytest_storedog_gate.local_synthetics.kinds.protocol import Kind, Outcome, Run

__all__ = ["Kind", "Kinds", "Outcome", "Run", "all_kinds"]

Kinds = Mapping[tuple[str, str], Kind]


def all_kinds() -> Kinds:
    """Every kind that this service can run, by test type and subtype."""
    return {("api", "http"): HttpCheck()}
