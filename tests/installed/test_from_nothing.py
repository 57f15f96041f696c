"""docs/tutorial/from-nothing.md: every command that stands there, typed after an installation."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.support.screens import screen
from tests.local_synthetics.support.service import DEADLINE, until
from tests.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.installed.strangers import Stranger
    from tests.local_synthetics.support.service import Target

_PAGE = (ROOT / "docs" / "tutorial" / "from-nothing.md").read_text("utf-8")
_ADDRESS = "http://127.0.0.1:8080"
_INSTALLING = 1  # command
# The field covers the page, and the page tells of each thing that a person has done to it; first
# that a mouse moves once Playwright's recorder is there, which misses what was done before.
_SHOP = """\
<title>Shop</title><style>input { position: fixed; inset: 3em 0 0 }</style>
<form><input aria-label="Name"></form><p></p>
<script>
const [form, field, said] = ["form", "input", "p"].map((name) => document.querySelector(name));
onmousemove = () => document.querySelector("x-pw-glass") && fetch("/moved");
field.onfocus = () => fetch("/focused");
field.oninput = () => fetch("/typed/" + field.value);
form.onsubmit = (event) => {
  event.preventDefault();
  said.innerText = "Thanks " + field.value;
  fetch("/ordered");
};
</script>
"""


def lines(title: str, target: Target) -> str:
    """The command lines of a section, about the target."""
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", _PAGE, re.DOTALL | re.MULTILINE)
    found = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    assert found
    return "\n".join(found).replace(_ADDRESS, target.url)


def few(script: str) -> bool:
    """Whether the road from nothing is as short as the page promises."""
    return len(script.splitlines()) + _INSTALLING <= 4


def test_a_first_check_is_a_gate_that_opens_and_closes_without_docker(
    stranger: Stranger, target: Target
) -> None:
    script = lines("A first check", target)
    assert few(script)
    said = stranger.types(script)
    assert "1 passed\n" in said
    assert "GATE OPEN for staging" in said
    target.answer("/", status=500)
    said = stranger.types(script.splitlines()[-1], status=1)
    assert "GATE CLOSED for staging" in said


def test_what_follows_a_first_check_and_its_pipeline(stranger: Stranger, target: Target) -> None:
    stranger.types(lines("A first check", target).splitlines()[0])
    said = stranger.types(lines("While you write checks", target))
    assert "1 file, 1 definition: no faults\n" in said
    assert said.endswith("1 passed\n")
    first, _, deploying = lines("A pipeline", target).partition("\n\n")
    assert "no step is known to be production" in stranger.types(first)
    stranger.types("rm storedog.toml .drone.yml")
    assert "production is step production" in stranger.types(deploying)


@pytest.mark.browser
@pytest.mark.usefixtures("chromium")
def test_a_first_browser_check(stranger: Stranger, target: Target) -> None:
    script = lines("A first browser check", target)
    assert few(script)
    target.answer("/", body="<h1>Treats</h1>", headers={"Content-Type": "text/html"})
    assert "GATE OPEN for staging" in stranger.types(script)


@pytest.mark.browser
@pytest.mark.usefixtures("chromium")
def test_a_recorded_browser_check(stranger: Stranger, target: Target, tmp_path: Path) -> None:
    target.answer("/", body=_SHOP, headers={"Content-Type": "text/html"})
    script = lines("A recorded browser check", target)
    assert few(script)
    recording, *rest = script.splitlines()

    def told(path: str) -> bool:
        return path in [asked["path"] for asked in target.requests]

    with (
        screen(tmp_path) as shown,
        stranger.begins(*recording.split(), DISPLAY=shown.display) as recorder,
    ):

        def moved() -> bool:
            for place in ("600", "610"):
                shown.takes("mousemove", place, place)
            return told("/moved")

        until(moved, "a window under the mouse")
        for action, path in (
            (("click", "1"), "/focused"),
            (("type", "Rex"), "/typed/Rex"),
            (("key", "Return"), "/ordered"),
        ):
            shown.takes(*action)
            until(partial(told, path), path)
        shown.takes("key", "ctrl+w")
        said, _ = recorder.communicate(timeout=6 * DEADLINE)  # browsers start three times
    assert "wrote checks/recorded.synthetics.json: 3 steps" in said
    assert "1 passed\n" in stranger.types("\n".join(rest))


def test_completion(stranger: Stranger, target: Target) -> None:
    stranger.types(lines("In an editor", target))
