"""`storedog-synthetics trigger`: one batch at a service, followed to its end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.batch import GRACE, Batch
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.synthetics_cli.account import connected, distinct_ids
from pytest_storedog_gate.synthetics_cli.printing import exit_status, lines_of, summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_storedog_gate.datadog.models import Json, Result


def trigger(
    public_ids: Sequence[str],
    *,
    url: str | None,
    variables: Mapping[str, str],
    start_url: str | None,
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
            [_test(one, variables, start_url) for one in wanted], batch_timeout=timeout
        )
        places = {one: check.places({}) for one, check in checks.items() if check}
        batch = Batch(client, triggered, places)
        sys.stdout.write(f"batch {batch.id}\n")
        sys.stdout.flush()
        for outcome in batch.outcomes():
            _show(outcome.results)
        # Some may have joined since the outcome of their check was shown.
        results = [result for one in wanted for result in batch.outcome(one).results]
    sys.stdout.write(f"{summary(results)}\n")
    return exit_status(results)


def _test(public_id: str, variables: Mapping[str, str], start_url: str | None) -> Json:
    address = {} if start_url is None else {"startUrl": start_url}
    given = {"variables": dict(variables)} if variables else {}
    return {"public_id": public_id, **address, **given}


def _show(results: Sequence[Result]) -> None:
    for result in results:
        for line in lines_of(result):
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
