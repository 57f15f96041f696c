"""How long attempts of browser tests that failed are kept, and that nothing else is removed."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.chromium.attempts import FILES, Attempts

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400


def attempt(folder: Path, number: int, *, age: float = 0.0) -> str:
    """One that changed so many days ago; its name."""
    made = folder / f"abc-def-ghi-chrome.laptop_large-{10**18 + number}"
    made.mkdir(0o700)
    for name in FILES:
        (made / name).write_text("secret")
    then = time.time() - age * DAY
    os.utime(made, (then, then))
    return made.name


def left(attempts: Attempts) -> set[str]:
    attempts.forget()
    return {one.name for one in attempts.folder.iterdir()}


def test_the_newest_stay_and_none_too_long(tmp_path: Path) -> None:
    new, older, old = (attempt(tmp_path, n, age=age) for n, age in enumerate([0, 1, 6.9]))
    attempt(tmp_path, 3, age=7.1)
    assert left(Attempts(tmp_path, days=7)) == {new, older, old}
    assert left(Attempts(tmp_path, count=2)) == {new, older}
    assert left(Attempts(tmp_path, count=1)) == {new}


def test_what_is_no_attempt_of_this_user_stays(tmp_path: Path) -> None:
    folder, precious = tmp_path / "kept", tmp_path / "precious"
    folder.mkdir()
    precious.mkdir()
    attempt(precious, 7, age=99)
    theirs = {attempt(folder, 1, age=99)}
    (folder / "notes").mkdir(0o700)
    (folder / "notes" / "page.html").touch()
    (folder / f"abc-def-ghi-{10**18}").symlink_to(next(precious.iterdir()))
    (folder / attempt(folder, 2, age=99)).chmod(0o755)
    more = folder / attempt(folder, 3)
    (more / "mine.txt").touch()
    os.utime(more, (0, 0))
    before = {one.name for one in folder.iterdir()}
    if os.geteuid() == 0:
        for name in theirs:
            os.chown(folder / name, 65534, 65534)
        theirs = set()
    assert left(Attempts(folder)) == before - theirs
    assert [one.name for one in more.iterdir()] == ["mine.txt"]
    assert {one.name for one in next(precious.iterdir()).iterdir()} == set(FILES)


def test_a_link_in_the_place_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    name = attempt(precious, 1, age=99)
    (tmp_path / "kept").symlink_to(precious)
    Attempts(tmp_path / "kept").forget()
    assert (precious / name).is_dir()


def test_a_folder_that_is_not_there_is_no_error_and_is_not_made(tmp_path: Path) -> None:
    Attempts(tmp_path / "kept").forget()
    assert not (tmp_path / "kept").exists()
