"""Batches: what is triggered together, run at once as far as the service's limit allows."""

from __future__ import annotations

import asyncio
import time
import traceback
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.extras import remedy
from pytest_storedog_gate.local_synthetics.failures import CheckFailed, Failure
from pytest_storedog_gate.local_synthetics.kinds import Kinds, Outcome, Run
from pytest_storedog_gate.local_synthetics.running.results import (
    Results,
    new_result_id,
    packed,
    unpacked,
)
from pytest_storedog_gate.local_synthetics.variables import variables
from pytest_storedog_gate.secrets.places import mask_exchanges

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pytest_storedog_gate.local_synthetics.account.database import Store
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.mail.mailboxes import Mailboxes
    from pytest_storedog_gate.local_synthetics.running.trigger import Trigger
    from pytest_storedog_gate.local_synthetics.variables.global_variables import Globals

_KEPT_BATCHES = 1000
_FIRST_LOCATION_ID = 30001


def display_name(location: str) -> str:
    """What a client shows for a location: whatever its name, it runs here."""
    return f"Local ({location})"


def location_documents(batch: Batch) -> list[Json]:
    """The locations of a batch, as a trigger's answer has them."""
    return [
        {
            "id": _FIRST_LOCATION_ID + index,
            "name": name,
            "display_name": display_name(name),
            "region": "Local",
            "is_active": True,
            "is_public": False,
            "metadata": None,
        }
        for index, name in enumerate(batch.locations)
    ]


@dataclass
class Entry:
    """One test in one location, on one device, as the batch shows it after its last attempt.

    It is `in_progress` while a retry is expected. `retries` from 0, duration in ms.
    """

    run: Run
    location: str
    result_id: str = field(default_factory=new_result_id)
    initial_result_id: str | None = None
    status: str = "in_progress"
    retries: int | None = None
    duration: int | None = None
    timed_out: bool = False

    def document(self) -> Json:
        definition = self.run.definition
        shown: Json = {
            "test_public_id": definition.public_id,
            "test_name": definition.name,
            "test_type": definition.type,
            "execution_rule": definition.execution_rule,
            "status": self.status,
        }
        if self.status == "skipped":
            return {**shown, "retries": None, "max_retries": None, "timed_out": None}
        if self.run.device:
            shown["device"] = self.run.device
        if self.initial_result_id:
            shown["initial_result_id"] = self.initial_result_id
        if self.duration is not None:
            shown["duration"] = self.duration
        return {
            **shown,
            "result_id": self.result_id,
            "location": self.location,
            "retries": self.retries,
            "max_retries": definition.retries,
            "timed_out": self.timed_out,
        }


@dataclass(frozen=True)
class Batch:
    """What one trigger started; `deadline` in the event loop's time."""

    entries: list[Entry]
    metadata: Json
    deadline: float
    run_type: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self) -> None:
        """Let whoever waits for a change go on."""
        self._news.set()
        self._news.clear()

    async def change(self) -> None:
        """Wait until an entry changes."""
        await self._news.wait()

    @property
    def status(self) -> str:
        """Only a blocking failure fails a batch."""
        if any(entry.status == "in_progress" for entry in self.entries):
            return "in_progress"
        blocking = (e for e in self.entries if e.run.definition.execution_rule == "blocking")
        return "failed" if any(entry.status == "failed" for entry in blocking) else "passed"

    @property
    def locations(self) -> list[str]:
        skipped = (entry for entry in self.entries if entry.status != "skipped")
        return list(dict.fromkeys(entry.location for entry in skipped))

    def document(self) -> Json:
        """The body of `GET /ci/batch/{id}`, without `data`."""
        return {
            "status": self.status,
            "results": [entry.document() for entry in self.entries],
            "metadata": self.metadata,
        }


