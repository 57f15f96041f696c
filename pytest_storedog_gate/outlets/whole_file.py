"""Files that are there whole or not at all: a run may be killed while it writes one.

What can fail of writing comes first, in `prepare`, so that a run learns of a full disk while it can
still go back; what is left for `commit` is a rename. What is no regular file, such as /dev/null or
a named pipe, cannot be replaced: `commit` writes into it.

A link is refused: a checkout is other people's work, and a link in it would lead a run, often
root's, to write where they cannot. Only those to the process's own streams, as /dev/stdout is one,
are followed. All is done within folders that are open, so that a link that comes meanwhile leads
nowhere either.
"""

from __future__ import annotations

import errno
import os
import secrets
import select
import stat
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import FileIO

_NEW = 0o644
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY
_MADE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
# A named pipe or a terminal may have a reader that does not read.
_PATIENCE = 10_000  # ms
_MOST_LINKS = 40  # as Linux follows


class Prepared(AbstractContextManager["Prepared"]):
    """What is ready to be put there. The end of its block discards what was not committed."""

    def __init__(self, held: ExitStack, put: Callable[[], object]) -> None:
        """`held` is open until it is there, or discarded; `put` may raise OSError."""
        self._held, self._put = held, put

    def commit(self) -> None:
        """Puts it there. Raises OSError."""
        self._put()
        self.discard()

    def discard(self) -> None:
        """Leaves nothing behind; after `commit` there is nothing to leave."""
        self._held.close()

    def __exit__(self, *_: object) -> None:
        self.discard()


class Nothing(Prepared):
    """Nothing to put anywhere."""

    def __init__(self) -> None:
        super().__init__(ExitStack(), lambda: None)


def prepare(path: Path, data: bytes) -> Prepared:
    """Gets ready to put `data` at `path`. Raises OSError where that is known to be impossible."""
    own = _own_descriptor(path)
    if own is not None:
        return _stream(os.dup(own), data)
    refuse_links(path)
    with ExitStack() as held:
        folder = held.enter_context(opened_folder(path.parent))
        try:
            mode = os.stat(path.name, dir_fd=folder, follow_symlinks=False).st_mode
        except FileNotFoundError:
            mode = stat.S_IFREG | _NEW
        if stat.S_ISREG(mode):
            new = f".storedog-{secrets.token_hex(8)}"
            held.callback(_remove, new, folder)
            new_file(folder, new, data, stat.S_IMODE(mode))
            put = partial(os.replace, new, path.name, src_dir_fd=folder, dst_dir_fd=folder)
            return Prepared(held.pop_all(), put)
        # A named pipe that nobody reads is an error at once, not a wait without an end.
        how = os.O_WRONLY | os.O_APPEND | os.O_NOCTTY | os.O_NONBLOCK | os.O_NOFOLLOW
        return _stream(os.open(path.name, how, dir_fd=folder), data)


def _remove(name: str, folder: int) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def _stream(descriptor: int, data: bytes) -> Prepared:
    """Something open, that is written into."""
    held = ExitStack()
    file = held.enter_context(os.fdopen(descriptor, "wb", buffering=0))
    return Prepared(held, partial(_write_patiently, file, data))


def _write_patiently(file: FileIO, data: bytes) -> None:
    ready = select.poll()
    ready.register(file, select.POLLOUT)
    left = memoryview(data)
    while left:
        if not ready.poll(_PATIENCE):
            raise TimeoutError(errno.ETIMEDOUT, "nobody reads what is written there")
        # No more than a pipe that is ready takes without a wait.
        written = file.write(left[: select.PIPE_BUF])
        left = left[written or 0 :]


def withdraw(path: Path) -> None:
    """Removes the regular file that is there, if one is. Raises OSError."""
    if _own_descriptor(path) is not None:
        return
    refuse_links(path)
    with (
        suppress(FileNotFoundError, NotADirectoryError),
        opened_folder(path.parent, make=False) as folder,
    ):
        if stat.S_ISREG(os.stat(path.name, dir_fd=folder, follow_symlinks=False).st_mode):
            os.unlink(path.name, dir_fd=folder)


@contextmanager
def opened_folder(path: Path, *, make: bool = True) -> Iterator[int]:
    """A descriptor for `dir_fd`, of a folder that is made where it is not there.

    Raises OSError, also for a link below the current directory.
    """
    whole, here = path.absolute(), Path.cwd()
    start = here if whole.is_relative_to(here) else whole
    if make:
        start.mkdir(parents=True, exist_ok=True)
    held = os.open(start, _FOLDER)
    try:
        for name in whole.relative_to(start).parts:
            outer, held = held, inner_folder(held, name, make=make)
            os.close(outer)
        yield held
    finally:
        os.close(held)


def inner_folder(folder: int, name: str, *, make: bool = True) -> int:
    """The descriptor of a folder in an open one, and of no link. Raises OSError."""
    if make:
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=folder)
    return os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)


def new_file(folder: int, name: str, data: bytes, mode: int = 0o600) -> None:
    """Writes a file of a name that is not taken, into an open folder. Raises OSError."""
    descriptor = os.open(name, _MADE, 0o600, dir_fd=folder)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)


def refuse_links(path: Path) -> None:
    """Raises OSError where the path is a link, or a folder of it below the current directory is.

    What is above the current directory, or beside it, is the machine's own.
    """
    whole, here = path.absolute(), Path.cwd()
    folders = whole.relative_to(here).parents if whole.is_relative_to(here) else []
    for one in (whole, *(here / folder for folder in folders)):
        if one.is_symlink() and _own_descriptor(one) is None:
            sentence = f"{one} is a link, which is not followed; name the place where it leads"
            raise OSError(errno.ELOOP, sentence, str(path))


def _own_descriptor(path: Path) -> int | None:
    """The number of this process's open file that `path` is a word for, as /dev/stdout is one.

    It may be a regular file: replacing that would lose what is in it, and an opening of our own
    would write over it, having an offset of its own.
    """
    descriptors = os.path.realpath("/proc/self/fd")
    place = path.absolute()
    for _ in range(_MOST_LINKS):
        if os.path.realpath(place.parent) == descriptors and place.name.isdecimal():
            return int(place.name)
        if not place.is_symlink():
            return None
        place = place.parent / place.readlink()
    return None
