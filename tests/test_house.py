"""What keeps the house easy to walk through: arrows that go one way, short files, small folders."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from tests.repository import ROOT, kept

_LONGEST = 400  # lines
_MOST = 16  # entries
_CODE = ("pytest_storedog_gate", "tests", "lab", "bench")


def test_imports_go_one_way_and_pytest_stays_on_its_side() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_no_file_is_longer_than_a_person_reads_in_one_go() -> None:
    files = [path for path in kept(*_CODE) if path.suffix == ".py"]
    lines = {path: len((ROOT / path).read_bytes().splitlines()) for path in files}
    assert lines
    assert {path: count for path, count in lines.items() if count > _LONGEST} == {}


def test_no_folder_holds_more_than_a_person_sees_at_a_glance() -> None:
    folders: dict[str, set[str]] = defaultdict(set)
    for path in kept(*_CODE):
        if path.parts[0] == "tests":
            continue  # they mirror all rooms
        for entry in (path, *path.parents):
            if entry.name not in {"", "__init__.py", "py.typed"}:
                folders[str(entry.parent)].add(entry.name)
    assert folders
    assert {name: len(held) for name, held in folders.items() if len(held) > _MOST} == {}
