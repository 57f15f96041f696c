"""What has ended, kept in an SQLite file: a service that starts again still knows it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sqlite3
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.outlets.whole_file import refuse_links

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

_LOCK_WAIT = 2  # s
_OWN = 0o600
_TRUSTED = {0, os.geteuid()}  # whose directories nobody else changes
# What each format of the file adds to the one before.
_FORMATS = (
    """
    CREATE TABLE results (id TEXT PRIMARY KEY, definition TEXT NOT NULL, attributes TEXT NOT NULL);
    CREATE TABLE batches (id TEXT PRIMARY KEY, document TEXT NOT NULL);
    """,
    "CREATE TABLE tests (id TEXT PRIMARY KEY, change TEXT NOT NULL)",
    """
    CREATE TABLE account (
        kind TEXT NOT NULL, id TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (kind, id)
    )
    """,
    "INSERT INTO account SELECT 'test', id, change FROM tests ORDER BY rowid; DROP TABLE tests",
)


class Store:
    """What the API made and changed, and results and batches in the order of their end.

    One service at a time has the file. It belongs to its user and is read by nobody else: nothing
    in it is secret, as what comes here was masked before, but it tells what is checked, and with
    what outcome.

    Every change is in the file once the call returns; where a result or a batch finds no room, a
    line on standard error says so.
    """

    def __init__(self, path: str) -> None:
        """Open the file or make it. Raises ConfigurationError."""
        self._path = path
        try:
            _claim(path)
            # A service's event loop may run in another thread than the one that made it.
            self._connection = sqlite3.connect(
                path, timeout=_LOCK_WAIT, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
            except BaseException:
                self.close()
                raise
        except (OSError, sqlite3.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise ConfigurationError(f"{path}: cannot be used as a database: {reason}") from None

    def _prepare(self) -> None:
        run = self._connection.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        run("BEGIN EXCLUSIVE")
        (found,) = run("PRAGMA user_version").fetchone()
        (tables,) = run("SELECT count(*) FROM sqlite_master").fetchone()
        if found > len(_FORMATS) or (found == 0 and tables):
            raise ConfigurationError(
                f"{self._path}: no database of this service; name another file"
            )
        for added in _FORMATS[found:]:
            for statement in added.split(";"):
                run(statement)
        run(f"PRAGMA user_version = {len(_FORMATS)}")
        run("COMMIT")
        for one in _files(self._path):
            one.chmod(_OWN)  # whatever rights it had before

    def made(self, kind: str) -> list[tuple[str, Json]]:
        """The ID and the document of each thing of a kind that the API made, the oldest first."""
        query = "SELECT id, document FROM account WHERE kind = ? ORDER BY rowid"
        rows = self._connection.execute(query, (kind,))
        return [(made_id, json.loads(text)) for made_id, text in rows]

    def put_made(self, kind: str, made_id: str, document: Json) -> None:
        """Add or replace one of them."""
        self._connection.execute(
            "INSERT INTO account VALUES (?, ?, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET document = excluded.document",
            (kind, made_id, json.dumps(document)),
        )

    def forget_made(self, kind: str, made_id: str) -> None:
        """Forget one of them."""
        self._connection.execute("DELETE FROM account WHERE kind = ? AND id = ?", (kind, made_id))

    def results(self) -> Iterator[tuple[Json, Json]]:
        """Each result's definition and attributes, the oldest first."""
        query = "SELECT definition, attributes FROM results ORDER BY rowid"
        for definition, attributes in self._connection.execute(query):
            yield json.loads(definition), json.loads(attributes)

    def batches(self) -> Iterator[tuple[str, Json]]:
        """Each batch's ID and document, the oldest first."""
        query = "SELECT id, document FROM batches ORDER BY rowid"
        for batch_id, document in self._connection.execute(query):
            yield batch_id, json.loads(document)

    def put_result(self, definition: Json, attributes: Json, *, kept: int) -> None:
        """Add or replace a result; only the last `kept` stay."""
        row = (attributes["result"]["id"], json.dumps(definition), json.dumps(attributes))
        self._keep("results", "?, ?, ?", row, kept)

    def put_batch(self, batch_id: str, document: Json, *, kept: int) -> None:
        """Add or replace a batch; only the last `kept` stay."""
        self._keep("batches", "?, ?", (batch_id, json.dumps(document)), kept)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _keep(self, table: str, marks: str, row: tuple[str, ...], kept: int) -> None:
        """Change what ended. A disk that is full must not keep a batch from its end."""
        oldest = f"(SELECT max(rowid) FROM {table}) - {kept}"  # noqa: S608 names of our own
        try:
            self._connection.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)  # noqa: S608
            self._connection.execute(f"DELETE FROM {table} WHERE rowid <= {oldest}")  # noqa: S608
        except sqlite3.Error as error:
            sys.stderr.write(f"storedog-synthetics: {self._path}: what ended is lost: {error}\n")


def _claim(path: str) -> None:
    """Make the file if there is none, and see to it that nobody else can put another in its place.

    SQLite follows links and reads a journal that it finds. Raises OSError.
    """
    refuse_links(Path(path))
    folder = Path(path).absolute().parent
    held = folder.stat()
    if held.st_uid not in _TRUSTED:
        raise PermissionError(errno.EPERM, f"{folder} is another user's; name a file in yours")
    if held.st_mode & stat.S_IWOTH and not held.st_mode & stat.S_ISVTX:
        raise PermissionError(errno.EPERM, f"every user can change {folder}; take that right away")
    for one in _files(path):
        refuse_links(one)
        if one.lstat().st_uid != os.geteuid():
            raise PermissionError(errno.EPERM, f"{one} is another user's; name another file")
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWN))


def _files(path: str) -> list[Path]:
    """The file and what SQLite has beside it, as far as they are there."""
    named = [Path(f"{path}{end}") for end in ("", "-journal", "-wal", "-shm")]
    return [one for one in named if os.path.lexists(one)]
