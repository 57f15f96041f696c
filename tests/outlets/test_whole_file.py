"""A file that is there whole or not at all, in the place that its path means."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.outlets import whole_file
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

OLD, NEW = b"yesterday's", b"today's"


def written(path: Path) -> None:
    with whole_file.prepare(path, NEW) as prepared:
        prepared.commit()


def here(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "report.json"
    path.write_bytes(OLD)
    return path


def test_nothing_is_there_before_the_commit_and_no_other_file_after_it(old: Path) -> None:
    with whole_file.prepare(old, NEW) as prepared:
        assert old.read_bytes() == OLD
        prepared.commit()
        assert old.read_bytes() == NEW
    assert here(old.parent) == {old.name}


def test_what_is_not_committed_leaves_nothing(old: Path) -> None:
    prepared = whole_file.prepare(old, NEW)
    prepared.discard()
    prepared.discard()
    with pytest.raises(ZeroDivisionError), whole_file.prepare(old, NEW):
        raise ZeroDivisionError
    assert (here(old.parent), old.read_bytes()) == ({old.name}, OLD)


def test_folders_are_made(tmp_path: Path) -> None:
    written(tmp_path / "a" / "b" / "report.json")
    assert (tmp_path / "a" / "b" / "report.json").read_bytes() == NEW


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o444])
def test_the_mode_of_an_existing_file_is_kept(old: Path, mode: int) -> None:
    old.chmod(mode)
    written(old)
    assert (old.read_bytes(), old.stat().st_mode & 0o7777) == (NEW, mode)


def test_a_new_file_can_be_read_by_others(tmp_path: Path) -> None:
    written(tmp_path / "report.json")
    assert (tmp_path / "report.json").stat().st_mode & 0o7777 == 0o644


@pytest.mark.parametrize("target", ["a/report.json", "a/none.json", "a", "/dev/full", "link"])
def test_a_link_is_not_followed(tmp_path: Path, target: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/report.json").write_bytes(OLD)
    link = tmp_path / "link"
    link.symlink_to(target)
    for act in (written, whole_file.withdraw):
        with pytest.raises(OSError, match=f"{link} is a link, which is not followed; name the"):
            act(link)
    assert link.readlink() == Path(target)
    assert here(tmp_path / "a") == {"report.json"}
    assert (tmp_path / "a/report.json").read_bytes() == OLD


def test_a_link_that_comes_meanwhile_is_replaced_and_not_followed(old: Path) -> None:
    other = old.with_name("other")
    other.write_bytes(OLD)
    with whole_file.prepare(old, NEW) as prepared:
        old.unlink()
        old.symlink_to(other)
        prepared.commit()
    assert (old.is_symlink(), old.read_bytes(), other.read_bytes()) == (False, NEW, OLD)


@pytest.mark.parametrize("moment", ["prepare", "commit", "withdraw"])
@pytest.mark.parametrize("folder", ["out", "out/a"])
def test_a_folder_that_becomes_a_link_meanwhile_leads_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, folder: str
) -> None:
    """Another user changes it after it was looked at, and before anything is opened."""
    work, elsewhere = tmp_path / "work", tmp_path / "elsewhere"
    for one in (work / "out/a", elsewhere / "a"):
        one.mkdir(parents=True)
    for one in (work / folder, elsewhere, elsewhere / "a"):
        (one / "report.json").write_bytes(OLD)
    monkeypatch.chdir(work)

    def swap(*_: object) -> None:
        (work / "out").rename(work / "moved")
        (work / "out").symlink_to(elsewhere)

    path = work / folder / "report.json"
    if moment == "commit":
        with whole_file.prepare(path, NEW) as prepared:
            swap()
            prepared.commit()
        assert (work / "moved" / path.relative_to(work / "out")).read_bytes() == NEW
    else:
        monkeypatch.setattr(whole_file, "refuse_links", swap)
        if moment == "prepare":
            with pytest.raises(OSError, match="Not a directory"):
                written(path)
        else:
            whole_file.withdraw(path)
    assert here(elsewhere) == {"a", "report.json"}
    assert here(elsewhere / "a") == {"report.json"}
    assert (elsewhere / "report.json").read_bytes() == OLD
    assert (elsewhere / "a/report.json").read_bytes() == OLD


@pytest.mark.parametrize("path", ["out/report.json", "out/a/b.json", "a/../out/report.json"])
def test_nor_is_a_folder_of_the_checkout_that_is_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    work, elsewhere = tmp_path / "work", tmp_path / "elsewhere"
    for folder in (work / "a", elsewhere):
        folder.mkdir(parents=True)
    (work / "out").symlink_to(elsewhere)
    monkeypatch.chdir(work)
    for given in (Path(path), work / path):
        with pytest.raises(OSError, match=f"{work}/.*out is a link, which is not followed"):
            written(given)
    assert here(elsewhere) == set()
    # Links above the current directory are the machine's own.
    (tmp_path / "work-too").symlink_to(work)
    written(tmp_path / "work-too" / "report.json")
    assert (work / "report.json").read_bytes() == NEW


def failing(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("what", ["fsync", "fchmod"])
def test_a_full_disk_shows_while_preparing_and_leaves_nothing(
    old: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(os, what, failing)
    with pytest.raises(OSError, match="No space left"):
        whole_file.prepare(old, NEW)
    assert (here(old.parent), old.read_bytes()) == ({old.name}, OLD)


def test_a_rename_that_fails_leaves_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(OSError, match="No space left"):
        written(old)
    assert (here(old.parent), old.read_bytes()) == ({old.name}, OLD)


def loop(folder: Path) -> Path:
    (folder / "loop").symlink_to("loop")
    return folder / "loop"


def below_a_file(folder: Path) -> Path:
    (folder / "file").touch()
    return folder / "file" / "report.json"


def unread_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


@pytest.mark.parametrize(
    "place",
    [
        loop,
        below_a_file,
        unread_pipe,
        lambda folder: folder,
        lambda folder: folder / ("n" * 300),
        lambda _folder: Path("/proc/nowhere/report.json"),
        lambda _folder: Path("/dev/fd/12345"),
    ],
    ids=["loop", "below a file", "unread pipe", "folder", "long name", "/proc", "closed file"],
)
def test_what_cannot_be_written_shows_while_preparing(
    tmp_path: Path, place: Callable[[Path], Path]
) -> None:
    path = place(tmp_path)
    before = here(tmp_path)
    with pytest.raises(OSError, match=r".+"):
        whole_file.prepare(path, NEW)
    assert here(tmp_path) == before


def test_a_named_pipe_is_written_into_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    data = b"x" * 300_000  # more than a pipe holds
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        # Opening waits for the reader, which `prepare` does not.
        with pipe.open("wb"):
            prepared = whole_file.prepare(pipe, data)
        got: list[bytes] = []
        reading = threading.Thread(target=lambda: got.append(reader.stdout.read()))  # type: ignore[union-attr]
        reading.start()
        prepared.commit()
        reading.join()
    assert got == [data]
    assert pipe.is_fifo()
    whole_file.withdraw(pipe)
    assert pipe.is_fifo()


def test_a_reader_that_does_not_read_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_file, "_PATIENCE", 10)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(TimeoutError), whole_file.prepare(pipe, b"x" * 300_000) as prepared:
        prepared.commit()
    os.close(reader)
    with pytest.raises(OSError, match="No such device"):
        whole_file.prepare(pipe, NEW)


@pytest.mark.parametrize("device", ["/dev/null", "/dev/full"])
def test_a_device_is_never_replaced(device: str) -> None:
    path = Path(device)
    before = path.stat()
    prepared = whole_file.prepare(path, NEW)
    if device == "/dev/full":
        with pytest.raises(OSError, match="No space left"), prepared:
            prepared.commit()
    else:
        prepared.commit()
    whole_file.withdraw(path)
    after = path.stat()
    assert (after.st_mode, after.st_ino) == (before.st_mode, before.st_ino)


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
@pytest.mark.parametrize("kind", ["file", "pipe"])
def test_standard_output_keeps_what_is_in_it(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / "link").symlink_to("/dev/stdout")
    code = (
        "import sys; from pathlib import Path\n"
        "from pytest_storedog_gate.outlets import whole_file\n"
        "print('before', flush=True)\n"
        "whole_file.withdraw(Path(sys.argv[1]))\n"
        "whole_file.prepare(Path(sys.argv[1]), b'whole\\n').commit()\n"
        "print('after')\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / name)]
    if kind == "pipe":
        said = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    else:
        log = tmp_path / "log"
        with log.open("wb") as file:
            subprocess.run(command, cwd=ROOT, stdout=file, check=True)
        said = log.read_bytes()
    assert said == b"before\nwhole\nafter\n"


def test_withdrawing_what_is_not_there_is_fine(tmp_path: Path, old: Path) -> None:
    whole_file.withdraw(tmp_path / "nowhere" / "report.json")
    whole_file.withdraw(old)
    whole_file.withdraw(old)
    whole_file.withdraw(tmp_path)
    assert here(tmp_path) == set()
