"""`storedog-synthetics trigger`: one batch at a service, followed to its end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog.batch import GRACE, Batch
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.synthetics_cli.account import connected, distinct_ids
from pytest_storedog_gate.synthetics_cli.printing import conclude, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def trigger(
    public_ids: Sequence[str],
    *,
    url: str | None,
    overrides: Mapping[str, Any],
    timeout: float,
) -> int:
    """Trigger the tests as one batch and show each outcome; returns the exit status.

    `timeout` is the batch's, in seconds. Raises ConfigurationError, and NoVerdict where the
    service cannot be asked.
    """
    wanted = distinct_ids(public_ids)
    with connected(url) as client:
        client.deadline = client.clock.now() + timeout + GRACE
        checks = {one: client.check(one) for one in wanted}
        if unknown := [one for one, check in checks.items() if check is None]:
            raise ConfigurationError(
                f"{client.endpoint.name} has no test {', '.join(unknown)}; name existing ones"
            )
        triggered = client.trigger(
            [{"public_id": one, **overrides} for one in wanted], batch_timeout=timeout
        )
        places = {one: check.places({}) for one, check in checks.items() if check}
        batch = Batch(client, triggered, places)
        sys.stdout.write(f"batch {batch.id}\n")
        sys.stdout.flush()
        for outcome in batch.outcomes():
            show(outcome.results)
        # Some may have joined since the outcome of their check was shown.
        results = [result for one in wanted for result in batch.outcome(one).results]
    return conclude(results)
