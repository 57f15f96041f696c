"""A batch that runs in this process, without a service."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.kinds import close_all
from pytest_storedog_gate.local_synthetics.running.batches import Batches
from pytest_storedog_gate.local_synthetics.running.results import Results
from pytest_storedog_gate.local_synthetics.variables.variables import NO_GLOBALS
from pytest_storedog_gate.synthetics_cli.judged_here import judged_here

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pytest_storedog_gate.datadog.models import Result
    from pytest_storedog_gate.local_synthetics.kinds import Kinds
    from pytest_storedog_gate.local_synthetics.mail.receiver import SmtpReceiver
    from pytest_storedog_gate.local_synthetics.running.trigger import Trigger
    from pytest_storedog_gate.local_synthetics.variables.global_variables import Globals


async def results_of(
    trigger: Trigger,
    kinds: Kinds,
    known: Globals = NO_GLOBALS,
    *,
    smtp: SmtpReceiver | None = None,
    at_once: int = 1,
) -> AsyncIterator[Result]:
    """Each result as soon as it is there; the kinds are closed at the end.

    `known`: the global variables. `smtp`: who receives mail meanwhile. `at_once`: how many checks.
    """
    kept = Results()
    mailboxes = smtp.mailboxes if smtp else None
    batches = Batches(kinds, kept, at_once, known, mailboxes=mailboxes)
    try:
        async with smtp.receiving() if smtp else contextlib.nullcontext():
            async for entry in batches.ended(batches.start(trigger)):
                yield judged_here(entry.document(), kept)
    finally:
        await batches.close()
        await close_all(kinds)
