"""Outcomes between the controller and xdist's workers, over a local socket.

Workers wait for a check's outcome by reading from the socket; nobody polls.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from contextlib import suppress
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_storedog_gate.errors import GateError, NoVerdict

if TYPE_CHECKING:
    from pytest_storedog_gate.datadog.models import CheckOutcome

    from .fixtures import OutcomeSource


class OutcomeServer:
    """Answers workers from `source`; lives on the controller."""

    def __init__(self, source: OutcomeSource) -> None:
        self._source = source
        # A folder of our own: its mode keeps other users of the machine away from the socket.
        self._folder = tempfile.mkdtemp(prefix="storedog-")
        self.key = os.urandom(32)
        self.address = str(Path(self._folder) / "outcomes")
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

    def _serve(self, connection: Connection[object, str]) -> None:
        with suppress(OSError, EOFError), connection:
            while True:
                public_id = connection.recv()
                try:
                    connection.send(self._source.outcome(public_id))
                except GateError as error:
                    connection.send(error)


class RemoteOutcomes:
    """The controller's outcomes, as a worker sees them."""

    def __init__(self, address: str, key: bytes) -> None:
        self._address, self._key = address, key

    def outcome(self, public_id: str) -> CheckOutcome:
        """Asks the controller and waits for its answer."""
        try:
            with Client(self._address, "AF_UNIX", authkey=self._key) as connection:
                connection.send(public_id)
                answer = connection.recv()
        except (OSError, EOFError) as error:
            raise NoVerdict(f"the controller is gone: {error!r}") from None
        if isinstance(answer, GateError):
            raise answer
        outcome: CheckOutcome = answer
        return outcome
