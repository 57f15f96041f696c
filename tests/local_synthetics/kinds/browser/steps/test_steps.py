"""Each type of step, in a real browser: once it passes, and once it fails with its code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.local_synthetics.kinds.browser.steps.cases import (
    FAILING,
    PASSING,
    PRESENT,
    failing_type,
    variables,
)

if TYPE_CHECKING:
    from tests.local_synthetics.support.browser_tests import Play


pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", PASSING)
def test_passes(play: Play, site: str, name: str) -> None:
    result = play(*PASSING[name], variables=variables(site), options={"noScreenshot": True})
    assert result["status"] == "passed", result["failure"]
    assert [one["status"] for one in result["steps"]] == ["passed"] * (len(PASSING[name]) + 1)


@pytest.mark.parametrize("name", FAILING)
def test_fails(play: Play, site: str, name: str) -> None:
    code, steps = FAILING[name]
    options: dict[str, Any] = {"noScreenshot": True}
    result = play(*steps, PRESENT, variables=variables(site), options=options)
    assert result["status"] == "failed"
    assert result["failure"]["code"] == code, result["failure"]
    statuses = [one["status"] for one in result["steps"]]
    failed = result["steps"][statuses.index("failed")]
    assert (failed["type"], failed["failure"]["code"]) == (failing_type(name), code)
    assert statuses == sorted(statuses, key=["passed", "failed", "skipped"].index)
    assert (statuses.count("failed"), statuses[-1]) == (1, "skipped")
