"""Questions of xdist's workers to the controller, over a local socket.

Workers wait for an answer by reading from the socket; nobody polls.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from contextlib import suppress
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pytest_storedog_gate.errors import GateError, NoVerdict

if TYPE_CHECKING:
    from pytest_storedog_gate.datadog.models import CheckOutcome

    from .source import Marked, Overrides, Source, Tagged

_QUESTIONS = ("checks", "marked", "outcome", "trigger")


class Answers:
    """Answers workers from `source`; lives on the controller."""

    def __init__(self, source: Source) -> None:
        self._source = source
        # A folder of our own: its mode keeps other users of the machine away from the socket.
        self._folder = tempfile.mkdtemp(prefix="storedog-")
        self.key = os.urandom(32)
        self.address = str(Path(self._folder) / "answers")
        self._listener = Listener(self.address, "AF_UNIX", backlog=64, authkey=self.key)
        self._closing = False
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stops answering and removes the socket."""
        self._closing = True
        with suppress(OSError, EOFError):
            Client(self.address, "AF_UNIX", authkey=self.key).close()  # wakes the accept
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _accept(self) -> None:
        while not self._closing:
            # A worker that dies while it says hello must not end the service for the others.
            with suppress(OSError, EOFError):
                connection = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection[object, Any]) -> None:
        with suppress(OSError, EOFError), connection:
            question, arguments = connection.recv()
            try:
                if question in _QUESTIONS:
                    connection.send(getattr(self._source, question)(*arguments))
            except GateError as error:
                connection.send(error)


class RemoteSource:
    """The controller's answers, as a worker gets them."""

    def __init__(self, address: str, key: bytes) -> None:
        self._address, self._key = address, key

    def checks(self) -> list[Tagged]:
        """Waits until the controller knows what is to be checked."""
        return cast("list[Tagged]", self._ask("checks"))

    def marked(self, tests: Marked) -> None:
        """Tells the controller which tests ask for checks of their own."""
        self._ask("marked", tests)

    def outcome(self, public_id: str) -> CheckOutcome:
        """Waits until the check has an outcome."""
        return cast("CheckOutcome", self._ask("outcome", public_id))

    def trigger(self, public_id: str, overrides: Overrides) -> CheckOutcome:
        """Has the controller run the check once more."""
        return cast("CheckOutcome", self._ask("trigger", public_id, overrides))

    def _ask(self, question: str, *arguments: object) -> object:
        try:
            with Client(self._address, "AF_UNIX", authkey=self._key) as connection:
                connection.send((question, arguments))
                answer = connection.recv()
        except (OSError, EOFError) as error:
            raise NoVerdict(f"the controller is gone: {error!r}") from None
        if isinstance(answer, GateError):
            raise answer
        return cast("object", answer)
