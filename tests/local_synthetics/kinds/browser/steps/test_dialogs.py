"""The dialogs of a page, closed as Datadog does: docs.datadoghq.com/synthetics/guide/popup."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.support.browser_tests import css, says, step

if TYPE_CHECKING:
    from tests.local_synthetics.support.browser_tests import Play

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("dialog", "said"), [("confirm", "true"), ("prompt", "Lorem Ipsum"), ("alert", "heard")]
)
def test_a_dialog_is_closed_as_datadog_does(play: Play, dialog: str, said: str) -> None:
    click = step("click", element=css(f"#{dialog}"))
    result = play(click, says(said), path="/dialogs")
    assert result["status"] == "passed", result["failure"]


def test_a_page_that_asks_before_it_is_left_is_left(play: Play) -> None:
    steps = [step("click", element=css(f"#{one}")) for one in ("alert", "leave")]
    there = step("assertElementContent", element=css("#title"), check="equals", value="Second")
    result = play(*steps, there, path="/dialogs")
    assert result["status"] == "passed", result["failure"]