class Batches:
    """Starts batches and follows them to their end. Belongs to one event loop."""

    def __init__(  # noqa: PLR0913  # what batches are made of
        self,
        kinds: Kinds,
        results: Results,
        concurrency: int,
        known_globals: Globals,
        store: Store | None = None,
        *,
        mailboxes: Mailboxes | None = None,
    ) -> None:
        """With a `store`, know the batches that it holds, and keep there those that end."""
        self._store = store
        earlier = store.batches() if store else ()
        self._ended = OrderedDict((batch_id, packed(document)) for batch_id, document in earlier)
        self._kinds = kinds
        self._globals = known_globals
        self._mailboxes = mailboxes
        self._results = results
        self.limit(concurrency)
        self._running: dict[str, Batch] = {}
        self._tasks: dict[asyncio.Task[Entry], Batch] = {}

    def limit(self, concurrency: int) -> None:
        """Let so many checks run at once; those that were triggered before keep their own limit."""
        self.concurrency = concurrency
        self._slots = asyncio.Semaphore(concurrency)

    def start(self, trigger: Trigger, run_type: str = "ci") -> Batch:
        """Start every test of the trigger in each of its locations, on each of its devices."""
        deadline = asyncio.get_running_loop().time() + trigger.batch_timeout / 1000
        entries = [entry for run in trigger.runs for entry in _entries(run)]
        batch = Batch(entries, trigger.metadata, deadline, run_type)
        self._running[batch.id] = batch
        for entry in entries:
            if entry.status == "in_progress":
                self._put(batch, entry, {"id": entry.result_id})
                task = asyncio.create_task(self._follow(batch, entry))
                self._tasks[task] = batch
                task.add_done_callback(self._tasks.pop)
        self._keep_ended(batch)
        return batch

    def document(self, batch_id: str) -> Json | None:
        """The document of the batch of that ID, if it is still known."""
        if batch := self._running.get(batch_id):
            return batch.document()
        ended = self._ended.get(batch_id)
        return unpacked(ended) if ended else None

    def latest(self, most: int) -> list[tuple[str, Json]]:
        """The documents of the last batches that are known, by their IDs; the latest first."""
        running = [(one.id, one.document()) for one in self._running.values()]
        ended = islice(reversed(self._ended.items()), most)
        return [*reversed(running), *((one, unpacked(document)) for one, document in ended)][:most]

    async def changes(self, batch_id: str) -> bool:
        """Wait until anything of that batch changes; False, at once, if nothing can any more."""
        if batch := self._running.get(batch_id):
            await batch.change()
        return bool(batch)

    async def ended(self, batch: Batch) -> AsyncIterator[Entry]:
        """The entries of a batch, each once it has ended, in that order."""
        running = [task for task, whose in self._tasks.items() if whose is batch]
        for entry in [entry for entry in batch.entries if entry.status != "in_progress"]:
            yield entry
        for task in asyncio.as_completed(running):
            yield await task

    async def close(self) -> None:
        """Abandon what runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self, batch: Batch, entry: Entry) -> Entry:
        try:
            async with asyncio.timeout_at(batch.deadline):
                await self._attempt_until_final(batch, entry)
        except TimeoutError:
            # A retry that was cut off leaves its predecessor's result to look at.
            if entry.retries is None:
                failure = Failure("TIMEOUT", "The batch timed out before receiving the result.")
                now = _now()
                result = _result(entry.result_id, Outcome(failure), started=now, finished=now)
                self._put(batch, entry, result)
            entry.timed_out, entry.status = True, "failed"
            batch.tell()
        self._keep_ended(batch)
        return entry

    def _keep_ended(self, batch: Batch) -> None:
        if batch.status == "in_progress":
            return
        document = batch.document()
        self._running.pop(batch.id, None)
        self._ended[batch.id] = packed(document)
        while len(self._ended) > _KEPT_BATCHES:
            self._ended.popitem(last=False)
        if self._store:
            self._store.put_batch(batch.id, document, kept=_KEPT_BATCHES)

    async def _attempt_until_final(self, batch: Batch, entry: Entry) -> None:
        definition = entry.run.definition
        first, slots = entry.result_id, self._slots
        for number in range(definition.retries + 1):
            result_id = new_result_id() if number else first
            async with slots:
                started = _now()
                outcome = await self._attempt(entry.run, result_id)
                finished = _now()
            failure = outcome.failure
            final = not failure or failure.permanent or number == definition.retries
            result = _result(result_id, outcome, started=started, finished=finished)
            result["is_fast_retry"] = number > 0
            result["is_last_retry"] = number == definition.retries
            if number:
                result["initial_id"] = entry.initial_result_id = first
            self._put(batch, entry, result)
            entry.result_id, entry.retries, entry.duration = result_id, number, result["duration"]
            entry.status = result["status"] if final else "in_progress"
            batch.tell()
            if final:
                return
            await asyncio.sleep(definition.retry_interval / 1000)

    async def _attempt(self, run: Run, result_id: str) -> Outcome:
        values = variables.Variables({})
        try:
            if problems := self._unsupported(run):
                return Outcome(Failure("INVALID_TEST", f"Refused: {'; '.join(problems)}"))
            attempt = variables.Attempt(run.definition.public_id, result_id, datetime.now(UTC))
            values = variables.variables_of(
                run.definition, run.variables, attempt, self._globals, self._mailboxes
            )
            values.hide_credentials(run.definition)
            kind = self._kinds[run.definition.type, run.definition.subtype]
            return _without_secrets(await kind.run(run, values), values)
        except CheckFailed as failed:
            outcome = Outcome(failed.failure)
        except Exception as error:  # noqa: BLE001 one check's fault must not end the others
            outcome = _broken(error)
        return _without_secrets(outcome, values)

    def _unsupported(self, run: Run) -> list[str]:
        definition = run.definition
        if definition.fault:
            return [definition.fault]
        kind = self._kinds.get((definition.type, definition.subtype))
        if kind is None:
            name = " ".join(filter(None, (definition.type, definition.subtype)))
            return [f"tests of type {name} are not supported"]
        return kind.unsupported(definition) + variables.unsupported(
            definition, run.variables, self._globals, self._mailboxes
        )

    def _put(self, batch: Batch, entry: Entry, result: Json) -> None:
        definition = entry.run.definition
        attributes = {
            "test_type": definition.type,
            "test_sub_type": definition.subtype,
            "batch": {"id": batch.id},
            "location": {"id": entry.location, "name": display_name(entry.location)},
            "result": {**result, "run_type": batch.run_type},
        }
        if entry.run.device:
            attributes["device"] = {"id": entry.run.device}
        self._results.put(definition, attributes)


def _entries(run: Run) -> list[Entry]:
    if run.definition.execution_rule == "skipped":
        return [Entry(run, "", status="skipped")]
    return [
        Entry(replace(run, device=device), location)
        for location in dict.fromkeys(run.definition.locations)
        for device in dict.fromkeys(run.definition.devices or [""])
    ]


def _now() -> int:
    return time.time_ns() // 1_000_000


def _result(result_id: str, outcome: Outcome, *, started: int, finished: int) -> Json:
    failure = outcome.failure
    result: Json = {
        "id": result_id,
        "status": "failed" if failure else "passed",
        "started_at": started,
        "finished_at": finished,
        "duration": finished - started,
        "is_fast_retry": False,
        "is_last_retry": False,
        "unhealthy": False,
        "assertions": [],
        "timings": {"total": finished - started},
        **outcome.detail,
    }
    if failure:
        result["failure"] = failure.document()
        # Ours: Datadog's `unhealthy` would let datadog-ci call a refused test passed.
        result["inconclusive"] = failure.inconclusive
    return result


def _broken(error: Exception) -> Outcome:
    """What a test came to that could not be run to its end."""
    # Some libraries are imported by the tests that need them alone.
    if isinstance(error, ModuleNotFoundError) and (sentence := remedy(error)):
        return Outcome(Failure("INVALID_TEST", sentence))
    # Where it went wrong, without the exception's text: that may hold anything.
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}, line {frame.lineno}"
    what = f"{type(error).__name__} in {place}: a bug in the service."
    return Outcome(Failure("INTERNAL_ERROR", what), {"unhealthy": True})


def _without_secrets(outcome: Outcome, values: variables.Variables) -> Outcome:
    failure = outcome.failure
    if failure:
        failure = Failure(failure.code, values.masked(mask_exchanges(failure.message)))
    # What a target answers may be a secret that nobody has declared: a token, say.
    return Outcome(failure, values.masked(mask_exchanges(outcome.detail)))
