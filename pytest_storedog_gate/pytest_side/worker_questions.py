"""Questions of xdist's workers to the controller, over a local socket.

Workers wait for an answer by reading from the socket; nobody polls.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
import time
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import (
    Client,
    Connection,
    Listener,
    answer_challenge,
    deliver_challenge,
)
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pytest_storedog_gate.errors import GateError, NoVerdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_storedog_gate.datadog.models import CheckOutcome
    from pytest_storedog_gate.pytest_side.source import Census, Overrides, Source, Tagged
    from pytest_storedog_gate.reports.attachments import Attachments
    from pytest_storedog_gate.verdicts.rule import WatchVerdict

# Of `Source` and `Showing`: who has the key may ask these, and nothing else of the controller.
_QUESTIONS = (
    *("checks", "watches", "counted", "stopped", "outcome", "watched", "trigger"),
    *("attachments", "masked"),
)
_PAUSE = 0.1  # s
_LONGEST_ADDRESS = 100  # bytes; a socket's path has 107 at the most


class Answers:
    """Answers workers from `source`; lives on the controller."""

    def __init__(self, source: Source) -> None:
        self._source = source
        # A folder of our own: its mode keeps other users of the machine away from the socket.
        self._folder = _short_folder()
        self.key = os.urandom(32)
        self.address = str(Path(self._folder) / "answers")
        self._listener = Listener(self.address, "AF_UNIX", backlog=64)
        self._closing = False
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stops answering and removes the socket."""
        self._closing = True
        # Wakes the accept. Not one that waits for a word: the accept may have ended before.
        with suppress(OSError), socket.socket(socket.AF_UNIX) as waking:
            waking.settimeout(0)
            waking.connect(self.address)
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _accept(self) -> None:
        while not self._closing:
            try:
                connection = self._listener.accept()
            except OSError:
                time.sleep(_PAUSE)  # this process may have too many files open, and closes some
            else:
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection[object, Any]) -> None:
        # One worker that dies, or is stopped, while it says hello must not keep the others waiting.
        with suppress(OSError, EOFError, AuthenticationError), connection:
            deliver_challenge(connection, self.key)
            answer_challenge(connection, self.key)
            while True:
                question, arguments = connection.recv()
                connection.send(self._answer(question, arguments))

    def _answer(self, question: str, arguments: Sequence[Any]) -> object:
        if question not in _QUESTIONS:
            return NoVerdict(f"{question} is no question of a worker")
        try:
            return getattr(self._source, question)(*arguments)
        except GateError as error:
            return error
        except Exception as error:  # noqa: BLE001  # a thread's error would be lost, and a worker waits
            return NoVerdict(f"the controller could not answer: {type(error).__name__}: {error}")


def _short_folder() -> str:
    """A new folder of this user's alone; TMPDIR may be too long for a socket's path."""
    for place in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108  # mkdtemp is safe there
        with suppress(OSError):
            folder = tempfile.mkdtemp(prefix="storedog-", dir=place)
            if len(os.fsencode(folder)) <= _LONGEST_ADDRESS - len("/answers"):
                return folder
            Path(folder).rmdir()
    raise NoVerdict("xdist's workers cannot be reached: set TMPDIR to a folder with a short path")


class RemoteSource:
    """The controller's answers, as a worker gets them: see `Source` and `Showing`.

    One connection serves all questions. It is made before any test runs: plugins that keep tests
    from the network would keep us from the controller.
    """

    def __init__(self, address: str, key: bytes) -> None:
        self._address, self._key = address, key
        self._connection: Connection[Any, Any] | None = None
        self._one_at_a_time = threading.Lock()
        self._stopped: bool | None = None

    def checks(self) -> list[Tagged]:
        return cast("list[Tagged]", self._ask("checks"))

    def watches(self) -> list[str]:
        return cast("list[str]", self._ask("watches"))

    def counted(self, census: Census) -> None:
        self._ask("counted", census)

    def stopped(self) -> bool:
        # Known before the first test.
        if self._stopped is None:
            self._stopped = bool(self._ask("stopped"))
        return self._stopped

    def outcome(self, public_id: str) -> CheckOutcome:
        return cast("CheckOutcome", self._ask("outcome", public_id))

    def watched(self, name: str) -> WatchVerdict:
        return cast("WatchVerdict", self._ask("watched", name))

    def trigger(self, public_id: str, overrides: Overrides) -> CheckOutcome:
        return cast("CheckOutcome", self._ask("trigger", public_id, overrides))

    def attachments(self, public_id: str) -> Attachments | None:
        return cast("Attachments | None", self._ask("attachments", public_id))

    def masked(self, texts: list[str]) -> list[str]:
        return cast("list[str]", self._ask("masked", texts))

    def _ask(self, question: str, *arguments: object) -> object:
        try:
            with self._one_at_a_time:
                if self._connection is None:
                    self._connection = Client(self._address, "AF_UNIX", authkey=self._key)
                self._connection.send((question, arguments))
                answer = self._connection.recv()
        except (OSError, EOFError) as error:
            raise NoVerdict(f"the controller is gone: {error!r}") from None
        if isinstance(answer, GateError):
            raise answer
        return cast("object", answer)
