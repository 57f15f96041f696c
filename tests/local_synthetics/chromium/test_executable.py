"""Which Chromium is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.local_synthetics.chromium.executable import NoChromiumError, find_chromium

if TYPE_CHECKING:
    from pathlib import Path


def _executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_environment_wins_over_playwrights_own(tmp_path: Path) -> None:
    chosen, own = _executable(tmp_path / "chosen"), _executable(tmp_path / "own")
    assert find_chromium({"STOREDOG_CHROMIUM": str(chosen)}, own) == chosen


def test_playwrights_own_wins_over_the_path(tmp_path: Path) -> None:
    own, other = _executable(tmp_path / "own"), _executable(tmp_path / "bin/chromium")
    assert find_chromium({"PATH": str(other.parent)}, own) == own


@pytest.mark.parametrize("name", ["chromium", "chromium-headless-shell", "google-chrome"])
def test_one_on_the_path_is_found(tmp_path: Path, name: str) -> None:
    found = _executable(tmp_path / "bin" / name)
    assert find_chromium({"PATH": str(found.parent)}, tmp_path / "own") == found


def test_a_choice_that_does_not_run_is_refused_and_not_replaced(tmp_path: Path) -> None:
    own = _executable(tmp_path / "own")
    with pytest.raises(NoChromiumError, match=r"STOREDOG_CHROMIUM is '.*absent'"):
        find_chromium({"STOREDOG_CHROMIUM": str(tmp_path / "absent")}, own)


def test_without_any_the_refusal_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoChromiumError, match="playwright install chromium"):
        find_chromium({"PATH": str(tmp_path)}, tmp_path / "own")


def test_for_windows_a_headless_shell_on_the_path_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    _executable(folder / "chromium-headless-shell")
    environment = {"PATH": str(folder), "DISPLAY": ":0"}
    with pytest.raises(NoChromiumError, match=r"no Chromium: .* one of chromium, google-chrome"):
        find_chromium(environment, tmp_path / "own", headed=True)
    found = _executable(folder / "google-chrome")
    assert find_chromium(environment, tmp_path / "own", headed=True) == found


def test_for_windows_a_headless_shell_that_is_chosen_is_refused(tmp_path: Path) -> None:
    shell, link = _executable(tmp_path / "chrome-headless-shell"), tmp_path / "chromium"
    link.symlink_to(shell)
    for chosen in (shell, link):
        environment = {"STOREDOG_CHROMIUM": str(chosen), "WAYLAND_DISPLAY": "wayland-0"}
        with pytest.raises(NoChromiumError, match="whole Chromium, and STOREDOG_CHROMIUM names"):
            find_chromium(environment, tmp_path / "own", headed=True)


def test_windows_need_a_display(tmp_path: Path) -> None:
    with pytest.raises(NoChromiumError, match="--headed needs a display"):
        find_chromium({"DISPLAY": ""}, _executable(tmp_path / "own"), headed=True)
