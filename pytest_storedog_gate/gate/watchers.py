"""Threads that follow a run's batches, one each, and tell the board of outcomes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pytest_storedog_gate.errors import GateError, NoVerdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_storedog_gate.datadog.batch import Batch
    from pytest_storedog_gate.datadog.models import CheckOutcome

PATIENCE = 5.0  # s; they end at once, unless a call of theirs hangs


class Watchers:
    """Those of one trigger; they are at work once this is made.

    `put` takes each outcome; `fail` why there will be no more of a batch, unless the run has
    cancelled it; `end` is called when all have ended.
    """

    def __init__(
        self,
        batches: Sequence[Batch],
        cancelled: threading.Event,
        *,
        put: Callable[[CheckOutcome], None],
        fail: Callable[[GateError], None],
        end: Callable[[], None],
    ) -> None:
        self._cancelled = cancelled
        self._put, self._fail, self._end = put, fail, end
        self._left = len(batches)
        self._counting = threading.Lock()
        self._threads = [
            threading.Thread(target=self._watch, args=(batch,), daemon=True) for batch in batches
        ]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Waits for their end, though not for one that hangs."""
        for thread in self._threads:
            thread.join(PATIENCE)

    def _watch(self, batch: Batch) -> None:
        try:
            for found in batch.outcomes():
                self._put(found)
        except GateError as error:
            # A call that the end of the run cut short is no reason of its own.
            if not self._cancelled.is_set():
                self._fail(error)
        except Exception as error:  # noqa: BLE001  # a thread's error would be lost, and tests wait
            self._fail(NoVerdict(f"following the batch failed: {type(error).__name__}: {error}"))
        finally:
            with self._counting:
                self._left -= 1
                if not self._left:
                    self._end()
